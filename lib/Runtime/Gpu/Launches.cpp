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

std::optional<KernelFunction> functionOf(const fb::Kernel &kernel, uint32_t classIndex, bool isJoin) {
  const fb::KernelClass &of = *kernel.classes()->Get(classIndex);
  if (!isJoin)
    return KernelFunction{classIndex, false, kernel.first_code() + classIndex, gridOf(of), of.threads()};
  const fb::KernelJoin *join = of.join();
  if (!join) return std::nullopt;
  return KernelFunction{classIndex, true, join->code(), gridOf(*join), join->threads()};
}

std::vector<KernelFunction> functionsOf(const fb::Kernel &kernel) {
  std::vector<KernelFunction> functions;
  for (bool isJoin : {false, true})
    for (uint32_t i = 0; i < kernel.classes()->size(); ++i)
      if (auto function = functionOf(kernel, i, isJoin)) functions.push_back(*function);
  return functions;
}

static bool hasJoin(const fb::Kernel &kernel) { return functionsOf(kernel).back().isJoin; }

LaunchList::LaunchList(const fb::Program &program, const fb::Entry &entry, const OperandMemory &memory) {
  for (const fb::Dispatch *dispatch : *entry.dispatches()) {
    Launch launch = {program.kernels()->Get(dispatch->kernel()), false, {memory.batch}};
    for (const fb::Binding *binding : *dispatch->bindings())
      launch.addresses.push_back(addressOf(*binding, program, memory));
    launch.addresses.push_back(memory.scratch);
    launches_.push_back(launch);
    if (!hasJoin(*launch.kernel)) continue;
    launch.isJoin = true;
    launches_.push_back(std::move(launch));
  }
}

std::optional<LaunchShape> LaunchList::at(size_t index, const BatchCounts &bucket,
                                          uint32_t mostGroupsX) const {
  const Launch &launch = launches_[index];
  int64_t count = countOf(launch.kernel->domain(), bucket);
  if (count == 0) return std::nullopt;
  uint32_t number = classFor(*launch.kernel, count);
  auto function = functionOf(*launch.kernel, number, launch.isJoin);
  int64_t items = function ? workItems(function->grid, bucket) : 0;
  if (items == 0) return std::nullopt;
  LaunchShape shape;
  shape.code = function->code;
  shape.threads = function->threads;
  // As square as need be: a group beyond the last item returns at once, but it does start.
  int64_t groupsY = (items + mostGroupsX - 1) / mostGroupsX;
  shape.groupsX = static_cast<uint32_t>((items + groupsY - 1) / groupsY);
  shape.groupsY = static_cast<uint32_t>(groupsY);
  shape.addresses = launch.addresses;
  bool hasScratch = launch.kernel->classes()->Get(number)->scratch_bytes() != 0;
  if (!hasScratch) shape.addresses = shape.addresses.first(shape.addresses.size() - 1);
  return shape;
}

Status checkGroups(const std::string &device, const fb::Program &program, uint32_t slots, uint64_t mostX,
                   uint64_t mostY) {
  for (const fb::Kernel *kernel : *program.kernels())
    for (const KernelFunction &function : functionsOf(*kernel)) {
      int64_t items = workItems(function.grid, mostCounts(program, *kernel, function.classIndex, slots));
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
