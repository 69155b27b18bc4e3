// The arithmetic that a program computes with, in words: it belongs to the artifact, never to the host.
#pragma once

#include "Exec/ExecDialect.h"

#include <string>

namespace lathe {

/// "activations f32; products int8 x int4 in groups of 64 with i32 sums, f32 otherwise; cache bf16", read off the program
/// itself.
std::string describeNumerics(exec::ProgramOp program);

} // namespace lathe
