// A program's dispatch lists with every operand an address.
#pragma once

#include "Runtime/Vulkan/BatchBuffer.h"
#include "Runtime/Vulkan/Pipelines.h"
#include "Runtime/Vulkan/States.h"
#include "Runtime/Vulkan/Weights.h"

namespace lathe::vulkan {

/// What operands point to.
struct OperandMemory {
  const Weights &weights;
  const States &states;
  VkDeviceAddress batch, arena, scratch;
};

/// The launches of one entry.
class LaunchList {
public:
  LaunchList(const fb::Program &program, const fb::Entry &entry, const OperandMemory &memory);

  size_t size() const { return launches_.size(); }
  /// Records launch `index` for calls that have as much as `bucket`; nothing where its kernel has no rows.
  /// False where nothing was recorded.
  bool record(size_t index, const BatchCounts &bucket, const Pipelines &pipelines,
              const VkPhysicalDeviceLimits &limits, Commands &commands) const;

private:
  struct Launch {
    const fb::Kernel *kernel;
    std::vector<VkDeviceAddress> addresses; ///< batch, operands, scratch: as push constants
  };
  std::vector<Launch> launches_;
};

/// Fails with Unsupported where a launch of `program` has more work groups than the device can start at once.
Status checkGroups(const Device &device, const fb::Program &program, uint32_t slots);

} // namespace lathe::vulkan
