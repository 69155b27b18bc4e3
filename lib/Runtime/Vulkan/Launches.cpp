#include "Runtime/Vulkan/Launches.h"

namespace lathe::vulkan {

static VkDeviceAddress addressOf(const fb::Binding &binding, const fb::Program &program,
                                 const OperandMemory &memory) {
  auto stateOffset = [&] { return program.states()->Get(static_cast<uint32_t>(binding.value()))->offset(); };
  switch (binding.kind()) {
  case fb::BindingKind::Arena:
    return memory.arena + binding.value();
  case fb::BindingKind::Weight:
    return memory.weights.address(binding.value());
  case fb::BindingKind::Growing:
    return memory.states.blocks() + stateOffset();
  case fb::BindingKind::Fixed:
    return memory.states.fixed() + stateOffset();
  }
  return 0;
}

LaunchList::LaunchList(const fb::Program &program, const fb::Entry &entry, const OperandMemory &memory) {
  for (const fb::Dispatch *dispatch : *entry.dispatches()) {
    Launch launch = {program.kernels()->Get(dispatch->kernel()), {memory.batch}};
    for (const fb::Binding *binding : *dispatch->bindings())
      launch.addresses.push_back(addressOf(*binding, program, memory));
    launch.addresses.push_back(memory.scratch);
    launches_.push_back(std::move(launch));
  }
}

bool LaunchList::record(size_t index, const BatchCounts &bucket, const Pipelines &pipelines,
                        const VkPhysicalDeviceLimits &limits, Commands &commands) const {
  const Launch &launch = launches_[index];
  int64_t count = countOf(launch.kernel->domain(), bucket);
  if (count == 0) return false;
  uint32_t number = classFor(*launch.kernel, count);
  const fb::KernelClass &chosen = *launch.kernel->classes()->Get(number);
  int64_t items = workItems(gridOf(chosen), bucket);
  if (items == 0) return false;
  // As square as need be: a group beyond the last item returns at once, but it does start.
  int64_t groupsY = (items + limits.maxComputeWorkGroupCount[0] - 1) / limits.maxComputeWorkGroupCount[0];
  int64_t groupsX = (items + groupsY - 1) / groupsY;
  std::span<const VkDeviceAddress> addresses = launch.addresses;
  if (chosen.scratch_bytes() == 0) addresses = addresses.first(addresses.size() - 1);
  commands.dispatch(pipelines.pipeline(launch.kernel->first_code() + number), pipelines.layout(), addresses,
                    static_cast<uint32_t>(groupsX), static_cast<uint32_t>(groupsY));
  return true;
}

Status checkGroups(const Device &device, const fb::Program &program, uint32_t slots) {
  const auto &most = device.physical().properties.limits.maxComputeWorkGroupCount;
  for (const fb::Kernel *kernel : *program.kernels())
    for (uint32_t i = 0; i < kernel->classes()->size(); ++i) {
      int64_t items = workItems(gridOf(*kernel->classes()->Get(i)), mostCounts(program, *kernel, i, slots));
      if (items > int64_t(most[0]) * most[1])
        return Status(Code::Unsupported, std::string(device.name()) + " can't start the " +
                                             std::to_string(items) + " work groups of kernel '" +
                                             kernel->name()->str() + "' at once");
    }
  return {};
}

} // namespace lathe::vulkan
