#include "Runtime/Cuda/Kernels.h"

#include "Artifact/Hash.h"
#include "Runtime/Gpu/CacheFile.h"
#include "Runtime/Gpu/Launches.h"

namespace lathe::cuda {

static constexpr std::string_view kKind = "LATHCUB1";
/// Files that are kept: models times drivers.
static constexpr size_t kMostFiles = 64;

static std::string pathFor(const Device &device, std::span<const std::byte> ptx) {
  uint64_t hash = hashBytes(ptx);
  return gpu::cachePath("cuda-" + gpu::hex(std::as_bytes(std::span(device.physical().uuid.bytes))) + "-" +
                        std::to_string(device.driver().version()) + "-" +
                        gpu::hex(std::as_bytes(std::span(&hash, 1))));
}

/// Machine code for the device; none where the driver's linker gives none.
static std::vector<std::byte> link(const Api &api, std::span<const std::byte> ptx) {
  CUlinkState state = nullptr;
  if (api.LinkCreate(0, nullptr, nullptr, &state) != CUDA_SUCCESS) return {};
  void *image = nullptr;
  size_t bytes = 0;
  std::vector<std::byte> code;
  if (api.LinkAddData(state, CU_JIT_INPUT_PTX, const_cast<std::byte *>(ptx.data()), ptx.size(), "kernels", 0,
                      nullptr, nullptr) == CUDA_SUCCESS &&
      api.LinkComplete(state, &image, &bytes) == CUDA_SUCCESS) {
    auto *begin = static_cast<const std::byte *>(image); // the linker's, until it is destroyed
    code.assign(begin, begin + bytes);
  }
  api.LinkDestroy(state);
  return code;
}

/// Null where the driver does not take it, whatever its reason.
static CUmodule loadCode(const Api &api, std::span<const std::byte> code) {
  CUmodule module = nullptr;
  if (code.empty() || api.ModuleLoadDataEx(&module, code.data(), 0, nullptr, nullptr) != CUDA_SUCCESS)
    return nullptr;
  return module;
}

/// Has the driver compile the text for itself, and tells what it says.
static Result<CUmodule> loadText(Device &device, std::span<const std::byte> ptx) {
  char log[8192] = {};
  int options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
  void *values[] = {log, reinterpret_cast<void *>(sizeof log - 1)};
  CUmodule module = nullptr;
  CUresult result = device.api().ModuleLoadDataEx(&module, ptx.data(), 2, options, values);
  if (result == CUDA_SUCCESS) return module;
  if (result == CUDA_ERROR_OUT_OF_MEMORY) return device.check(result, "compiling the kernels");
  std::string message = "the driver of " + device.name() + " (CUDA " + device.driver().versionText() +
                        ") can't compile the kernels: " + device.api().nameOf(result);
  if (result == CUDA_ERROR_UNSUPPORTED_PTX_VERSION) message += ": update the driver";
  if (log[0]) message += std::string("\n") + log;
  return Status(Code::Unsupported, message);
}

Result<Kernels> Kernels::load(Device &device, const fb::Program &program, std::span<const std::byte> ptx) {
  Kernels kernels;
  std::string path = pathFor(device, ptx);
  CUmodule module = path.empty() ? nullptr : loadCode(device.api(), gpu::readCacheFile(path, kKind));
  if (!module) {
    // A copy: the mapping may change under the driver.
    std::vector<std::byte> text(ptx.begin(), ptx.end()), code = link(device.api(), text);
    module = loadCode(device.api(), code);
    // Without the file the next start takes longer, that is all.
    if (module && !path.empty() && gpu::writeCacheFile(path, kKind, code).ok())
      gpu::pruneCache("cuda-", kMostFiles);
    if (!module) {
      auto loaded = loadText(device, text);
      if (!loaded) return loaded.status();
      module = *loaded;
    }
  }
  kernels.module_ = {device, module};
  if (Status status = kernels.find(device, program); !status.ok()) return status;
  return kernels;
}

Status Kernels::find(Device &device, const fb::Program &program) {
  for (uint32_t number : gpu::launchedKernels(program)) {
    const fb::Kernel &kernel = *program.kernels()->Get(number);
    for (const gpu::KernelFunction &part : gpu::functionsOf(kernel)) {
      uint32_t code = part.code;
      if (functions_.size() <= code) functions_.resize(code + 1);
      std::string name = "k" + std::to_string(code);
      if (device.api().ModuleGetFunction(&functions_[code], module_.get(), name.c_str()) != CUDA_SUCCESS)
        return Status(Code::Corrupt, "the code for CUDA has no function '" + name + "' (kernel '" +
                                         kernel.name()->str() + "')");
    }
  }
  return {};
}

} // namespace lathe::cuda
