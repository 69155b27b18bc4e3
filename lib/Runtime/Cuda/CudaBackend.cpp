#include "Runtime/Cuda/CudaBackend.h"

#include "Runtime/Cuda/CudaExecutor.h"

namespace lathe {

using namespace cuda;

void listCuda(DeviceList &list) {
  auto driver = Driver::shared();
  if (!driver) {
    list.notes.push_back({DeviceKind::Cuda, driver.status().message()});
    return;
  }
  const std::vector<PhysicalDevice> &devices = (*driver)->devices();
  if (devices.empty()) list.notes.push_back({DeviceKind::Cuda, "the CUDA driver shows no device"});
  for (uint32_t i = 0; i < devices.size(); ++i) {
    DeviceInfo info;
    info.kind = DeviceKind::Cuda;
    info.index = i;
    info.name = devices[i].name;
    info.memory = devices[i].memory;
    info.features = "CUDA " + (*driver)->versionText() + ", compute capability " + devices[i].capability() +
                    ", " + std::to_string(devices[i].processors) + " multiprocessors";
    info.unusable = devices[i].unusable;
    list.devices.push_back(std::move(info));
  }
}

Result<MachineMemory> cudaMemory(uint32_t index) {
  auto driver = Driver::shared();
  if (!driver) return driver.status();
  auto device = (*driver)->device(index);
  if (!device) return device.status();
  return memoryOf((*driver)->api(), **device);
}

std::string whyNotOnCuda(uint32_t index, const fb::Variant &variant) {
  auto driver = Driver::shared();
  if (!driver) return "can't run: " + driver.status().message();
  auto device = (*driver)->device(index);
  if (!device) return "can't run: " + device.status().message();
  if (!(*device)->unusable.empty()) return "can't run there: " + (*device)->unusable;
  for (const flatbuffers::String *architecture : *variant.features())
    if (std::string reason = whyNotOn((*device)->major, (*device)->minor, architecture->str());
        !reason.empty())
      return reason;
  return "";
}

Result<std::unique_ptr<Executor>> createCudaExecutor(uint32_t index, const LoadedModel &model,
                                                     const fb::Program &program, const fb::Variant &variant,
                                                     const MemoryPlan &plan, const SessionOptions &options) {
  return CudaExecutor::create(index, model.artifact(), program, variant, plan, options.progress);
}

} // namespace lathe
