#include "Compiler/Targets.h"

#include "Codegen/CPU/CompileProgram.h"
#include "Codegen/GPU/CompileProgram.h"

using namespace llvm;

namespace lathe {

static std::vector<StringRef> cpuNames() {
  std::vector<StringRef> names;
  for (const CpuVariant &variant : cpuVariants()) names.push_back(variant.name);
  return names;
}

template <GpuTarget target> static std::vector<StringRef> gpuNames() {
  std::vector<StringRef> names;
  for (const GpuVariant &variant : gpuVariants(target)) names.push_back(variant.name);
  return names;
}

static const CompileTarget kTargets[] = {
    {"cpu", true, cpuNames, compileCpuProgram},
    {"vulkan", false, gpuNames<GpuTarget::Vulkan>, compileGpuProgram},
    {"cuda", false, gpuNames<GpuTarget::Cuda>, compileGpuProgram},
};

ArrayRef<CompileTarget> compileTargets() { return kTargets; }

const CompileTarget *findCompileTarget(StringRef name) {
  for (const CompileTarget &target : kTargets)
    if (target.name == name) return &target;
  return nullptr;
}

std::string compileTargetNames() {
  std::string names;
  for (const CompileTarget &target : kTargets) names += (names.empty() ? "" : ", ") + target.name.str();
  return names;
}

} // namespace lathe
