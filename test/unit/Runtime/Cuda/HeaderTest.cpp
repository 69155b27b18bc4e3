// What Api.h declares by itself, beside the driver's own header where there is one: a parameter too many, or
// a constant of another value, would otherwise show on a device only.
#include "gtest/gtest.h"

#if __has_include(<cuda.h>)
#include <cuda.h>

#include "Runtime/Cuda/Api.h"

#include <type_traits>

namespace lathe::cuda {

/// Whether both are passed in the same way: handles are pointers to other structs, enumerations are numbers.
template <typename Ours, typename Theirs> constexpr bool isPassedAlike() {
  constexpr bool pointers = std::is_pointer_v<Ours> && std::is_pointer_v<Theirs>;
  constexpr bool numbers = (std::is_integral_v<Ours> || std::is_enum_v<Ours>)&&(std::is_integral_v<Theirs> ||
                                                                                std::is_enum_v<Theirs>);
  return (pointers || numbers) && sizeof(Ours) == sizeof(Theirs);
}

template <typename Ours, typename Theirs> struct IsCalledAlike : std::false_type {};
template <typename... Ours, typename... Theirs>
struct IsCalledAlike<CUresult(Ours...), ::CUresult(Theirs...)> {
  static constexpr bool value = [] {
    if constexpr (sizeof...(Ours) == sizeof...(Theirs))
      return (isPassedAlike<Ours, Theirs>() && ...);
    else
      return false;
  }();
};

#define LATHE_CUDA_COMPARE(name, symbol, parameters)                                                         \
  static_assert(IsCalledAlike<CUresult parameters, decltype(::symbol)>::value,                               \
                #symbol " has other parameters in cuda.h");
LATHE_CUDA_FUNCTIONS(LATHE_CUDA_COMPARE)
#undef LATHE_CUDA_COMPARE

#define LATHE_CUDA_COMPARE(name)                                                                             \
  static_assert(int(lathe::cuda::name) == int(::name), #name " is another number in cuda.h")
LATHE_CUDA_COMPARE(CUDA_SUCCESS);
LATHE_CUDA_COMPARE(CUDA_ERROR_OUT_OF_MEMORY);
LATHE_CUDA_COMPARE(CUDA_ERROR_NO_DEVICE);
LATHE_CUDA_COMPARE(CUDA_ERROR_NO_BINARY_FOR_GPU);
LATHE_CUDA_COMPARE(CUDA_ERROR_INVALID_PTX);
LATHE_CUDA_COMPARE(CUDA_ERROR_UNSUPPORTED_PTX_VERSION);
LATHE_CUDA_COMPARE(CUDA_ERROR_NOT_READY);
LATHE_CUDA_COMPARE(CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X);
LATHE_CUDA_COMPARE(CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y);
LATHE_CUDA_COMPARE(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
LATHE_CUDA_COMPARE(CU_DEVICE_ATTRIBUTE_INTEGRATED);
LATHE_CUDA_COMPARE(CU_DEVICE_ATTRIBUTE_COMPUTE_MODE);
LATHE_CUDA_COMPARE(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
LATHE_CUDA_COMPARE(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
LATHE_CUDA_COMPARE(CU_JIT_ERROR_LOG_BUFFER);
LATHE_CUDA_COMPARE(CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES);
LATHE_CUDA_COMPARE(CU_JIT_INPUT_PTX);
LATHE_CUDA_COMPARE(CU_COMPUTEMODE_PROHIBITED);
LATHE_CUDA_COMPARE(CU_STREAM_NON_BLOCKING);
LATHE_CUDA_COMPARE(CU_EVENT_DISABLE_TIMING);
LATHE_CUDA_COMPARE(CU_STREAM_CAPTURE_MODE_THREAD_LOCAL);
#undef LATHE_CUDA_COMPARE
static_assert(sizeof(CUuuid) == sizeof(::CUuuid));

} // namespace lathe::cuda

TEST(CudaHeader, DeclaresWhatTheRuntimeCalls) {
  SUCCEED() << "compared when this was compiled, with cuda.h of CUDA " << CUDA_VERSION;
}
#else
TEST(CudaHeader, DeclaresWhatTheRuntimeCalls) { GTEST_SKIP() << "there is no cuda.h on this machine"; }
#endif
