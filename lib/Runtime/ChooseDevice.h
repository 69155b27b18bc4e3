// Where an artifact runs: a device and the program and code variant for it.
#pragma once

#include "Runtime/Backend.h"
#include "Runtime/LoadedModel.h"

namespace lathe {

struct ChosenDevice {
  const Backend *backend = nullptr;
  uint32_t index = 0;
  const fb::Program *program = nullptr;
  const fb::Variant *variant = nullptr; ///< null where no device was looked for
  std::string id() const { return idOf(backend->kind, index); }
};

/// The device asked for, or else the first of: CUDA, Vulkan on a real GPU, the CPU, for which the artifact
/// has a program with a variant that runs. `variant` names one, or is empty. Fails with NotFound (no such
/// device or variant) and Unsupported (no program for it, nothing that runs), saying what to do.
Result<ChosenDevice> chooseDevice(const LoadedModel &model, const DeviceChoice &choice,
                                  const std::string &variant, std::span<const Backend> among = backends());

/// The same for a plan, which needs no device: one asked for needs only its program, and where nothing runs
/// the artifact's first program is planned for.
Result<ChosenDevice> chooseProgram(const LoadedModel &model, const DeviceChoice &choice,
                                   const std::string &variant, std::span<const Backend> among = backends());

/// Whether a device of `kind` on this machine can run `variant`.
bool runsHere(DeviceKind kind, const fb::Variant &variant);

} // namespace lathe
