// What a kind of device gives the runtime. A new kind is a row in Backend.cpp.
#pragma once

#include "Artifact/Artifact_generated.h"
#include "Runtime/Device.h"
#include "Runtime/Executor.h"
#include "Runtime/Memory.h"

#include <memory>
#include <span>

namespace lathe {

class LoadedModel;
struct MemoryPlan;
struct SessionOptions;

/// Drivers are opened by the first call and stay open. Any thread may call these at any time.
struct Backend {
  DeviceKind kind;
  /// Appends the devices of this kind, numbered from 0, or a note where their driver is missing.
  void (*list)(DeviceList &list);
  /// Of device `index` now. Fails with NotFound where there is none.
  Result<MachineMemory> (*memory)(uint32_t index);
  /// Why device `index`, if there is one, can't run `variant`, to be read behind its name ("needs avx512f");
  /// empty where it can.
  std::string (*whyNot)(uint32_t index, const fb::Variant &variant);
  /// Loads what `program` needs onto device `index`. Reports to options.progress as weights are read, and
  /// fails with Cancelled where that stops it, with OutOfMemory where the driver has less than it said.
  Result<std::unique_ptr<Executor>> (*create)(uint32_t index, const LoadedModel &model,
                                              const fb::Program &program, const fb::Variant &variant,
                                              const MemoryPlan &plan, const SessionOptions &options);
};

/// One for each kind, in the order in which they are preferred.
std::span<const Backend> backends();

} // namespace lathe
