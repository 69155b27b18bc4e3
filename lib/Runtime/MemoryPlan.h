// What a session will take, computed before anything is loaded.
#pragma once

#include "Runtime/ChooseDevice.h"
#include "Runtime/LoadedModel.h"
#include "Runtime/Memory.h"

namespace lathe {

/// As in lathe_session_options: zero means the default.
struct SessionOptions {
  DeviceChoice device;
  uint32_t threads = 0;
  uint32_t context = 0;
  uint32_t slots = 0;
  uint64_t poolPositions = 0;
  uint64_t memoryLimit = 0;
  std::string variant;
  bool preload = false;
  std::function<bool(uint64_t, uint64_t)> progress; ///< false stops
};

/// The options with every default filled in, and bytes. A GPU's program has memory of its own; a CPU's lives
/// in the host's, but for weights and code, which are pages of the file.
struct MemoryPlan {
  bool onDevice = false; ///< what is of the program lies in device memory
  uint32_t threads = 0, context = 0, slots = 0, blocks = 0;
  uint32_t maxResults = 0;       ///< result rows that are kept
  uint32_t resultColumns = 0;    ///< the widest result
  uint64_t scratchPerThread = 0; ///< 0 on a device: there it is per work item (KernelClass.scratch_bytes)

  // Of the program. On a device, scratch is that of the launch with the most, and tables are the batch's.
  uint64_t weights = 0, code = 0, pool = 0, fixed = 0, arena = 0, scratch = 0, tables = 0;
  /// Of the host alone: tables, results that are kept; with a device also the result rows that come back.
  uint64_t host = 0;
  uint64_t resultBytes = 0; ///< of all rows of the largest result
  uint64_t sourceBytes = 0; ///< of one row that a draw may ask for; 0: no entry finds candidates
  uint64_t drawBytes = 0;   ///< of the draws of one call, where a device finds candidates

  MachineMemory hostMemory = {}, deviceMemory = {}; ///< 0: not known, since the device is not here
  /// What must be taken anew: weights and code only where they are copied.
  uint64_t hostNeeded() const;
  uint64_t deviceNeeded() const;
};

/// Fails with InvalidArgument where an option is out of range.
Result<MemoryPlan> planMemory(const LoadedModel &model, const ChosenDevice &device,
                              const SessionOptions &options);

/// Fails with OutOfMemory, saying what is needed, what there is, and which smaller context would fit.
Status checkFits(const MemoryPlan &plan, const ChosenDevice &device);

} // namespace lathe
