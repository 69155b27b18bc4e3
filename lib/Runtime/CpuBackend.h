// The CPU as a kind of device: its row of Backend.cpp.
#pragma once

#include "Runtime/Backend.h"

namespace lathe {

void listCpu(DeviceList &list);
Result<MachineMemory> cpuMemory(uint32_t index);
std::string whyNotOnCpu(uint32_t index, const fb::Variant &variant);
/// Maps weights and code from the file; options.preload reads the weights, with progress.
Result<std::unique_ptr<Executor>> createCpuExecutor(uint32_t index, const LoadedModel &model,
                                                    const fb::Program &program, const fb::Variant &variant,
                                                    const MemoryPlan &plan, const SessionOptions &options);

} // namespace lathe
