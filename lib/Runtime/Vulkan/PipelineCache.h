// Compiled pipelines that outlive the process.
#pragma once

#include "Runtime/Vulkan/Device.h"

namespace lathe::vulkan {

/// The driver's cache of compiled pipelines, kept in a file per device and driver in $XDG_CACHE_HOME/lathe or
/// ~/.cache/lathe. A file that is missing, damaged or another driver's counts as empty; a folder that can't
/// be written costs only time.
class PipelineCache {
public:
  static Result<PipelineCache> open(const Device &device);
  PipelineCache(PipelineCache &&other) noexcept { swap(other); }
  PipelineCache &operator=(PipelineCache &&) = delete;
  ~PipelineCache();

  VkPipelineCache handle() const { return handle_; }
  /// Writes the file where the driver has added something. Fails with Io.
  Status save() const;

  /// Empty where neither variable is set.
  static std::string pathFor(const Device &device);

private:
  explicit PipelineCache(const Device &device) : device_(&device), path_(pathFor(device)) {}
  void swap(PipelineCache &other) noexcept;
  Result<std::vector<std::byte>> data() const;

  const Device *device_ = nullptr;
  std::string path_;
  VkPipelineCache handle_ = VK_NULL_HANDLE;
  uint64_t savedHash_ = 0; ///< of what the file holds
};

} // namespace lathe::vulkan
