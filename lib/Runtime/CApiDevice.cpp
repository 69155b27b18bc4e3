// The devices of this machine, in the C interface.
#include "Runtime/CApi.h"

using namespace lathe;

static Status handOut(const DeviceInfo &device, const std::string &id, lathe_device_callback take,
                      void *user) {
  lathe_device_info info = LATHE_INIT(lathe_device_info);
  info.id = id.c_str();
  info.kind = nameOf(device.kind);
  info.name = device.name.c_str();
  info.features = device.features.c_str();
  info.memory = device.memory;
  info.emulated = device.emulated;
  info.unusable = device.unusable.c_str();
  return take(user, &info) == 0 ? Status() : Status(Code::Cancelled, "stopped by the device callback");
}

lathe_status lathe_devices(lathe_device_callback take, void *user) {
  return guarded([&]() -> Status {
    if (!take) return invalid("the callback is NULL");
    DeviceList list = listDevices();
    for (const DeviceInfo &device : list.devices)
      LATHE_TRY(handOut(device, idOf(device.kind, device.index), take, user));
    for (const DriverNote &note : list.notes) {
      DeviceInfo missing;
      missing.kind = note.kind;
      missing.unusable = note.reason;
      LATHE_TRY(handOut(missing, nameOf(note.kind), take, user));
    }
    return {};
  });
}
