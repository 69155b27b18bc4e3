// The compiler, opened when a command needs it: LLVM stays out of those that don't.
#pragma once

#include "lathe/compiler.h"

#include <string>

namespace lathe::tool {

/// lathe_compile of liblathe-compiler.so, which lies beside the program (../lib) or where the loader looks. Throws
/// Failure where the library is missing or the compilation fails.
void compileModel(const std::string &model, const lathe_compile_options &options);

} // namespace lathe::tool
