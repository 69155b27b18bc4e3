// The functions of CUDA's driver that the runtime calls, declared here and found at run time: neither its
// headers nor its library are needed to build.
#pragma once

#include "Support/Status.h"

#include <cstddef>
#include <cstdint>

namespace lathe::cuda {

// As the driver's interface has had them since CUDA 11.4, under its names.
using CUresult = int;
using CUdevice = int;
using CUdeviceptr = uint64_t;
using CUcontext = struct CUctx_st *;
using CUmodule = struct CUmod_st *;
using CUfunction = struct CUfunc_st *;
using CUstream = struct CUstream_st *;
using CUevent = struct CUevent_st *;
using CUgraph = struct CUgraph_st *;
using CUgraphExec = struct CUgraphExec_st *;
using CUlinkState = struct CUlinkState_st *;
struct CUuuid {
  unsigned char bytes[16];
};

inline constexpr CUresult CUDA_SUCCESS = 0, CUDA_ERROR_OUT_OF_MEMORY = 2, CUDA_ERROR_NO_DEVICE = 100,
                          CUDA_ERROR_NO_BINARY_FOR_GPU = 209, CUDA_ERROR_INVALID_PTX = 218,
                          CUDA_ERROR_UNSUPPORTED_PTX_VERSION = 222, CUDA_ERROR_NOT_READY = 600;
/// CUdevice_attribute
enum : int {
  CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X = 5,
  CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y = 6,
  CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT = 16,
  CU_DEVICE_ATTRIBUTE_INTEGRATED = 18,
  CU_DEVICE_ATTRIBUTE_COMPUTE_MODE = 20,
  CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR = 75,
  CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR = 76,
};
/// CUjit_option, CUjitInputType
enum : int { CU_JIT_ERROR_LOG_BUFFER = 5, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES = 6, CU_JIT_INPUT_PTX = 1 };
inline constexpr int CU_COMPUTEMODE_PROHIBITED = 2;
inline constexpr unsigned CU_STREAM_NON_BLOCKING = 1, CU_EVENT_DISABLE_TIMING = 2;
inline constexpr int CU_STREAM_CAPTURE_MODE_THREAD_LOCAL = 1;

// X(name, symbol, parameters): the symbol carries the version of the interface.
// clang-format off
#define LATHE_CUDA_FUNCTIONS(X) \
  X(Init, cuInit, (unsigned flags)) \
  X(DriverGetVersion, cuDriverGetVersion, (int *version)) \
  X(GetErrorName, cuGetErrorName, (CUresult error, const char **name)) \
  X(DeviceGetCount, cuDeviceGetCount, (int *count)) \
  X(DeviceGet, cuDeviceGet, (CUdevice *device, int ordinal)) \
  X(DeviceGetName, cuDeviceGetName, (char *name, int bytes, CUdevice device)) \
  X(DeviceGetUuid, cuDeviceGetUuid_v2, (CUuuid *uuid, CUdevice device)) \
  X(DeviceGetAttribute, cuDeviceGetAttribute, (int *value, int attribute, CUdevice device)) \
  X(DeviceTotalMem, cuDeviceTotalMem_v2, (size_t *bytes, CUdevice device)) \
  X(DevicePrimaryCtxRetain, cuDevicePrimaryCtxRetain, (CUcontext *context, CUdevice device)) \
  X(DevicePrimaryCtxRelease, cuDevicePrimaryCtxRelease_v2, (CUdevice device)) \
  X(CtxPushCurrent, cuCtxPushCurrent_v2, (CUcontext context)) \
  X(CtxPopCurrent, cuCtxPopCurrent_v2, (CUcontext *context)) \
  X(MemGetInfo, cuMemGetInfo_v2, (size_t *free, size_t *total)) \
  X(MemAlloc, cuMemAlloc_v2, (CUdeviceptr *address, size_t bytes)) \
  X(MemFree, cuMemFree_v2, (CUdeviceptr address)) \
  X(MemHostAlloc, cuMemHostAlloc, (void **data, size_t bytes, unsigned flags)) \
  X(MemFreeHost, cuMemFreeHost, (void *data)) \
  X(MemcpyHtoDAsync, cuMemcpyHtoDAsync_v2, (CUdeviceptr to, const void *from, size_t bytes, CUstream stream)) \
  X(MemcpyDtoHAsync, cuMemcpyDtoHAsync_v2, (void *to, CUdeviceptr from, size_t bytes, CUstream stream)) \
  X(MemcpyDtoDAsync, cuMemcpyDtoDAsync_v2, (CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream)) \
  X(MemsetD8Async, cuMemsetD8Async, (CUdeviceptr to, unsigned char value, size_t bytes, CUstream stream)) \
  X(StreamCreate, cuStreamCreate, (CUstream *stream, unsigned flags)) \
  X(StreamDestroy, cuStreamDestroy_v2, (CUstream stream)) \
  X(StreamBeginCapture, cuStreamBeginCapture_v2, (CUstream stream, int mode)) \
  X(StreamEndCapture, cuStreamEndCapture, (CUstream stream, CUgraph *graph)) \
  X(GraphInstantiate, cuGraphInstantiateWithFlags, (CUgraphExec *exec, CUgraph graph, unsigned long long flags)) \
  X(GraphLaunch, cuGraphLaunch, (CUgraphExec exec, CUstream stream)) \
  X(GraphExecDestroy, cuGraphExecDestroy, (CUgraphExec exec)) \
  X(GraphDestroy, cuGraphDestroy, (CUgraph graph)) \
  X(EventCreate, cuEventCreate, (CUevent *event, unsigned flags)) \
  X(EventRecord, cuEventRecord, (CUevent event, CUstream stream)) \
  X(EventQuery, cuEventQuery, (CUevent event)) \
  X(EventDestroy, cuEventDestroy_v2, (CUevent event)) \
  X(LinkCreate, cuLinkCreate_v2, (unsigned count, int *options, void **values, CUlinkState *state)) \
  X(LinkAddData, cuLinkAddData_v2, (CUlinkState state, int type, void *data, size_t bytes, const char *name, \
                                    unsigned count, int *options, void **values)) \
  X(LinkComplete, cuLinkComplete, (CUlinkState state, void **image, size_t *bytes)) \
  X(LinkDestroy, cuLinkDestroy, (CUlinkState state)) \
  X(ModuleLoadDataEx, cuModuleLoadDataEx, (CUmodule *module, const void *image, unsigned count, int *options, \
                                           void **values)) \
  X(ModuleUnload, cuModuleUnload, (CUmodule module)) \
  X(ModuleGetFunction, cuModuleGetFunction, (CUfunction *function, CUmodule module, const char *name)) \
  X(LaunchKernel, cuLaunchKernel, (CUfunction function, unsigned groupsX, unsigned groupsY, unsigned groupsZ, \
                                   unsigned threadsX, unsigned threadsY, unsigned threadsZ, unsigned sharedBytes, \
                                   CUstream stream, void **arguments, void **extra))
// clang-format on

/// Pointers instead of prototypes: no symbol of ours is named like one of the driver's.
struct Api {
#define LATHE_CUDA_MEMBER(name, symbol, parameters) CUresult(*name) parameters = nullptr;
  LATHE_CUDA_FUNCTIONS(LATHE_CUDA_MEMBER)
#undef LATHE_CUDA_MEMBER

  /// The functions of libcuda.so.1, which stays open once it was. Fails with NotFound where there is none,
  /// and with Unsupported where it lacks one.
  static Result<Api> load();

  /// "CUDA_ERROR_ILLEGAL_ADDRESS", or its number.
  std::string nameOf(CUresult result) const;
  /// What went wrong, as a Status: memory that is out is OutOfMemory.
  Status failure(CUresult result, const std::string &what) const;
};

} // namespace lathe::cuda

/// Returns early where `call`, a function of `api`, fails; `what` says what it was for.
#define LATHE_CUDA_TRY(api, call, what)                                                                      \
  do {                                                                                                       \
    if (::lathe::cuda::CUresult latheResult = (api).call; latheResult != ::lathe::cuda::CUDA_SUCCESS)        \
      return (api).failure(latheResult, what);                                                               \
  } while (0)
