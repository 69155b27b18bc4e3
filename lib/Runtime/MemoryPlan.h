// What a session will take, computed before anything is loaded.
#pragma once

#include "Runtime/LoadedModel.h"
#include "Runtime/Memory.h"

namespace lathe {

/// As in lathe_session_options: zero means the default.
struct SessionOptions {
  uint32_t threads = 0;
  uint32_t context = 0;
  uint32_t slots = 0;
  uint64_t poolPositions = 0;
  uint64_t memoryLimit = 0;
  std::string variant;
  bool preload = false;
  std::function<bool(uint64_t, uint64_t)> progress; ///< false stops
};

/// The options with every default filled in, and bytes.
struct MemoryPlan {
  uint32_t threads = 0, context = 0, slots = 0, blocks = 0;
  uint32_t maxResults = 0;    ///< result rows that are kept
  uint32_t resultColumns = 0; ///< the widest result
  uint64_t scratchPerThread = 0;
  uint64_t weights = 0, code = 0, pool = 0, fixed = 0, arena = 0, scratch = 0, host = 0;
  uint64_t available = 0, total = 0;
  uint64_t needed() const;
};

/// Fails with InvalidArgument where an option is out of range.
Result<MemoryPlan> planMemory(const LoadedModel &model, const SessionOptions &options);

/// Fails with OutOfMemory, saying what is needed, what there is, and which smaller context would fit.
Status checkFits(const MemoryPlan &plan, const LoadedModel &model);

} // namespace lathe
