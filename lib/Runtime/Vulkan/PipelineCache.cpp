#include "Runtime/Vulkan/PipelineCache.h"

#include "Artifact/Hash.h"
#include "Runtime/Gpu/CacheFile.h"

#include <cstring>

namespace lathe::vulkan {

static constexpr std::string_view kKind = "LATHVKP1";

std::string PipelineCache::pathFor(const Device &device) {
  VkPhysicalDeviceIDProperties id = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES};
  VkPhysicalDeviceProperties2 properties = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, &id};
  device.api().GetPhysicalDeviceProperties2(device.physical().handle, &properties);
  return gpu::cachePath("vulkan-" + gpu::hex(std::as_bytes(std::span(id.deviceUUID))) + "-" +
                        gpu::hex(std::as_bytes(std::span(id.driverUUID))));
}

/// Whether `bytes` are what this very device and driver wrote.
static bool isOf(const VkPhysicalDeviceProperties &device, std::span<const std::byte> bytes) {
  VkPipelineCacheHeaderVersionOne header;
  if (bytes.size() < sizeof header) return false;
  std::memcpy(&header, bytes.data(), sizeof header);
  return header.headerSize == sizeof header && header.headerVersion == VK_PIPELINE_CACHE_HEADER_VERSION_ONE &&
         header.vendorID == device.vendorID && header.deviceID == device.deviceID &&
         std::memcmp(header.pipelineCacheUUID, device.pipelineCacheUUID, VK_UUID_SIZE) == 0;
}

Result<PipelineCache> PipelineCache::open(const Device &device) {
  PipelineCache cache(device);
  std::vector<std::byte> known;
  if (!cache.path_.empty()) known = gpu::readCacheFile(cache.path_, kKind);
  if (!isOf(device.physical().properties, known)) known.clear();
  cache.savedHash_ = known.empty() ? 0 : hashBytes(known);
  VkPipelineCacheCreateInfo info = {VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO};
  info.initialDataSize = known.size();
  info.pInitialData = known.data();
  LATHE_VULKAN_TRY(device.api().CreatePipelineCache(device.handle(), &info, nullptr, &cache.handle_),
                   "making the cache of pipelines");
  return cache;
}

Result<std::vector<std::byte>> PipelineCache::data() const {
  const Api &api = device_->api();
  size_t size = 0;
  LATHE_VULKAN_TRY(api.GetPipelineCacheData(device_->handle(), handle_, &size, nullptr),
                   "reading the pipelines");
  std::vector<std::byte> bytes(size);
  LATHE_VULKAN_TRY(api.GetPipelineCacheData(device_->handle(), handle_, &size, bytes.data()),
                   "reading the pipelines");
  bytes.resize(size);
  return bytes;
}

Status PipelineCache::save() const {
  if (path_.empty()) return {};
  auto bytes = data();
  if (!bytes) return bytes.status();
  uint64_t hash = hashBytes(*bytes);
  if (hash == savedHash_) return {};
  return gpu::writeCacheFile(path_, kKind, *bytes);
}

PipelineCache::~PipelineCache() {
  if (!device_ || !handle_ || device_->hangs()) return;
  device_->api().DestroyPipelineCache(device_->handle(), handle_, nullptr);
}

void PipelineCache::swap(PipelineCache &other) noexcept {
  std::swap(device_, other.device_);
  std::swap(path_, other.path_);
  std::swap(handle_, other.handle_);
  std::swap(savedHash_, other.savedHash_);
}

} // namespace lathe::vulkan
