#include "Runtime/Cuda/Driver.h"

#include <algorithm>
#include <charconv>

namespace lathe::cuda {

Result<const Driver *> Driver::shared() {
  static const Result<Driver> driver = start();
  if (!driver) return driver.status();
  return &*driver;
}

Result<Driver> Driver::start() {
  auto api = Api::load();
  if (!api) return api.status();
  Driver driver;
  driver.api_ = *api;
  CUresult result = api->Init(0);
  if (result == CUDA_ERROR_NO_DEVICE) return driver; // a driver without devices
  if (result != CUDA_SUCCESS) return api->failure(result, "starting the CUDA driver");
  LATHE_CUDA_TRY(*api, DriverGetVersion(&driver.version_), "asking for the driver's version");
  int count = 0;
  LATHE_CUDA_TRY(*api, DeviceGetCount(&count), "counting CUDA devices");
  for (int ordinal = 0; ordinal < count; ++ordinal) {
    auto device = driver.describe(ordinal);
    // One that is broken keeps its number.
    if (device)
      driver.devices_.push_back(std::move(*device));
    else
      driver.devices_.push_back({.name = "CUDA device", .unusable = device.status().message()});
  }
  return driver;
}

Result<PhysicalDevice> Driver::describe(int ordinal) const {
  PhysicalDevice device;
  LATHE_CUDA_TRY(api_, DeviceGet(&device.handle, ordinal), "looking at a CUDA device");
  char name[256] = {};
  LATHE_CUDA_TRY(api_, DeviceGetName(name, sizeof name, device.handle), "asking for a device's name");
  device.name = name;
  LATHE_CUDA_TRY(api_, DeviceGetUuid(&device.uuid, device.handle), "asking for a device's number");
  size_t bytes = 0;
  LATHE_CUDA_TRY(api_, DeviceTotalMem(&bytes, device.handle), "asking for a device's memory");
  device.memory = bytes;
  CUresult result = CUDA_SUCCESS;
  auto ask = [&](int attribute) {
    int value = 0;
    if (result == CUDA_SUCCESS) result = api_.DeviceGetAttribute(&value, attribute, device.handle);
    return value;
  };
  device.major = ask(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
  device.minor = ask(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
  device.processors = ask(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
  device.mostGroupsX = static_cast<uint32_t>(ask(CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X));
  device.mostGroupsY = static_cast<uint32_t>(ask(CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y));
  device.integrated = ask(CU_DEVICE_ATTRIBUTE_INTEGRATED) != 0;
  bool prohibited = ask(CU_DEVICE_ATTRIBUTE_COMPUTE_MODE) == CU_COMPUTEMODE_PROHIBITED;
  if (result != CUDA_SUCCESS) return api_.failure(result, "asking for a device's attributes");
  if (device.major * 10 + device.minor < 75)
    device.unusable = "compute capability " + device.capability() + ", Lathe needs 7.5";
  else if (prohibited)
    device.unusable = "its compute mode is 'prohibited': ask who administers the machine";
  return device;
}

std::string Driver::versionText() const {
  return std::to_string(version_ / 1000) + "." + std::to_string(version_ % 1000 / 10);
}

Result<const PhysicalDevice *> Driver::device(uint32_t index) const {
  if (index < devices_.size()) return &devices_[index];
  return Status(Code::NotFound, "there is no device cuda:" + std::to_string(index) + "; there are " +
                                    std::to_string(devices_.size()));
}

Result<MachineMemory> memoryOf(const Api &api, const PhysicalDevice &device) {
  CUcontext context = nullptr;
  LATHE_CUDA_TRY(api, DevicePrimaryCtxRetain(&context, device.handle), "opening " + device.name);
  size_t free = 0, total = 0;
  CUresult result = api.CtxPushCurrent(context);
  if (result == CUDA_SUCCESS) {
    result = api.MemGetInfo(&free, &total);
    api.CtxPopCurrent(&context);
  }
  api.DevicePrimaryCtxRelease(device.handle);
  if (result != CUDA_SUCCESS) return api.failure(result, "asking " + device.name + " for its free memory");
  MachineMemory memory = {free, total};
  if (device.integrated) memory.available = std::min(memory.available, machineMemory().available);
  return memory;
}

std::string whyNotOn(int major, int minor, const std::string &architecture) {
  if (architecture.rfind("sm_", 0) != 0) return "is not for CUDA devices";
  std::string here =
      "this device has compute capability " + std::to_string(major) + "." + std::to_string(minor);
  int number = 0;
  const char *begin = architecture.data() + 3, *end = architecture.data() + architecture.size();
  auto [rest, error] = std::from_chars(begin, end, number);
  std::string suffix(rest, end);
  if (error != std::errc() || number < 10 || (!suffix.empty() && suffix != "a"))
    return "is for an architecture that this runtime does not know ('" + architecture + "')";
  bool exact = suffix == "a";
  std::string wanted = std::to_string(number / 10) + "." + std::to_string(number % 10);
  int have = major * 10 + minor;
  if (exact ? have == number : have >= number) return "";
  return "needs compute capability " + wanted + (exact ? " exactly, " : " or newer, ") + here;
}

} // namespace lathe::cuda
