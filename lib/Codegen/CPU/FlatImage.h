// Objects linked to one flat image: what lies in the artifact and is mapped as it is.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <string>
#include <vector>

namespace lathe {

struct FlatImage {
  std::vector<char> bytes;
  std::vector<uint64_t> entries; ///< offset of each symbol asked for
};

/// Links `objects` (ELF, x86-64) at address 0. Refuses what a mapped image can't have: undefined symbols,
/// writable data, relocations that are not relative to the code.
llvm::Expected<FlatImage> linkFlatImage(llvm::ArrayRef<llvm::ArrayRef<char>> objects,
                                        llvm::ArrayRef<std::string> symbols);

} // namespace lathe
