// The commands of `lathe`, one file each, and what they share.
#pragma once

#include <CLI/CLI.hpp>

namespace lathe::tool {

/// Ends the program with a message for the user; main() prints "lathe: " and the text, and exits with 1.
/// What is wrong with the command line itself is CLI::ValidationError, which exits with 2.
struct Failure {
  std::string message;
};

// Each adds one subcommand; its callback throws Failure.
void addCompile(CLI::App &app);
void addRun(CLI::App &app);
void addEval(CLI::App &app);
void addEmbed(CLI::App &app);
void addBench(CLI::App &app);
void addInspect(CLI::App &app);
void addDevices(CLI::App &app);

} // namespace lathe::tool
