// Which options the --help of a tool lists.
#pragma once

#include "llvm/Support/CommandLine.h"

namespace lathe {

/// Leaves the options of LLVM's own libraries, hundreds of them, to --help-hidden. To be called first, before
/// a tool's options are registered.
inline void hideLlvmOptions() {
  auto isHelp = [](const llvm::cl::OptionCategory *category) {
    return category->getName() == "Generic Options";
  };
  for (auto &[name, option] : llvm::cl::getRegisteredOptions())
    if (option->getOptionHiddenFlag() == llvm::cl::NotHidden && llvm::none_of(option->Categories, isHelp))
      option->setHiddenFlag(llvm::cl::Hidden);
}

} // namespace lathe
