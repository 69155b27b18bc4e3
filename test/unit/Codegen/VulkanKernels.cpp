#include "VulkanKernels.h"

#include "WorkItems.h"

#include "Codegen/GPU/GpuVariant.h"
#include "Runtime/Vulkan/Instance.h"

#include "gtest/gtest.h"

#include <cmath>
#include <limits>
#include <map>

namespace lathe::test {

static const vulkan::PhysicalDevice *emulatedDevice() {
  auto instance = vulkan::Instance::shared();
  if (!instance) return nullptr;
  for (const vulkan::PhysicalDevice &device : (*instance)->devices())
    if (device.emulated && device.unusable.empty()) return &device;
  return nullptr;
}

static void skip() { GTEST_SKIP() << "no Vulkan device that runs on the CPU: all else was tested"; }

bool VulkanKernels::runOrSkip() {
  if (emulatedDevice()) return true;
  skip();
  return false;
}

std::vector<llvm::StringRef> VulkanKernels::runnableVariants() {
  std::vector<llvm::StringRef> names;
  for (const GpuVariant &variant : gpuVariants(GpuTarget::Vulkan))
    if (llvm::all_of(variant.requiredFeatures, [](llvm::StringRef name) {
          return emulatedDevice()->features.has(std::string_view(name));
        }))
      names.push_back(variant.name);
  return names;
}

/// Opened once for each variant, with the features that it asks for.
static vulkan::Device &sharedDevice(const VariantCode &code) {
  static std::map<std::string, std::unique_ptr<vulkan::Device>> devices;
  std::unique_ptr<vulkan::Device> &device = devices[code.name];
  if (device) return *device;
  flatbuffers::FlatBufferBuilder builder;
  builder.Finish(builder.CreateVectorOfStrings(code.features));
  auto opened = vulkan::Device::open(**vulkan::Instance::shared(), *emulatedDevice(),
                                     *flatbuffers::GetRoot<vulkan::FeatureNames>(builder.GetBufferPointer()));
  EXPECT_TRUE(opened) << opened.status().message();
  device = std::move(*opened);
  return *device;
}

VulkanKernels::VulkanKernels(ProgramCode code) : code_(std::move(code)) {
  const VariantCode &variant = code_.variants.front();
  vulkan::Device &device = sharedDevice(variant);
  VkPushConstantRange range = {VK_SHADER_STAGE_COMPUTE_BIT, 0, 128};
  VkPipelineLayoutCreateInfo layout = {VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO};
  layout.pushConstantRangeCount = 1;
  layout.pPushConstantRanges = &range;
  EXPECT_EQ(device.api().CreatePipelineLayout(device.handle(), &layout, nullptr, &layout_), VK_SUCCESS);
  for (size_t i = 0; i < variant.entries.size(); ++i) {
    size_t begin = variant.entries[i],
           end = i + 1 < variant.entries.size() ? variant.entries[i + 1] : variant.image.size();
    VkShaderModuleCreateInfo source = {VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO};
    source.codeSize = end - begin;
    source.pCode = reinterpret_cast<const uint32_t *>(variant.image.data() + begin);
    VkComputePipelineCreateInfo info = {VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO};
    info.stage.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO;
    info.stage.stage = VK_SHADER_STAGE_COMPUTE_BIT;
    info.stage.pName = "main";
    info.layout = layout_;
    EXPECT_EQ(device.api().CreateShaderModule(device.handle(), &source, nullptr, &info.stage.module),
              VK_SUCCESS);
    VkPipeline &pipeline = pipelines_.emplace_back();
    EXPECT_EQ(
        device.api().CreateComputePipelines(device.handle(), VK_NULL_HANDLE, 1, &info, nullptr, &pipeline),
        VK_SUCCESS);
    device.api().DestroyShaderModule(device.handle(), info.stage.module, nullptr);
  }
}

VulkanKernels::~VulkanKernels() {
  vulkan::Device &device = sharedDevice(code_.variants.front());
  for (VkPipeline pipeline : pipelines_) device.api().DestroyPipeline(device.handle(), pipeline, nullptr);
  device.api().DestroyPipelineLayout(device.handle(), layout_, nullptr);
}

static VkDeviceAddress addressOf(const void *pointer) { return reinterpret_cast<VkDeviceAddress>(pointer); }

void VulkanKernels::run(const PlannedKernel &kernel, size_t index, const KernelBatch &batch,
                        llvm::ArrayRef<void *> bindings) const {
  const KernelClass &of = kernel.classes[index];
  int64_t scratchFloats = workItems(of.grid, batch) * of.scratchBytes / 4;
  Buffer<float> scratch(size_t(scratchFloats) + 16);
  for (size_t i = 0; i < scratch.size(); ++i) scratch[i] = std::numeric_limits<float>::quiet_NaN();
  std::vector<VkDeviceAddress> addresses = {addressOf(&batch)};
  for (void *binding : bindings) addresses.push_back(addressOf(binding));
  if (scratchFloats) addresses.push_back(addressOf(scratch.data()));
  auto task = vulkan::Task::create(sharedDevice(code_.variants.front()));
  ASSERT_TRUE(task) << task.status().message();
  ASSERT_TRUE(task->begin().ok());
  for (const KernelFunction &part : kernel.functions()) {
    if (part.kernelClass != &of) continue;
    task->commands().dispatch(pipelines_[part.code], layout_, addresses,
                              uint32_t(workItems(part.grid(), batch) / 2 + 1), 2);
    task->commands().barrier();
  }
  Status status = task->run();
  ASSERT_TRUE(status.ok()) << status.message();
  for (size_t i = size_t(scratchFloats); i < scratch.size(); ++i)
    ASSERT_TRUE(std::isnan(scratch[i])) << "scratch overrun";
}

} // namespace lathe::test
