// A program's kernels, compiled by the driver.
#pragma once

#include "Artifact/Artifact_generated.h"
#include "Runtime/Cuda/Device.h"

#include <span>
#include <vector>

namespace lathe::cuda {

/// The functions of one variant's PTX. What the driver makes of the text is kept in a file per text, device
/// and driver, in $XDG_CACHE_HOME/lathe or ~/.cache/lathe; one that is missing or damaged is made anew, and a
/// folder that can't be written costs only time.
class Kernels {
public:
  /// `ptx` ends in a NUL. Fails with Unsupported, and the compiler's log, where the driver refuses the text.
  static Result<Kernels> load(Device &device, const fb::Program &program, std::span<const std::byte> ptx);

  /// By the number in Variant.entries, of kernels that some entry launches.
  CUfunction function(uint32_t code) const { return functions_[code]; }

private:
  Status find(Device &device, const fb::Program &program);
  Module module_;
  std::vector<CUfunction> functions_;
};

} // namespace lathe::cuda
