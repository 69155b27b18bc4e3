#include "Runtime/Vulkan/Module.h"

#include <cstring>
#include <string>
#include <string_view>

namespace lathe::vulkan {

namespace {
constexpr uint32_t kMagic = 0x07230203;
constexpr size_t kHeaderWords = 5;
constexpr uint32_t kOpEntryPoint = 15, kOpExecutionMode = 16;
constexpr uint32_t kGLCompute = 5, kLocalSize = 17;

class ModuleChecker {
public:
  ModuleChecker(std::span<const std::byte> module, uint32_t threads) : module_(module), threads_(threads) {}

  Status check() {
    size_t words = module_.size() / 4;
    if (module_.size() % 4 != 0 || words < kHeaderWords || word(0) != kMagic) return corrupt("is not SPIR-V");
    for (size_t at = kHeaderWords; at < words;) {
      size_t length = word(at) >> 16;
      if (length == 0 || length > words - at) return corrupt("has an instruction that leaves it");
      uint32_t opcode = word(at) & 0xffff;
      if (opcode == kOpEntryPoint) LATHE_TRY(entryPoint(at, length));
      if (opcode == kOpExecutionMode) LATHE_TRY(executionMode(at, length));
      at += length;
    }
    if (!entry_) return corrupt("has no entry point");
    if (!sized_) return corrupt("does not say how large its work groups are");
    return {};
  }

private:
  static Status corrupt(const std::string &what) { return Status(Code::Corrupt, "the module " + what); }

  uint32_t word(size_t index) const {
    uint32_t value;
    std::memcpy(&value, module_.data() + index * 4, sizeof value);
    return value;
  }

  /// OpEntryPoint model function name interfaces...
  Status entryPoint(size_t at, size_t length) {
    if (length < 5 || word(at + 1) != kGLCompute) return corrupt("has an entry point that does not compute");
    std::string_view name(reinterpret_cast<const char *>(module_.data() + (at + 3) * 4), 5);
    if (entry_ || name != std::string_view("main", 5)) return corrupt("has another entry point than 'main'");
    entry_ = true;
    return {};
  }

  /// OpExecutionMode function LocalSize x y z
  Status executionMode(size_t at, size_t length) {
    if (length < 3 || word(at + 2) != kLocalSize) return {};
    if (length != 6) return corrupt("is mangled where it says how large its work groups are");
    if (word(at + 3) != threads_ || word(at + 4) != 1 || word(at + 5) != 1)
      return corrupt("has work groups of " + std::to_string(word(at + 3)) + " x " +
                     std::to_string(word(at + 4)) + " x " + std::to_string(word(at + 5)) +
                     " threads, the kernel says " + std::to_string(threads_));
    sized_ = true;
    return {};
  }

  std::span<const std::byte> module_;
  uint32_t threads_;
  bool entry_ = false, sized_ = false;
};
} // namespace

Status checkModule(std::span<const std::byte> module, uint32_t threads) {
  return ModuleChecker(module, threads).check();
}

} // namespace lathe::vulkan
