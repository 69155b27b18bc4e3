// An opened device: its context, its one stream, and what is given back to it.
#pragma once

#include "Runtime/Cuda/Driver.h"

#include <memory>
#include <utility>

namespace lathe::cuda {

/// One thread at a time. Once the device is lost every call says so.
class Device {
public:
  static Result<std::unique_ptr<Device>> open(const Driver &driver, const PhysicalDevice &physical);
  ~Device();
  Device(const Device &) = delete;

  const Api &api() const { return driver_.api(); }
  const Driver &driver() const { return driver_; }
  const PhysicalDevice &physical() const { return physical_; }
  const std::string &name() const { return physical_.name; }
  /// All work goes here, in order.
  CUstream stream() const { return stream_; }

  /// Makes the device the calling thread's for as long as it lives: the driver's calls go to the current one.
  class Current {
  public:
    explicit Current(const Device &device) : api_(device.api()) { api_.CtxPushCurrent(device.context_); }
    ~Current() {
      CUcontext popped = nullptr;
      api_.CtxPopCurrent(&popped);
    }
    Current(const Current &) = delete;

  private:
    const Api &api_;
  };

  /// What a call of the driver gave, as a Status. A failure of something that ran before is met by whichever
  /// call comes next: then the device is lost.
  Status check(CUresult result, const char *what);
  /// Success, unless the device was lost.
  Status check() const { return lost_; }
  /// Until what was started before `event` was recorded is done. Fails with DeviceLost where that takes
  /// minutes.
  Status wait(CUevent event);

  /// Whether work is under way that will not end: nothing that it uses may be given back.
  bool hangs() const { return hangs_; }

private:
  Device(const Driver &driver, const PhysicalDevice &physical) : driver_(driver), physical_(physical) {}
  Status make();
  Status lose(const std::string &why);

  const Driver &driver_;
  const PhysicalDevice &physical_;
  CUcontext context_ = nullptr;
  CUstream stream_ = nullptr;
  Status lost_;
  bool hangs_ = false;
};

/// Owns something of the driver's. The device outlives it.
template <typename T, CUresult (*Api::*Destroy)(T)> class Handle {
public:
  Handle() = default;
  Handle(const Device &device, T value) : device_(&device), value_(value) {}
  Handle(Handle &&other) noexcept { swap(other); }
  Handle &operator=(Handle &&other) noexcept {
    swap(other);
    return *this;
  }
  ~Handle() {
    if (!value_ || device_->hangs()) return;
    Device::Current current(*device_);
    (device_->api().*Destroy)(value_);
  }
  T get() const { return value_; }

private:
  void swap(Handle &other) noexcept {
    std::swap(device_, other.device_);
    std::swap(value_, other.value_);
  }
  const Device *device_ = nullptr;
  T value_ = {};
};

using Event = Handle<CUevent, &Api::EventDestroy>;
using Graph = Handle<CUgraph, &Api::GraphDestroy>;
using GraphExec = Handle<CUgraphExec, &Api::GraphExecDestroy>;
using Module = Handle<CUmodule, &Api::ModuleUnload>;

Result<Event> makeEvent(Device &device);

} // namespace lathe::cuda
