#include "Runtime/CpuBackend.h"

#include "Runtime/CpuExecutor.h"
#include "Runtime/LoadedModel.h"

#include <algorithm>
#include <sys/mman.h>

namespace lathe {

void listCpu(DeviceList &list) {
  const CpuFeatures &features = CpuFeatures::here();
  DeviceInfo info;
  info.kind = DeviceKind::Cpu;
  info.name = cpuName();
  info.memory = machineMemory().total;
  info.features = std::string(CpuFeatures::architecture()) + ", " + std::to_string(usableCores()) + " cores:";
  for (const std::string &name : features.names()) info.features += " " + name;
  list.devices.push_back(std::move(info));
}

Result<MachineMemory> cpuMemory(uint32_t) { return machineMemory(); }

std::string whyNotOnCpu(uint32_t, const fb::Variant &variant) { return whyNot(variant, CpuFeatures::here()); }

/// Faults pages of a mapping in, for reading.
static void touch(std::span<const std::byte> bytes) {
#ifdef MADV_POPULATE_READ
  auto begin = reinterpret_cast<uintptr_t>(bytes.data()) & ~uintptr_t(4095);
  auto end = reinterpret_cast<uintptr_t>(bytes.data()) + bytes.size();
  if (madvise(reinterpret_cast<void *>(begin), end - begin, MADV_POPULATE_READ) == 0) return;
#endif
  for (size_t i = 0; i < bytes.size(); i += 4096) static_cast<void>(*(volatile const std::byte *)&bytes[i]);
}

static Status preload(const Artifact &artifact, const SessionOptions &options) {
  auto weights = artifact.weightSection();
  constexpr size_t piece = size_t(64) << 20;
  for (size_t done = 0; done < weights.size();) {
    auto part = weights.subspan(done, std::min(piece, weights.size() - done));
    touch(part);
    done += part.size();
    if (options.progress && !options.progress(done, weights.size()))
      return Status(Code::Cancelled, "loading was stopped");
  }
  return {};
}

Result<std::unique_ptr<Executor>> createCpuExecutor(uint32_t, const LoadedModel &model,
                                                    const fb::Program &program, const fb::Variant &variant,
                                                    const MemoryPlan &plan, const SessionOptions &options) {
  for (const flatbuffers::String *feature : *variant.features())
    if (!enableFeature(feature->string_view()))
      return Status(Code::Unsupported, "the system does not let this process use " + feature->str() +
                                           ": choose another variant");
  auto executor = CpuExecutor::create(model.artifact(), program, variant, plan);
  if (!executor || !options.preload) return executor;
  if (Status status = preload(model.artifact(), options); !status.ok()) return status;
  return executor;
}

} // namespace lathe
