// What code generation gives for a program, whatever the target.
#pragma once

#include "Codegen/Kernel/KernelEmitter.h"

namespace lathe {

/// The code of all kernels for one kind of machine; fb::Variant says what an image holds on each target.
struct VariantCode {
  std::string arch, name;
  std::vector<std::string> features; ///< what the machine must have
  std::vector<char> image;
  std::vector<uint64_t> entries; ///< one for every (kernel, class), kernel-major
};

struct ProgramCode {
  std::vector<PlannedKernel> kernels;
  std::vector<VariantCode> variants; ///< in the order asked for; on GPUs without those that add nothing
};

/// Which texts to keep of what lies between.
struct CodegenTexts {
  std::string *kernels = nullptr;  ///< what the emitters produce
  std::string *llvm = nullptr;     ///< LLVM IR, optimized
  std::string *assembly = nullptr; ///< the machine's, PTX, or SPIR-V
};

} // namespace lathe
