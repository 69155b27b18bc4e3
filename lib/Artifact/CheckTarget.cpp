#include "Artifact/CheckTarget.h"

#include "Artifact/CheckProgram.h"
#include "Artifact/KernelABI.h"

#include <charconv>
#include <cstring>
#include <map>
#include <set>
#include <string_view>

namespace lathe {

namespace {
constexpr std::string_view kSpirv = "spirv", kPtx = "nvptx64";
constexpr uint32_t kSpirvMagic = 0x07230203;
constexpr uint64_t kSpirvHeaderBytes = 20, kSpirvWord = 4;
} // namespace

/// What the code of a GPU's program is made for; empty for CPUs.
static std::string_view archOf(std::string_view target) {
  if (target == "vulkan") return kSpirv;
  return target == "cuda" ? kPtx : std::string_view();
}

static Status checkThreads(uint32_t threads) {
  if (threads != 0 && threads <= kMaxGroupThreads && threads % kGroupThreadsStep == 0) return {};
  return corrupt("has work groups of " + std::to_string(threads) + " threads");
}

static Status checkKernels(const fb::Program &program, bool gpu) {
  for (const fb::Kernel *kernel : *program.kernels()) {
    std::string name = "kernel '" + kernel->name()->str() + "'";
    if (gpu && kernel->bindings() + 2 > kMaxKernelAddresses)
      return corrupt(name + " takes " + std::to_string(kernel->bindings()) + " operands, on a GPU at most " +
                     std::to_string(kMaxKernelAddresses - 2) + " are possible");
    for (const fb::KernelClass *kernelClass : *kernel->classes()) {
      if (!gpu && (kernelClass->threads() != 0 || kernelClass->join()))
        return corrupt(name + " has work groups or a join, which CPUs have not");
      if (!gpu) continue;
      LATHE_TRY(checkThreads(kernelClass->threads()).in(name));
      if (kernelClass->join()) LATHE_TRY(checkThreads(kernelClass->join()->threads()).in(name + ", join"));
    }
  }
  return {};
}

/// Each module begins at a word behind the one before and has at least its header.
static Status checkModules(const fb::Variant &variant) {
  if (variant.bytes() % kSpirvWord != 0) return corrupt("its modules are not whole words");
  const auto &entries = *variant.entries();
  for (uint32_t i = 0; i < entries.size(); ++i) {
    uint64_t begin = entries[i], end = i + 1 < entries.size() ? entries[i + 1] : variant.bytes();
    if (begin % kSpirvWord != 0 || end < begin || end - begin < kSpirvHeaderBytes)
      return corrupt("module " + std::to_string(i) + " is misaligned, out of order or cut short");
  }
  return {};
}

/// The 80 of "sm_80", "sm_90a"; 0 where `name` is no such name.
static unsigned computeCapability(std::string_view name) {
  unsigned number = 0;
  if (name.substr(0, 3) != "sm_") return 0;
  const char *begin = name.data() + 3, *end = name.data() + name.size();
  auto [rest, error] = std::from_chars(begin, end, number);
  bool suffixed = end - rest == 1 && (*rest == 'a' || *rest == 'f');
  return error == std::errc() && (rest == end || suffixed) ? number : 0;
}

static Status checkPtx(const fb::Variant &variant) {
  if (computeCapability(variant.name()->string_view()) == 0)
    return corrupt("its name says no compute capability, as sm_80 does");
  if (variant.features()->size() != 1 || variant.features()->Get(0)->str() != variant.name()->str())
    return corrupt("the features of PTX are its name");
  for (uint64_t offset : *variant.entries())
    if (offset != 0) return corrupt("functions of PTX are found by name, not by code entries");
  return {};
}

static Status checkArch(const fb::Variant &variant, std::string_view expected) {
  std::string_view arch = variant.arch()->string_view();
  bool gpu = arch == kSpirv || arch == kPtx;
  if (expected.empty() ? gpu : arch != expected)
    return corrupt("code for " + std::string(arch) + " is in a program for another kind of device");
  if (arch == kSpirv) return checkModules(variant);
  return arch == kPtx ? checkPtx(variant) : Status();
}

Status checkTarget(const fb::Program &program) {
  std::string_view target = program.target()->string_view(), arch = archOf(target);
  if (arch.empty() && target != "cpu") return corrupt("unknown target '" + std::string(target) + "'");
  LATHE_TRY(checkKernels(program, !arch.empty()));
  unsigned before = 0;
  for (uint32_t i = 0; i < program.variants()->size(); ++i) {
    const fb::Variant &variant = *program.variants()->Get(i);
    std::string place = "variants[" + std::to_string(i) + "] '" + variant.name()->str() + "'";
    LATHE_TRY(checkArch(variant, arch).in(place));
    if (arch != kPtx) continue;
    // sm_90 and sm_90a may both be there.
    unsigned capability = computeCapability(variant.name()->string_view());
    if (capability < before)
      return corrupt("variants are not in ascending order of compute capability").in(place);
    before = capability;
  }
  return {};
}

Status checkPrograms(const fb::Header &header) {
  std::set<std::string_view> targets;
  std::map<std::string_view, const fb::Entry *> entries;
  for (const fb::Program *program : *header.programs()) {
    if (!targets.insert(program->target()->string_view()).second)
      return corrupt("two programs for " + program->target()->str());
    for (const fb::Entry *entry : *program->entries()) {
      const fb::Entry *first = entries.emplace(entry->name()->string_view(), entry).first->second;
      if (entry->result_columns() != first->result_columns() ||
          entry->result_domain() != first->result_domain())
        return corrupt("entry '" + entry->name()->str() + "' has another result for " +
                       program->target()->str() + " than for other targets");
    }
  }
  return {};
}

Status checkImage(const fb::Variant &variant, std::span<const std::byte> image) {
  if (variant.arch()->string_view() == kPtx && std::memchr(image.data(), 0, image.size()) != &image.back())
    return corrupt("PTX must be one text with a zero byte at its end");
  if (variant.arch()->string_view() != kSpirv) return {};
  for (uint64_t offset : *variant.entries()) {
    uint32_t magic;
    std::memcpy(&magic, image.data() + offset, sizeof magic);
    if (magic != kSpirvMagic) return corrupt("the module at " + std::to_string(offset) + " is not SPIR-V");
  }
  return {};
}

} // namespace lathe
