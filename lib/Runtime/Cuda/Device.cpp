#include "Runtime/Cuda/Device.h"

#include <chrono>
#include <thread>

namespace lathe::cuda {

Result<std::unique_ptr<Device>> Device::open(const Driver &driver, const PhysicalDevice &physical) {
  std::unique_ptr<Device> device(new Device(driver, physical));
  if (Status status = device->make(); !status.ok()) return status;
  return device;
}

Status Device::make() {
  LATHE_CUDA_TRY(api(), DevicePrimaryCtxRetain(&context_, physical_.handle), "opening " + name());
  Current current(*this);
  LATHE_CUDA_TRY(api(), StreamCreate(&stream_, CU_STREAM_NON_BLOCKING), "making a stream on " + name());
  return {};
}

Device::~Device() {
  // A device that hangs would be waited for without end: its objects are left to the end of the process.
  if (!context_ || hangs_) return;
  if (stream_) {
    Current current(*this);
    api().StreamDestroy(stream_);
  }
  api().DevicePrimaryCtxRelease(physical_.handle);
}

Status Device::lose(const std::string &why) {
  lost_ = Status(Code::DeviceLost,
                 name() + ": " + why + ": this process can't use the device any more, start anew");
  return lost_;
}

/// Errors that a context does not recover from.
static bool isFatal(CUresult result) {
  switch (result) {
  case 46:  // CUDA_ERROR_DEVICE_UNAVAILABLE
  case 214: // CUDA_ERROR_ECC_UNCORRECTABLE
  case 700: // CUDA_ERROR_ILLEGAL_ADDRESS
  case 702: // CUDA_ERROR_LAUNCH_TIMEOUT
  case 709: // CUDA_ERROR_CONTEXT_IS_DESTROYED
  case 710: // CUDA_ERROR_ASSERT
  case 714: // CUDA_ERROR_HARDWARE_STACK_ERROR
  case 715: // CUDA_ERROR_ILLEGAL_INSTRUCTION
  case 716: // CUDA_ERROR_MISALIGNED_ADDRESS
  case 717: // CUDA_ERROR_INVALID_ADDRESS_SPACE
  case 718: // CUDA_ERROR_INVALID_PC
  case 719: // CUDA_ERROR_LAUNCH_FAILED
  case 999: // CUDA_ERROR_UNKNOWN
    return true;
  default:
    return false;
  }
}

Status Device::check(CUresult result, const char *what) {
  LATHE_TRY(lost_);
  if (result == CUDA_SUCCESS) return {};
  if (isFatal(result)) return lose(std::string(what) + " failed with " + api().nameOf(result));
  return api().failure(result, what).in(name());
}

Status Device::wait(CUevent event) {
  using Clock = std::chrono::steady_clock;
  using namespace std::chrono_literals;
  LATHE_TRY(lost_);
  Clock::time_point begin = Clock::now();
  for (;;) {
    CUresult result = api().EventQuery(event);
    if (result != CUDA_ERROR_NOT_READY) return check(result, "running kernels");
    auto waited = Clock::now() - begin;
    if (waited > 5min) {
      hangs_ = true;
      return lose("the device does not answer");
    }
    // A token's work is watched closely; longer work can be found finished a little later.
    if (waited > 20ms)
      std::this_thread::sleep_for(100us);
    else
      std::this_thread::yield();
  }
}

Result<Event> makeEvent(Device &device) {
  CUevent event = nullptr;
  Status status = device.check(device.api().EventCreate(&event, CU_EVENT_DISABLE_TIMING), "making an event");
  if (!status.ok()) return status;
  return Event(device, event);
}

} // namespace lathe::cuda
