// The kinds of GPU that code is generated for.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace lathe {

enum class GpuTarget { Vulkan, Cuda };

/// What the matrix units multiply: tiles of a warp (mma.sync), their operands copied to work-group memory
/// past the registers (cp.async).
struct MatrixProducts {
  bool halves = false; ///< bf16, f16: 16 x 8 x 16
  bool bytes = false;  ///< signed by unsigned: 16 x 8 x 32
  bool warpgroups = false; ///< four warps together, what each could by itself (wgmma)
};

/// One class of devices: what emitters may use, and what a device must have to run it.
struct GpuVariant {
  llvm::StringRef name; ///< "vulkan1.2", "sm_80", as stored in the artifact and given on the command line
  GpuTarget target;
  llvm::StringRef arch;                             ///< "spirv", "nvptx64", as stored in the artifact
  llvm::ArrayRef<llvm::StringRef> requiredFeatures; ///< names of Vulkan's features, or the architecture
  llvm::StringRef ptxVersion;                       ///< LLVM's feature of the PTX version; empty on Vulkan
  int64_t subgroupSize;                             ///< 0 where devices differ
  bool hasDot4;                                     ///< four products of bytes and their sum in one instruction
  MatrixProducts matrixUnits;                       ///< none where tiles are smaller or their forms fewer

  bool isCuda() const { return target == GpuTarget::Cuda; }
};

/// The variants of one target, in ascending order of capability.
llvm::ArrayRef<GpuVariant> gpuVariants(GpuTarget target);

/// The variant of that name, or nullptr.
const GpuVariant *findGpuVariant(llvm::StringRef name);

} // namespace lathe
