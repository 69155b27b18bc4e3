#include "Runtime/Vulkan/Pipelines.h"

#include "Runtime/Gpu/Launches.h"
#include "Runtime/Vulkan/Module.h"
#include "Runtime/Vulkan/PipelineCache.h"

#include <algorithm>
#include <cstring>

namespace lathe::vulkan {

/// What every device has: 16 addresses.
static constexpr uint32_t kPushConstantBytes = 128;

/// The module of `code`, up to where the next begins.
static std::span<const std::byte> moduleOf(const fb::Variant &variant, uint32_t code,
                                           std::span<const std::byte> image) {
  const auto &entries = *variant.entries();
  uint64_t begin = entries[code], end = code + 1 < entries.size() ? entries[code + 1] : image.size();
  return image.subspan(begin, end - begin);
}

Result<std::unique_ptr<Pipelines>> Pipelines::create(const Device &device, const fb::Program &program,
                                                     const fb::Variant &variant,
                                                     std::span<const std::byte> image) {
  std::unique_ptr<Pipelines> made(new Pipelines(device));
  if (Status status = made->makeLayout(); !status.ok()) return status;
  auto cache = PipelineCache::open(device);
  if (!cache) return cache.status();
  made->pipelines_.resize(variant.entries()->size(), VK_NULL_HANDLE);
  for (uint32_t number : gpu::launchedKernels(program)) {
    const fb::Kernel &kernel = *program.kernels()->Get(number);
    for (uint32_t i = 0; i < kernel.classes()->size(); ++i) {
      uint32_t code = kernel.first_code() + i;
      Status status = made->compile(*kernel.classes()->Get(i), moduleOf(variant, code, image),
                                    cache->handle(), made->pipelines_[code]);
      if (!status.ok()) return status.in("kernel '" + kernel.name()->str() + "', class " + std::to_string(i));
    }
  }
  // Without the file the next start takes longer, that is all.
  static_cast<void>(cache->save());
  return made;
}

Status Pipelines::makeLayout() {
  VkPushConstantRange range = {VK_SHADER_STAGE_COMPUTE_BIT, 0, kPushConstantBytes};
  VkPipelineLayoutCreateInfo info = {VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO};
  info.pushConstantRangeCount = 1;
  info.pPushConstantRanges = &range;
  LATHE_VULKAN_TRY(device_.api().CreatePipelineLayout(device_.handle(), &info, nullptr, &layout_),
                   "making the layout of pipelines");
  return {};
}

Status Pipelines::compile(const fb::KernelClass &kernelClass, std::span<const std::byte> module,
                          VkPipelineCache cache, VkPipeline &pipeline) {
  const VkPhysicalDeviceLimits &limits = device_.physical().properties.limits;
  if (kernelClass.threads() >
      std::min(limits.maxComputeWorkGroupInvocations, limits.maxComputeWorkGroupSize[0]))
    return Status(Code::Unsupported, std::string(device_.name()) + " has no work groups of " +
                                         std::to_string(kernelClass.threads()) + " threads");
  LATHE_TRY(checkModule(module, kernelClass.threads()));
  // Words of their own: the mapping may change under the driver.
  std::vector<uint32_t> words(module.size() / 4);
  std::memcpy(words.data(), module.data(), module.size());
  VkShaderModuleCreateInfo source = {VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO};
  source.codeSize = module.size();
  source.pCode = words.data();
  VkComputePipelineCreateInfo info = {VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO};
  info.stage.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO;
  info.stage.stage = VK_SHADER_STAGE_COMPUTE_BIT;
  info.stage.pName = "main";
  info.layout = layout_;
  const Api &api = device_.api();
  LATHE_VULKAN_TRY(api.CreateShaderModule(device_.handle(), &source, nullptr, &info.stage.module),
                   "loading the module");
  VkResult result = api.CreateComputePipelines(device_.handle(), cache, 1, &info, nullptr, &pipeline);
  api.DestroyShaderModule(device_.handle(), info.stage.module, nullptr);
  LATHE_VULKAN_TRY(result, "compiling the module");
  return {};
}

Pipelines::~Pipelines() {
  if (device_.hangs()) return;
  for (VkPipeline pipeline : pipelines_)
    if (pipeline) device_.api().DestroyPipeline(device_.handle(), pipeline, nullptr);
  if (layout_) device_.api().DestroyPipelineLayout(device_.handle(), layout_, nullptr);
}

} // namespace lathe::vulkan
