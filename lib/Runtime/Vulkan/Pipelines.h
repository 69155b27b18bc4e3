// A program's kernels, compiled by the driver.
#pragma once

#include "Artifact/Artifact_generated.h"
#include "Runtime/Vulkan/Device.h"

namespace lathe::vulkan {

/// One pipeline per function of each kernel that some entry launches. All share one layout: no descriptor
/// sets, and push constants for as many addresses as a kernel can have.
class Pipelines {
public:
  /// `image` holds the variant's modules. Fails with Corrupt where a module is none, and as the driver does.
  static Result<std::unique_ptr<Pipelines>> create(const Device &device, const fb::Program &program,
                                                   const fb::Variant &variant,
                                                   std::span<const std::byte> image);
  ~Pipelines();
  Pipelines(const Pipelines &) = delete;

  VkPipelineLayout layout() const { return layout_; }
  /// By the number in Variant.entries.
  VkPipeline pipeline(uint32_t code) const { return pipelines_[code]; }

private:
  struct Job {
    std::string name; ///< for messages
    std::span<const std::byte> module;
    uint32_t threads;
    VkPipeline *pipeline;
    Status status;
  };
  explicit Pipelines(const Device &device) : device_(device) {}
  Status makeLayout();
  Status check(const Job &job) const;
  void compileAll(std::span<Job> jobs, VkPipelineCache cache);
  Status compile(const Job &job, VkPipelineCache cache) const;

  const Device &device_;
  VkPipelineLayout layout_ = VK_NULL_HANDLE;
  std::vector<VkPipeline> pipelines_;
};

} // namespace lathe::vulkan
