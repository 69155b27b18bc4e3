// What is said of a command line that makes no sense.
#pragma once

#include <CLI/CLI.hpp>

namespace lathe::tool {

/// Prints help or version where `error` is a call for it, else what is wrong, with the command or option that
/// was probably meant. Returns the exit status: 0, or 2.
int reportUsage(const CLI::App &app, const CLI::ParseError &error);

} // namespace lathe::tool
