#include "Runtime/Vulkan/PipelineCache.h"

#include "Artifact/Hash.h"
#include "Support/MappedFile.h"
#include "Support/OutputFile.h"

#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace lathe::vulkan {

namespace {
/// In front of the driver's own bytes.
struct FileHeader {
  char magic[8];
  uint64_t bytes;
  uint64_t hash; ///< XXH3 of the bytes: drivers are not made for damaged ones
};
constexpr char kFileMagic[8] = {'L', 'A', 'T', 'H', 'V', 'K', 'P', '1'};
/// A cache that has grown beyond this, over many models, starts again.
constexpr uint64_t kMostBytes = uint64_t(256) << 20;
} // namespace

static std::string hex(const uint8_t *bytes, size_t count) {
  static const char digits[] = "0123456789abcdef";
  std::string text;
  for (size_t i = 0; i < count; ++i) text += {digits[bytes[i] >> 4], digits[bytes[i] & 15]};
  return text;
}

std::string PipelineCache::pathFor(const Device &device) {
  const char *cache = std::getenv("XDG_CACHE_HOME"), *home = std::getenv("HOME");
  std::string folder;
  if (cache && cache[0] == '/')
    folder = cache;
  else if (home && home[0] == '/')
    folder = std::string(home) + "/.cache";
  else
    return "";
  VkPhysicalDeviceIDProperties id = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES};
  VkPhysicalDeviceProperties2 properties = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, &id};
  device.api().GetPhysicalDeviceProperties2(device.physical().handle, &properties);
  return folder + "/lathe/vulkan-" + hex(id.deviceUUID, VK_UUID_SIZE) + "-" +
         hex(id.driverUUID, VK_UUID_SIZE);
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

/// What the file at `path` holds for `device`; empty where that can't be used.
static std::vector<std::byte> read(const std::string &path, const VkPhysicalDeviceProperties &device) {
  auto file = MappedFile::open(path);
  FileHeader header;
  if (!file || file->bytes().size() < sizeof header) return {};
  std::memcpy(&header, file->bytes().data(), sizeof header);
  auto bytes = file->bytes().subspan(sizeof header);
  if (std::memcmp(header.magic, kFileMagic, sizeof kFileMagic) != 0 || header.bytes != bytes.size() ||
      bytes.size() > kMostBytes)
    return {};
  // A copy: another process may replace what is mapped.
  std::vector<std::byte> copy(bytes.begin(), bytes.end());
  return hashBytes(copy) == header.hash && isOf(device, copy) ? copy : std::vector<std::byte>();
}

Result<PipelineCache> PipelineCache::open(const Device &device) {
  PipelineCache cache(device);
  std::vector<std::byte> known;
  if (!cache.path_.empty()) known = read(cache.path_, device.physical().properties);
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
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), error);
  auto file = OutputFile::create(path_);
  if (!file) return file.status();
  FileHeader header = {};
  std::memcpy(header.magic, kFileMagic, sizeof kFileMagic);
  header.bytes = bytes->size();
  header.hash = hash;
  LATHE_TRY(file->writeAt(0, std::as_bytes(std::span(&header, 1))));
  LATHE_TRY(file->writeAt(sizeof header, *bytes));
  return file->commit();
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
