// The compiler, opened when a command needs it: LLVM stays out of those that don't.
#pragma once

#include "lathe/compiler.h"

#include <string>

namespace lathe::tool {

/// The compiler that compileModel() opens, told from others by path, size and time.
std::string describeCompiler();

/// Sets the progress of `options` and compiles with lathe_compile of liblathe-compiler.so, which lies beside
/// the program (../lib) or where the loader looks. An interrupt (Ctrl-C, SIGTERM) stops it at the next step.
/// Throws Failure where the library is missing or the compilation fails.
void compileModel(const std::string &model, lathe_compile_options options, bool quiet);

} // namespace lathe::tool
