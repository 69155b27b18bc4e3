#include "Runtime/Cuda/Api.h"

#include <dlfcn.h>

namespace lathe::cuda {

Result<Api> Api::load() {
  static void *const library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return Status(Code::NotFound, "there is no CUDA driver (libcuda.so.1): install NVIDIA's driver");
  Api api;
#define LATHE_CUDA_LOAD(name, symbol, parameters)                                                            \
  api.name = reinterpret_cast<CUresult(*) parameters>(dlsym(library, #symbol));                              \
  if (!api.name)                                                                                             \
    return Status(Code::Unsupported, "NVIDIA's driver has no " #symbol ": it is older than CUDA 11.4");
  LATHE_CUDA_FUNCTIONS(LATHE_CUDA_LOAD)
#undef LATHE_CUDA_LOAD
  return api;
}

std::string Api::nameOf(CUresult result) const {
  const char *name = nullptr;
  if (GetErrorName(result, &name) != CUDA_SUCCESS || !name) return "CUDA error " + std::to_string(result);
  return name;
}

Status Api::failure(CUresult result, const std::string &what) const {
  std::string message = what + " failed with " + nameOf(result);
  if (result == CUDA_ERROR_OUT_OF_MEMORY)
    return Status(Code::OutOfMemory, message + ": use a smaller context, or another device");
  return Status(Code::Io, message);
}

} // namespace lathe::cuda
