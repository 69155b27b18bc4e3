#include "Runtime/Vulkan/Pipelines.h"

#include "Artifact/KernelABI.h"
#include "Runtime/CpuFeatures.h"
#include "Runtime/Gpu/Launches.h"
#include "Runtime/Vulkan/Module.h"
#include "Runtime/Vulkan/PipelineCache.h"

#include <algorithm>
#include <atomic>
#include <thread>

namespace lathe::vulkan {

static constexpr uint32_t kPushConstantBytes = kMaxKernelAddresses * sizeof(VkDeviceAddress);
static_assert(kPushConstantBytes <= 128, "no device has to have more");

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
  std::vector<Job> jobs;
  for (uint32_t number : gpu::launchedKernels(program)) {
    const fb::Kernel &kernel = *program.kernels()->Get(number);
    for (const gpu::KernelFunction &function : gpu::functionsOf(kernel)) {
      Job job = {"kernel '" + kernel.name()->str() + "', class " + std::to_string(function.classIndex) +
                     (function.isJoin ? ", join" : ""),
                 moduleOf(variant, function.code, image),
                 function.threads,
                 &made->pipelines_[function.code],
                 {}};
      if (Status status = made->check(job); !status.ok()) return status.in(job.name);
      jobs.push_back(std::move(job));
    }
  }
  made->compileAll(jobs, cache->handle());
  for (const Job &job : jobs)
    if (!job.status.ok()) return job.status.in(job.name);
  // Without the file the next start takes longer, that is all.
  static_cast<void>(cache->save());
  return made;
}

/// On all cores: a driver takes up to a tenth of a second for one.
void Pipelines::compileAll(std::span<Job> jobs, VkPipelineCache cache) {
  std::atomic<size_t> next = 0;
  auto work = [&] {
    for (size_t i = next++; i < jobs.size(); i = next++) jobs[i].status = compile(jobs[i], cache);
  };
  std::vector<std::thread> threads;
  for (size_t i = 1; i < std::min<size_t>(usableCores(), jobs.size()); ++i) threads.emplace_back(work);
  work();
  for (std::thread &thread : threads) thread.join();
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

Status Pipelines::check(const Job &job) const {
  const VkPhysicalDeviceLimits &limits = device_.physical().properties.limits;
  if (job.threads > std::min(limits.maxComputeWorkGroupInvocations, limits.maxComputeWorkGroupSize[0]))
    return Status(Code::Unsupported, std::string(device_.name()) + " has no work groups of " +
                                         std::to_string(job.threads) + " threads");
  return checkModule(job.module, job.threads);
}

Status Pipelines::compile(const Job &job, VkPipelineCache cache) const {
  VkShaderModuleCreateInfo source = {VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO};
  source.codeSize = job.module.size();
  source.pCode = reinterpret_cast<const uint32_t *>(job.module.data());
  VkComputePipelineCreateInfo info = {VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO};
  info.stage.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO;
  info.stage.stage = VK_SHADER_STAGE_COMPUTE_BIT;
  info.stage.pName = "main";
  info.layout = layout_;
  const Api &api = device_.api();
  LATHE_VULKAN_TRY(api.CreateShaderModule(device_.handle(), &source, nullptr, &info.stage.module),
                   "loading the module");
  VkResult result = api.CreateComputePipelines(device_.handle(), cache, 1, &info, nullptr, job.pipeline);
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
