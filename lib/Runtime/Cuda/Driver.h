// The driver and its devices.
#pragma once

#include "Runtime/Cuda/Api.h"
#include "Runtime/Memory.h"

#include <vector>

namespace lathe::cuda {

struct PhysicalDevice {
  CUdevice handle = 0;
  std::string name;
  CUuuid uuid = {};
  int major = 0, minor = 0; ///< compute capability
  int processors = 0;
  uint32_t mostGroupsX = 0, mostGroupsY = 0;
  uint64_t memory = 0;
  bool integrated = false; ///< its memory is the host's
  std::string unusable;    ///< why Lathe can't use it; empty where it can
  /// "9.0"
  std::string capability() const { return std::to_string(major) + "." + std::to_string(minor); }
};

/// One for the process. Devices are those that were there when it was first asked for.
class Driver {
public:
  /// Fails where there is no driver, and where it does not start.
  static Result<const Driver *> shared();
  const Api &api() const { return api_; }
  int version() const { return version_; }
  /// "13.0"
  std::string versionText() const;
  const std::vector<PhysicalDevice> &devices() const { return devices_; }
  /// Fails with NotFound.
  Result<const PhysicalDevice *> device(uint32_t index) const;

private:
  static Result<Driver> start();
  Result<PhysicalDevice> describe(int ordinal) const;

  Api api_;
  int version_ = 0; ///< 1000 * major + 10 * minor
  std::vector<PhysicalDevice> devices_;
};

/// Of the device now. Takes its context for the while.
Result<MachineMemory> memoryOf(const Api &api, const PhysicalDevice &device);

/// Why a device of that compute capability can't run code for `architecture` ("sm_80"; "sm_90a" runs on 9.0
/// and nothing else), to be read behind a variant's name; empty where it can.
std::string whyNotOn(int major, int minor, const std::string &architecture);

} // namespace lathe::cuda
