// CUDA as a kind of device: its row of Backend.cpp.
#pragma once

#include "Runtime/Backend.h"

namespace lathe {

void listCuda(DeviceList &list);
Result<MachineMemory> cudaMemory(uint32_t index);
std::string whyNotOnCuda(uint32_t index, const fb::Variant &variant);
/// Uploads the weights, with progress, and has the driver compile the kernels.
Result<std::unique_ptr<Executor>> createCudaExecutor(uint32_t index, const LoadedModel &model,
                                                     const fb::Program &program, const fb::Variant &variant,
                                                     const MemoryPlan &plan, const SessionOptions &options);

} // namespace lathe
