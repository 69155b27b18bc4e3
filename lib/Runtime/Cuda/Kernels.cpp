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

/// What the driver says about a text that it does not take.
static Status refused(const Device &device, CUresult result, const std::string &log) {
  std::string message = "the driver of " + device.name() + " (CUDA " + device.driver().versionText() +
                        ") can't compile the kernels: " + device.api().nameOf(result);
  if (result == CUDA_ERROR_UNSUPPORTED_PTX_VERSION) message += ": update the driver";
  if (!log.empty()) message += "\n" + log;
  return Status(Code::Unsupported, message);
}

/// Machine code for the device.
static Result<std::vector<std::byte>> compile(Device &device, std::span<const std::byte> ptx) {
  const Api &api = device.api();
  char log[8192] = {};
  int options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
  void *values[] = {log, reinterpret_cast<void *>(sizeof log - 1)};
  CUlinkState state = nullptr;
  CUresult result = api.LinkCreate(2, options, values, &state);
  if (Status status = device.check(result, "starting the driver's compiler"); !status.ok()) return status;
  void *image = nullptr;
  size_t bytes = 0;
  result = api.LinkAddData(state, CU_JIT_INPUT_PTX, const_cast<std::byte *>(ptx.data()), ptx.size(),
                           "kernels", 0, nullptr, nullptr);
  if (result == CUDA_SUCCESS) result = api.LinkComplete(state, &image, &bytes);
  std::vector<std::byte> code;
  if (result == CUDA_SUCCESS) {
    auto *begin = static_cast<const std::byte *>(image); // the linker's, until it is destroyed
    code.assign(begin, begin + bytes);
  }
  api.LinkDestroy(state);
  if (result == CUDA_ERROR_OUT_OF_MEMORY) return device.check(result, "compiling the kernels");
  if (result != CUDA_SUCCESS) return refused(device, result, log);
  return code;
}

Result<Kernels> Kernels::load(Device &device, const fb::Program &program, std::span<const std::byte> ptx) {
  Kernels kernels;
  std::string path = pathFor(device, ptx);
  CUmodule module = nullptr;
  std::vector<std::byte> code;
  if (!path.empty()) code = gpu::readCacheFile(path, kKind);
  if (code.empty() || device.api().ModuleLoadData(&module, code.data()) != CUDA_SUCCESS) {
    // A copy: the mapping may change under the driver.
    std::vector<std::byte> text(ptx.begin(), ptx.end());
    auto compiled = compile(device, text);
    if (!compiled) return compiled.status();
    Status status =
        device.check(device.api().ModuleLoadData(&module, compiled->data()), "loading the kernels");
    if (!status.ok()) return status;
    // Without the file the next start takes longer, that is all.
    if (!path.empty() && gpu::writeCacheFile(path, kKind, *compiled).ok())
      gpu::pruneCache("cuda-", kMostFiles);
  }
  kernels.module_ = {device, module};
  if (Status status = kernels.find(device, program); !status.ok()) return status;
  return kernels;
}

Status Kernels::find(Device &device, const fb::Program &program) {
  for (uint32_t number : gpu::launchedKernels(program)) {
    const fb::Kernel &kernel = *program.kernels()->Get(number);
    for (uint32_t code = kernel.first_code(); code < kernel.first_code() + kernel.classes()->size(); ++code) {
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
