// A program's dispatch lists with every operand an address.
#pragma once

#include "Runtime/WorkGrid.h"

#include "Support/Status.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace lathe::gpu {

/// What operands point to.
struct OperandMemory {
  std::function<uint64_t(uint64_t weight)> weight;
  uint64_t blocks, fixed; ///< what kernels add a state's offset to
  uint64_t batch, arena, scratch;
};

/// One function of a kernel's code: that of a class, or its join.
struct KernelFunction {
  uint32_t classIndex;
  bool isJoin;
  uint32_t code; ///< its number in Variant.entries
  std::span<const fb::GridFactor> grid;
  uint32_t threads;
};

/// The function of class `classIndex`, or its join: none where the class has none.
std::optional<KernelFunction> functionOf(const fb::Kernel &kernel, uint32_t classIndex, bool isJoin);
/// All of a kernel's functions.
std::vector<KernelFunction> functionsOf(const fb::Kernel &kernel);

/// What one launch starts.
struct LaunchShape {
  uint32_t code = 0; ///< as in Variant.entries
  uint32_t groupsX = 0, groupsY = 0;
  uint32_t threads = 0;
  std::span<const uint64_t> addresses; ///< batch, operands, and scratch where the class has some
};

/// The launches of one entry, each behind all that went before: a kernel with a join is two.
class LaunchList {
public:
  LaunchList(const fb::Program &program, const fb::Entry &entry, const OperandMemory &memory);

  size_t size() const { return launches_.size(); }
  /// Launch `index` for calls that have as much as `bucket`, in rows of at most `mostGroupsX` groups; none
  /// where its kernel has no rows, or their class no join.
  std::optional<LaunchShape> at(size_t index, const BatchCounts &bucket, uint32_t mostGroupsX) const;

private:
  struct Launch {
    const fb::Kernel *kernel;
    bool isJoin;
    std::vector<uint64_t> addresses;
  };
  std::vector<Launch> launches_;
};

/// Fails with Unsupported where a launch of `program` has more work groups than `device` can start at once.
Status checkGroups(const std::string &device, const fb::Program &program, uint32_t slots, uint64_t mostX,
                   uint64_t mostY);

/// The numbers of the kernels that some entry launches, ascending.
std::vector<uint32_t> launchedKernels(const fb::Program &program);

} // namespace lathe::gpu
