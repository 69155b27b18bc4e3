// The instruction sets that CPU code is generated for.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace lathe {

/// One instruction set: how LLVM is told to generate it, and what a machine must have to run it.
struct CpuVariant {
  llvm::StringRef name;           ///< "avx2", as stored in the artifact and given on the command line
  llvm::StringRef cpu;            ///< LLVM's name of the CPU level it starts from
  llvm::StringRef targetFeatures; ///< LLVM features on top of it
  llvm::ArrayRef<llvm::StringRef> requiredFeatures; ///< names as in /proc/cpuinfo
  unsigned vectorBits;                              ///< widest register worth using
  bool hasVnni;                                     ///< vpdpbusd on registers of vectorBits
  bool hasExpand;                                   ///< vpexpandb and its like

  /// Lanes of f32 in one register.
  int64_t f32Lanes() const { return vectorBits / 32; }
};

/// All variants, in ascending order of capability.
llvm::ArrayRef<CpuVariant> cpuVariants();

/// The variant of that name, or nullptr.
const CpuVariant *findCpuVariant(llvm::StringRef name);

/// The variant for a program that expands bitmaps. Of AVX-512 that takes VBMI2, which not every machine with
/// VNNI has; such a machine then runs AVX2 code.
const CpuVariant &forBitmaps(const CpuVariant &variant);

} // namespace lathe
