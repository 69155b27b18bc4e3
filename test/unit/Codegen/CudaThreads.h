// The threads of emulated work groups, as fibers of one thread: barriers, what warps exchange, copies and
// products of matrix units, all watched.
#pragma once

#include "llvm/ADT/ArrayRef.h"

#include <string>

namespace lathe::test {

/// A function that stands for an intrinsic of NVVM, or for a call that the emulator puts into a kernel.
struct PlayedFunction {
  const char *name;
  void *function;
};
llvm::ArrayRef<PlayedFunction> playedIntrinsics();
/// "played.show"(): this thread's fence between its stores and the units. "played.warpgroup"(products,
/// memory, operands, results): a block of assembly, as CudaWarpgroup.h has it. "watched.*": see
/// MemoryWatch.h.
llvm::ArrayRef<PlayedFunction> playedCalls();

struct LaunchedKernel {
  std::string name;
  void (*kernel)(void *const *);
  llvm::ArrayRef<void *> addresses;
  unsigned groupsX, groupsY, threads;
};

/// Every thread of every group. Test failure where threads wait for each other at different places, or race.
void runThreads(const LaunchedKernel &launch);

} // namespace lathe::test
