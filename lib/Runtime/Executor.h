// What runs a program on one device.
#pragma once

#include "Artifact/KernelABI.h"
#include "Runtime/StateMemory.h"

#include <atomic>

namespace lathe {

/// Owns all that a program needs where it runs: weights, code, arena, scratch, states. One thread at a time.
class Executor {
public:
  virtual ~Executor() = default;

  /// Runs entry number `entry` on a batch in host memory, whose arrays live until the call returns.
  /// `blockTables` has a row of `blocksPerSlot` numbers for each of the plan's slots.
  /// False where `cancel` (may be null) stopped it. Fails with DeviceLost, and then again at every call.
  /// Allocates nothing once a batch of this size was seen.
  virtual Result<bool> run(uint32_t entry, const KernelBatch &batch, const std::atomic<bool> *cancel) = 0;

  /// Row `row` of the entry's result domain, as the last run left it, in host memory: valid until the next
  /// run, and may be written to. An entry of rows gives each row of the batch, one of outputs each output,
  /// one of sequences each sequence.
  virtual float *result(uint32_t entry, int32_t row) = 0;

  /// Row `row` of the source of an entry's result (fb::Entry), as the last run left it: fetched from where
  /// the program runs, valid until the next run or call of this.
  virtual Result<const float *> source(uint32_t entry, int32_t row) = 0;

  virtual StateMemory &states() = 0;
};

} // namespace lathe
