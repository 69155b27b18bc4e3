// Devices that are not there: what the choice among devices sees, and a session on one that can fail.
#pragma once

#include "Artifact/Writer.h"
#include "Runtime/Backend.h"

#include <gtest/gtest.h>

namespace lathe::toy {

/// What the fake drivers say. One for the whole program, since drivers are.
struct FakeMachine {
  DeviceList cuda, vulkan;
  uint64_t memory = uint64_t(8) << 30; ///< free on each device
  unsigned capability = 90;            ///< of CUDA devices: what PTX they run
  int runsLeft = 1 << 30;              ///< until the device is lost
  int stateCallsLeft = 1 << 30;
};
FakeMachine &fakeMachine();

/// CUDA and Vulkan as `fakeMachine` says, and the real CPU. A program runs there as the artifact's for the
/// CPU.
std::span<const Backend> fakeBackends();

/// Adds programs for CUDA (variants sm_80 and sm_90a) and Vulkan (base) beside the toy's for the CPU; nobody
/// runs their code.
void addGpuPrograms(fb::HeaderT &header, std::vector<CodeImage> &images);

DeviceInfo fakeDevice(DeviceKind kind, uint32_t index, const char *name, const char *unusable = "",
                      bool emulated = false);

} // namespace lathe::toy
