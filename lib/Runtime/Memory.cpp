#include "Runtime/Memory.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <sys/mman.h>

namespace lathe {

Result<Region> Region::allocate(uint64_t bytes, const char *what) {
  Region region;
  if (bytes == 0) return region;
  void *data = bytes > SIZE_MAX / 2
                   ? MAP_FAILED
                   : mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED)
    return Status(Code::OutOfMemory,
                  std::string("the system has no ") + formatBytes(bytes) + " for the " + what);
  // Large pages where the system offers them: fewer misses while attention walks the pool.
  madvise(data, bytes, MADV_HUGEPAGE);
  region.data_ = static_cast<std::byte *>(data);
  region.bytes_ = bytes;
  return region;
}

Region::~Region() {
  if (data_) munmap(data_, bytes_);
}

/// The value of the line "<key> <number>" in a file of such lines; `missing` where there is none.
static uint64_t readKey(const std::string &path, const char *key, uint64_t missing) {
  FILE *file = std::fopen(path.c_str(), "re");
  if (!file) return missing;
  char line[256];
  uint64_t value = missing;
  size_t length = std::strlen(key);
  while (std::fgets(line, sizeof line, file))
    if (std::strncmp(line, key, length) == 0 && (line[length] == ' ' || line[length] == ':')) {
      value = std::strtoull(line + length + 1, nullptr, 10);
      break;
    }
  std::fclose(file);
  return value;
}

/// The number that a file holds; `missing` where it is absent or says "max".
static uint64_t readNumber(const std::string &path, uint64_t missing) {
  FILE *file = std::fopen(path.c_str(), "re");
  if (!file) return missing;
  unsigned long long value = 0;
  bool found = std::fscanf(file, "%llu", &value) == 1;
  std::fclose(file);
  return found ? value : missing;
}

static void limitBy(MachineMemory &memory, const std::string &folder, const char *limitName,
                    const char *usageName) {
  uint64_t limit = readNumber(folder + limitName, UINT64_MAX);
  if (limit >= memory.total) return; // version 1 says "no limit" with a huge number
  uint64_t usage = readNumber(folder + usageName, 0);
  uint64_t cache = readKey(folder + "/memory.stat", "inactive_file", 0) +
                   readKey(folder + "/memory.stat", "active_file", 0);
  usage -= std::min(usage, cache);
  memory.total = limit;
  memory.available = std::min(memory.available, limit - std::min(limit, usage));
}

MachineMemory machineMemory() {
  MachineMemory memory;
  memory.total = readKey("/proc/meminfo", "MemTotal", UINT64_MAX / 2048) * 1024;
  memory.available = readKey("/proc/meminfo", "MemAvailable", memory.total / 1024) * 1024;
  FILE *file = std::fopen("/proc/self/cgroup", "re");
  char line[4096];
  while (file && std::fgets(line, sizeof line, file)) {
    // "0::/user.slice/..." in version 2, "7:memory:/..." in version 1.
    std::string text(line, std::strcspn(line, "\n"));
    size_t first = text.find(':'), second = text.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    std::string controllers = text.substr(first + 1, second - first - 1), path = text.substr(second + 1);
    bool v1 = controllers.find("memory") != std::string::npos;
    if (!v1 && !controllers.empty()) continue;
    std::string root = v1 ? "/sys/fs/cgroup/memory" : "/sys/fs/cgroup";
    for (;; path.resize(path.rfind('/'))) {
      if (path == "/") path.clear();
      if (v1)
        limitBy(memory, root + path, "/memory.limit_in_bytes", "/memory.usage_in_bytes");
      else
        limitBy(memory, root + path, "/memory.max", "/memory.current");
      if (path.empty() || path.rfind('/') == std::string::npos) break;
    }
  }
  if (file) std::fclose(file);
  return memory;
}

std::string formatBytes(uint64_t bytes) {
  const char *units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  int unit = 0;
  for (; value >= 1024 && unit < 4; ++unit) value /= 1024;
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
  return text;
}

} // namespace lathe
