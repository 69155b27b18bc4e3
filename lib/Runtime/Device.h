// The devices of this machine, by name.
#pragma once

#include "Support/Status.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lathe {

enum class DeviceKind { Cpu, Cuda, Vulkan };

/// "cpu", "cuda", "vulkan": also what Program.target says.
const char *nameOf(DeviceKind kind);
std::optional<DeviceKind> deviceKindOf(std::string_view name);
/// "cuda:0"; the CPU is "cpu".
std::string idOf(DeviceKind kind, uint32_t index);

struct DeviceInfo {
  DeviceKind kind = DeviceKind::Cpu;
  uint32_t index = 0; ///< among its kind, real devices before emulated ones
  std::string name;
  uint64_t memory = 0;   ///< bytes in all
  std::string features;  ///< one line, for people
  std::string unusable;  ///< why Lathe can't use it; empty where it can
  bool emulated = false; ///< runs on the CPU (lavapipe): never chosen unless asked for
};

/// Why a kind of device can't be looked for: "libcuda.so.1 not found: ...".
struct DriverNote {
  DeviceKind kind;
  std::string reason;
};

struct DeviceList {
  std::vector<DeviceInfo> devices;
  std::vector<DriverNote> notes;
};
/// Every device that the drivers show, usable or not. Never fails: a kind without a driver has a note.
DeviceList listDevices();

struct DeviceChoice {
  std::optional<DeviceKind> kind; ///< none: the best for the artifact
  uint32_t index = 0;
};
/// "auto" (or ""), "cpu", "cuda", "cuda:1", "vulkan:0". Fails with InvalidArgument.
Result<DeviceChoice> parseDevice(std::string_view text);

} // namespace lathe
