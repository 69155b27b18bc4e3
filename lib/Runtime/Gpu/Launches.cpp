#include "Runtime/Gpu/Launches.h"

#include <set>

namespace lathe::gpu {

static uint64_t addressOf(const fb::Binding &binding, const fb::Program &program,
                          const OperandMemory &memory) {
  auto stateOffset = [&] { return program.states()->Get(static_cast<uint32_t>(binding.value()))->offset(); };
  switch (binding.kind()) {
  case fb::BindingKind::Arena:
    return memory.arena + binding.value();
  case fb::BindingKind::Weight:
    return memory.weight(binding.value());
  case fb::BindingKind::Growing:
    return memory.blocks + stateOffset();
  case fb::BindingKind::Fixed:
    return memory.fixed + stateOffset();
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

std::optional<LaunchShape> LaunchList::at(size_t index, const BatchCounts &bucket,
                                          uint32_t mostGroupsX) const {
  const Launch &launch = launches_[index];
  int64_t count = countOf(launch.kernel->domain(), bucket);
  if (count == 0) return std::nullopt;
  uint32_t number = classFor(*launch.kernel, count);
  const fb::KernelClass &chosen = *launch.kernel->classes()->Get(number);
  int64_t items = workItems(gridOf(chosen), bucket);
  if (items == 0) return std::nullopt;
  LaunchShape shape;
  shape.code = launch.kernel->first_code() + number;
  shape.threads = chosen.threads();
  // As square as need be: a group beyond the last item returns at once, but it does start.
  int64_t groupsY = (items + mostGroupsX - 1) / mostGroupsX;
  shape.groupsX = static_cast<uint32_t>((items + groupsY - 1) / groupsY);
  shape.groupsY = static_cast<uint32_t>(groupsY);
  shape.addresses = launch.addresses;
  if (chosen.scratch_bytes() == 0) shape.addresses = shape.addresses.first(shape.addresses.size() - 1);
  return shape;
}

Status checkGroups(const std::string &device, const fb::Program &program, uint32_t slots, uint64_t mostX,
                   uint64_t mostY) {
  for (const fb::Kernel *kernel : *program.kernels())
    for (uint32_t i = 0; i < kernel->classes()->size(); ++i) {
      int64_t items = workItems(gridOf(*kernel->classes()->Get(i)), mostCounts(program, *kernel, i, slots));
      if (static_cast<uint64_t>(items) > mostX * mostY)
        return Status(Code::Unsupported, device + " can't start the " + std::to_string(items) +
                                             " work groups of kernel '" + kernel->name()->str() +
                                             "' at once");
    }
  return {};
}

std::vector<uint32_t> launchedKernels(const fb::Program &program) {
  std::set<uint32_t> kernels;
  for (const fb::Entry *entry : *program.entries())
    for (const fb::Dispatch *dispatch : *entry->dispatches()) kernels.insert(dispatch->kernel());
  return {kernels.begin(), kernels.end()};
}

} // namespace lathe::gpu
