// CUDA where NVIDIA's driver is not installed.
#include "Runtime/Cuda/Driver.h"
#include "Runtime/Device.h"

#include <gtest/gtest.h>

#include <dlfcn.h>

using namespace lathe;

TEST(CudaWithoutDriver, IsANoteAndNoDevice) {
  if (void *library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL)) {
    dlclose(library);
    GTEST_SKIP() << "this machine has a CUDA driver";
  }
  DeviceList list = listDevices();
  std::string reason;
  for (const DriverNote &note : list.notes)
    if (note.kind == DeviceKind::Cuda) reason = note.reason;
  EXPECT_EQ(reason, "there is no CUDA driver (libcuda.so.1): install NVIDIA's driver");
  for (const DeviceInfo &device : list.devices) EXPECT_NE(device.kind, DeviceKind::Cuda);
  EXPECT_EQ(cuda::Driver::shared().status().code(), Code::NotFound);
}
