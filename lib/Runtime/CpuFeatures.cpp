#include "Runtime/CpuFeatures.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace lathe {

static std::string normalized(std::string_view name) {
  std::string result;
  for (char c : name)
    if (c != '_' && c != '-' && c != '.') result += c;
  return result;
}

#if defined(__x86_64__)

namespace {
enum Register { Eax, Ebx, Ecx, Edx };
// Parts of XCR0 that the OS must have switched on.
enum : uint64_t { NoState = 0, Ymm = 0x6, Zmm = 0xe6, Tiles = 0x60000 };
struct Feature {
  const char *name;
  uint32_t leaf, subleaf;
  Register reg;
  unsigned bit;
  uint64_t state;
};
// Intel SDM volume 2, CPUID.
constexpr Feature kFeatures[] = {
    {"sse3", 1, 0, Ecx, 0, NoState},
    {"ssse3", 1, 0, Ecx, 9, NoState},
    {"fma", 1, 0, Ecx, 12, Ymm},
    {"cx16", 1, 0, Ecx, 13, NoState},
    {"sse41", 1, 0, Ecx, 19, NoState},
    {"sse42", 1, 0, Ecx, 20, NoState},
    {"movbe", 1, 0, Ecx, 22, NoState},
    {"popcnt", 1, 0, Ecx, 23, NoState},
    {"avx", 1, 0, Ecx, 28, Ymm},
    {"f16c", 1, 0, Ecx, 29, Ymm},
    {"bmi1", 7, 0, Ebx, 3, NoState},
    {"avx2", 7, 0, Ebx, 5, Ymm},
    {"bmi2", 7, 0, Ebx, 8, NoState},
    {"avx512f", 7, 0, Ebx, 16, Zmm},
    {"avx512dq", 7, 0, Ebx, 17, Zmm},
    {"avx512ifma", 7, 0, Ebx, 21, Zmm},
    {"avx512cd", 7, 0, Ebx, 28, Zmm},
    {"avx512bw", 7, 0, Ebx, 30, Zmm},
    {"avx512vl", 7, 0, Ebx, 31, Zmm},
    {"avx512vbmi", 7, 0, Ecx, 1, Zmm},
    {"avx512vbmi2", 7, 0, Ecx, 6, Zmm},
    {"avx512vnni", 7, 0, Ecx, 11, Zmm},
    {"avx512bitalg", 7, 0, Ecx, 12, Zmm},
    {"avx512vpopcntdq", 7, 0, Ecx, 14, Zmm},
    {"amxbf16", 7, 0, Edx, 22, Tiles},
    {"avx512fp16", 7, 0, Edx, 23, Zmm},
    {"amxtile", 7, 0, Edx, 24, Tiles},
    {"amxint8", 7, 0, Edx, 25, Tiles},
    {"avxvnni", 7, 1, Eax, 4, Ymm},
    {"avx512bf16", 7, 1, Eax, 5, Zmm},
    {"amxfp16", 7, 1, Eax, 21, Tiles},
    {"abm", 0x80000001, 0, Ecx, 5, NoState},
    {"lzcnt", 0x80000001, 0, Ecx, 5, NoState},
};

uint64_t enabledState() {
  uint32_t a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & (1u << 27))) return 0; // no OSXSAVE
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return uint64_t(high) << 32 | low;
}
} // namespace

const char *CpuFeatures::architecture() { return "x86_64"; }

CpuFeatures CpuFeatures::probe() {
  std::vector<std::string> names = {"sse", "sse2"};
  uint64_t enabled = enabledState();
  for (const Feature &feature : kFeatures) {
    uint32_t registers[4];
    if (!__get_cpuid_count(feature.leaf, feature.subleaf, &registers[0], &registers[1], &registers[2],
                           &registers[3]))
      continue;
    bool present = registers[feature.reg] >> feature.bit & 1;
    if (present && (enabled & feature.state) == feature.state) names.push_back(feature.name);
  }
  CpuFeatures features(std::move(names));
  auto all = {"avx2", "avx", "bmi1", "bmi2", "f16c", "fma", "lzcnt", "movbe", "popcnt", "sse42"};
  if (std::all_of(all.begin(), all.end(), [&](const char *name) { return features.has(name); })) {
    features.names_.push_back("x8664v3");
    std::sort(features.names_.begin(), features.names_.end());
  }
  return features;
}

std::string cpuName() {
  uint32_t brand[13] = {}; // 48 characters and a final zero
  for (uint32_t i = 0; i < 3; ++i)
    if (uint32_t *part = brand + 4 * i; !__get_cpuid(0x80000002 + i, part, part + 1, part + 2, part + 3))
      break;
  std::string name = reinterpret_cast<const char *>(brand);
  size_t first = name.find_first_not_of(' '), last = name.find_last_not_of(' ');
  return first == std::string::npos ? CpuFeatures::architecture() : name.substr(first, last - first + 1);
}

bool enableFeature(std::string_view feature) {
  if (normalized(feature).substr(0, 3) != "amx") return true;
  constexpr int requestPermission = 0x1023, tileData = 18; // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, requestPermission, tileData) == 0;
}

#else

const char *CpuFeatures::architecture() {
#if defined(__aarch64__)
  return "aarch64";
#else
  return "unknown";
#endif
}
CpuFeatures CpuFeatures::probe() { return CpuFeatures({}); }
std::string cpuName() { return CpuFeatures::architecture(); }
bool enableFeature(std::string_view) { return true; }

#endif

const CpuFeatures &CpuFeatures::here() {
  static const CpuFeatures features = probe();
  return features;
}

CpuFeatures::CpuFeatures(std::vector<std::string> names) {
  for (const std::string &name : names) names_.push_back(normalized(name));
  std::sort(names_.begin(), names_.end());
}

bool CpuFeatures::has(std::string_view name) const {
  return std::binary_search(names_.begin(), names_.end(), normalized(name));
}

unsigned usableCores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  unsigned cores = sched_getaffinity(0, sizeof set, &set) == 0 ? static_cast<unsigned>(CPU_COUNT(&set)) : 1u;
  // A container's quota: threads beyond it only take turns, and spinning eats it up.
  if (FILE *file = std::fopen("/sys/fs/cgroup/cpu.max", "re")) {
    long long quota = 0, period = 0;
    if (std::fscanf(file, "%lld %lld", &quota, &period) == 2 && quota > 0 && period > 0)
      cores = std::min<unsigned>(
          cores, static_cast<unsigned>(std::min<long long>((quota + period - 1) / period, 4096)));
    std::fclose(file);
  }
  return std::max(cores, 1u);
}

} // namespace lathe
