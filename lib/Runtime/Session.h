// Runs batches of one model on one device: memory, executor and slots together.
#pragma once

#include "Runtime/BatchTables.h"
#include "Runtime/BlockPool.h"
#include "Runtime/Draws.h"
#include "Runtime/Executor.h"
#include "Runtime/MemoryPlan.h"

#include <atomic>

namespace lathe {

/// What a row's result is.
enum class Want : uint8_t { Nothing = 0, Logits = 1, Hidden = 2, Token = 3 };

/// As lathe_batch in lathe/runtime.h.
struct StepBatch {
  std::span<const int32_t> tokens;
  std::span<const int32_t> slots;
  const uint8_t *wants = nullptr;
  /// One for each row that wants a token, in batch order.
  std::span<const Draw> draws;
  /// Not 0 stops. Null: results are kept.
  int (*result)(void *user, size_t row, const float *values, size_t columns) = nullptr;
  void *resultUser = nullptr;
};

/// One thread at a time, save for cancel(). step() and embed() allocate nothing.
class Session {
public:
  static Result<std::unique_ptr<Session>> create(std::shared_ptr<LoadedModel> model,
                                                 const SessionOptions &options,
                                                 std::span<const Backend> among = backends());

  Status step(const StepBatch &batch);
  /// Vectors of `sequences` one after the other, [lengths.size()][columns].
  Status embed(std::span<const uint32_t> lengths, const int32_t *tokens, float *vectors);
  /// Stops the running call, or the next. Any thread, any time, signal handlers too.
  void cancel() { cancel_.store(true, std::memory_order_relaxed); }

  /// Of the last step: the index-th wanted row in batch order.
  Result<std::span<float>> result(size_t index) const;
  /// The same for rows that wanted a token. Its status is that of the draw.
  Result<DrawnToken> token(size_t index) const;

  BlockPool &pool() { return *pool_; }
  const BlockPool &pool() const { return *pool_; }
  /// Fails with InvalidArgument where `slot` is none.
  Status checkSlot(int32_t slot) const;
  const LoadedModel &model() const { return *model_; }
  const MemoryPlan &plan() const { return plan_; }
  const ChosenDevice &device() const { return device_; }
  const fb::Program &program() const { return *device_.program; }
  /// Names the artifact and the layout of its states, for saved slots.
  uint64_t stateHash() const;

private:
  struct KeptResult {
    size_t row; ///< in the caller's batch
    float *values;
  };
  Session(std::shared_ptr<LoadedModel> model, const ChosenDevice &device, const MemoryPlan &plan)
      : model_(std::move(model)), device_(device), plan_(plan), tables_(device.program->max_rows()) {}
  Status load(const SessionOptions &options);

  // The parts of a step, in order.
  Status checkRows(const StepBatch &batch, size_t &wanted);
  Status chooseEntry();
  Status checkWanted(const StepBatch &batch, size_t wanted);
  Status checkRoom() const;
  Status fillChunk(const StepBatch &batch);
  Status fillSequence(const StepBatch &batch, int32_t slot);
  bool wantsRow(const StepBatch &batch, size_t row, uint32_t rowsLeft) const;
  KernelBatch sealTables(bool countOutputs);
  Status runChunk(bool &cancelled);
  Status deliver(const StepBatch &batch, bool inPlace);
  // Of a step that wants tokens (Draws.cpp).
  Status checkDraws(const StepBatch &batch, size_t wanted);
  void addDraw(const StepBatch &batch, size_t row);
  Status drawTokens();
  Status stopped();

  uint32_t maxRows() const { return program().max_rows(); }
  float *wantedResult(uint32_t index) const;

  std::shared_ptr<LoadedModel> model_;
  ChosenDevice device_;
  MemoryPlan plan_;
  Region kept_;
  std::unique_ptr<Executor> executor_;
  std::unique_ptr<BlockPool> pool_;
  std::atomic<bool> cancel_ = false;

  // Of the running call; sized once.
  BatchTables tables_;
  std::vector<uint32_t> rowsLeft_; ///< of each slot, not yet computed
  std::vector<size_t> cursor_;     ///< of each slot: where in the batch its next row is looked for
  std::vector<KeptResult> results_;
  DrawTables draws_;
  std::vector<size_t> drawRows_; ///< rows of the batch that want a token, ascending
  std::vector<DrawnToken> tokens_;
  Want want_ = Want::Nothing;
  uint32_t entry_ = 0;
  bool outputDomain_ = true; ///< the entry's result has one row per output, not one per row
  size_t resultColumns_ = 0;
};

} // namespace lathe
