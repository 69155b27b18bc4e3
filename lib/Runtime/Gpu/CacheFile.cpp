#include "Runtime/Gpu/CacheFile.h"

#include "Artifact/Hash.h"
#include "Support/MappedFile.h"
#include "Support/OutputFile.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace lathe::gpu {

namespace {
struct FileHeader {
  char kind[8];
  uint64_t bytes;
  uint64_t hash; ///< XXH3 of the bytes
};
/// A cache that has grown beyond this, over many models, starts again.
constexpr uint64_t kMostBytes = uint64_t(256) << 20;
} // namespace

std::string cachePath(const std::string &name) {
  const char *cache = std::getenv("XDG_CACHE_HOME"), *home = std::getenv("HOME");
  if (cache && cache[0] == '/') return std::string(cache) + "/lathe/" + name;
  if (home && home[0] == '/') return std::string(home) + "/.cache/lathe/" + name;
  return "";
}

std::string hex(std::span<const std::byte> bytes) {
  static const char digits[] = "0123456789abcdef";
  std::string text;
  for (std::byte byte : bytes) text += {digits[int(byte) >> 4], digits[int(byte) & 15]};
  return text;
}

std::vector<std::byte> readCacheFile(const std::string &path, std::string_view kind) {
  auto file = MappedFile::open(path);
  FileHeader header;
  if (!file || file->bytes().size() < sizeof header) return {};
  std::memcpy(&header, file->bytes().data(), sizeof header);
  auto bytes = file->bytes().subspan(sizeof header);
  if (std::memcmp(header.kind, kind.data(), sizeof header.kind) != 0 || header.bytes != bytes.size() ||
      bytes.size() > kMostBytes)
    return {};
  // A copy: another process may replace what is mapped.
  std::vector<std::byte> copy(bytes.begin(), bytes.end());
  return hashBytes(copy) == header.hash ? copy : std::vector<std::byte>();
}

Status writeCacheFile(const std::string &path, std::string_view kind, std::span<const std::byte> bytes) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  auto file = OutputFile::create(path);
  if (!file) return file.status();
  FileHeader header = {};
  std::memcpy(header.kind, kind.data(), sizeof header.kind);
  header.bytes = bytes.size();
  header.hash = hashBytes(bytes);
  LATHE_TRY(file->writeAt(0, std::as_bytes(std::span(&header, 1))));
  LATHE_TRY(file->writeAt(sizeof header, bytes));
  return file->commit();
}

void pruneCache(const std::string &prefix, size_t most) {
  namespace fs = std::filesystem;
  std::vector<std::pair<fs::file_time_type, fs::path>> files;
  std::error_code error;
  for (fs::directory_iterator at(fs::path(cachePath(prefix)).parent_path(), error), end; !error && at != end;
       at.increment(error))
    if (at->path().filename().string().rfind(prefix, 0) == 0)
      files.push_back({at->last_write_time(error), at->path()});
  std::sort(files.begin(), files.end());
  for (size_t i = 0; i + most < files.size(); ++i) fs::remove(files[i].second, error);
}

} // namespace lathe::gpu
