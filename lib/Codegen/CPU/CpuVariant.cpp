#include "Codegen/CPU/CpuVariant.h"

using llvm::StringRef;

namespace lathe {

static constexpr StringRef kAvx2Features[] = {"avx2", "fma", "f16c", "bmi1", "bmi2", "movbe", "popcnt"};
static constexpr StringRef kAvx512Features[] = {
    "avx2",    "fma",      "f16c",     "bmi1",     "bmi2",     "movbe",       "popcnt",
    "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl", "avx512_vnni", "avx512_vbmi2"};

// A further set (AMX, say) is one more line; kernels ask for what they need by its fields.
static const CpuVariant kVariants[] = {
    {"avx2", "x86-64-v3", "", kAvx2Features, 256, false, false},
    {"avx512vnni", "x86-64-v4", "+avx512vnni,-prefer-256-bit",
     llvm::ArrayRef(kAvx512Features).drop_back(), 512, true, false},
};
static const CpuVariant kAvx512ForBitmaps = {
    "avx512vnni", "x86-64-v4", "+avx512vnni,+avx512vbmi2,-prefer-256-bit", kAvx512Features, 512, true, true};

llvm::ArrayRef<CpuVariant> cpuVariants() { return kVariants; }

const CpuVariant *findCpuVariant(StringRef name) {
  for (const CpuVariant &variant : kVariants)
    if (variant.name == name) return &variant;
  return nullptr;
}

const CpuVariant &forBitmaps(const CpuVariant &variant) {
  return variant.name == kAvx512ForBitmaps.name ? kAvx512ForBitmaps : variant;
}

} // namespace lathe
