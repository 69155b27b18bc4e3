// The driver: a model in, an artifact (or the text of any level) out.
#pragma once

#include "Compiler/CompileOptions.h"

namespace lathe {

/// Everything that `lathe compile` does. The output appears whole or not at all. Diagnostics of the compiler end up in
/// the status' message.
Status compile(const CompileOptions &options);

} // namespace lathe
