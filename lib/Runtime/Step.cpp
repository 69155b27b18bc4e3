// How a batch of any size goes through the program: checked as a whole, cut into chunks, run, delivered.
#include "Runtime/Session.h"

#include <algorithm>
#include <cstring>

namespace lathe {

Status Session::step(const StepBatch &batch) {
  results_.clear();
  tokens_.clear();
  size_t wanted = 0;
  LATHE_TRY(checkRows(batch, wanted));
  if (batch.tokens.empty()) return {};
  LATHE_TRY(chooseEntry());
  LATHE_TRY(checkWanted(batch, wanted));
  LATHE_TRY(checkRoom());
  std::fill(cursor_.begin(), cursor_.end(), 0);
  for (size_t done = 0; done < batch.tokens.size();) {
    if (cancel_.load(std::memory_order_relaxed)) return stopped();
    LATHE_TRY(fillChunk(batch));
    bool cancelled = false;
    LATHE_TRY(runChunk(cancelled));
    if (cancelled) return stopped();
    done += tables_.rows();
    bool only = tables_.rows() == batch.tokens.size();
    LATHE_TRY(deliver(batch, only));
  }
  std::sort(results_.begin(), results_.end(),
            [](const KeptResult &a, const KeptResult &b) { return a.row < b.row; });
  return {};
}

Status Session::checkRows(const StepBatch &batch, size_t &wanted) {
  want_ = Want::Nothing;
  std::fill(rowsLeft_.begin(), rowsLeft_.end(), 0);
  auto vocabulary = model_->header().vocabulary();
  for (size_t i = 0; i < batch.tokens.size(); ++i) {
    LATHE_TRY(checkSlot(batch.slots[i]));
    if (batch.tokens[i] < 0 || static_cast<uint32_t>(batch.tokens[i]) >= vocabulary)
      return Status(Code::InvalidArgument, "token " + std::to_string(batch.tokens[i]) +
                                               " is outside the vocabulary of " + std::to_string(vocabulary));
    uint32_t &left = rowsLeft_[static_cast<size_t>(batch.slots[i])];
    if (left == UINT32_MAX) return Status(Code::Full, "more rows than a slot can hold");
    if (left++ == 0 && !batch.wants) ++wanted;
    if (!batch.wants || batch.wants[i] == 0) continue;
    auto asked = static_cast<Want>(batch.wants[i]);
    if (batch.wants[i] > static_cast<uint8_t>(Want::Token))
      return Status(Code::InvalidArgument,
                    "unknown wish " + std::to_string(batch.wants[i]) + " of row " + std::to_string(i));
    if (want_ != Want::Nothing && want_ != asked)
      return Status(Code::InvalidArgument,
                    "only one of logits, hidden states and tokens can be wanted in a batch");
    want_ = asked;
    ++wanted;
  }
  if (!batch.wants) want_ = batch.draws.empty() ? Want::Logits : Want::Token;
  return {};
}

Status Session::checkWanted(const StepBatch &batch, size_t wanted) {
  if ((!batch.result || want_ == Want::Token) && wanted > plan_.maxResults)
    return Status(Code::InvalidArgument,
                  "the batch wants " + std::to_string(wanted) + " results, but only " +
                      std::to_string(plan_.maxResults) + " are kept: " +
                      (want_ == Want::Token ? "cut it up" : "take them with a result callback"));
  return checkDraws(batch, wanted);
}

Status Session::chooseEntry() {
  // Rows that only fill the state go through "step", too, where there is one.
  auto entry = findEntry(program(), want_ == Want::Hidden  ? "hidden"
                                    : want_ == Want::Token ? "draw"
                                                           : "step");
  if (!entry && want_ == Want::Token) entry = findEntry(program(), "step");
  if (!entry && want_ == Want::Nothing) entry = findEntry(program(), "hidden");
  if (!entry)
    return Status(Code::Unsupported, want_ == Want::Hidden
                                         ? "the artifact has no entry for hidden states"
                                         : "the model has no logits: it is an encoder, use it to embed");
  const fb::Entry &chosen = *program().entries()->Get(*entry);
  if (chosen.result_domain() == fb::RowDomain::Sequences)
    return Status(Code::Unsupported, "entry '" + chosen.name()->str() + "' has no result per row");
  entry_ = *entry;
  outputDomain_ = chosen.result_domain() == fb::RowDomain::Outputs;
  resultColumns_ = chosen.result_columns();
  return {};
}

Status Session::checkRoom() const {
  uint64_t blocks = 0;
  for (size_t i = 0; i < rowsLeft_.size(); ++i) {
    if (rowsLeft_[i] == 0) continue;
    auto slot = static_cast<int32_t>(i);
    uint64_t end = uint64_t(pool_->positions(slot)) + rowsLeft_[i];
    if (end > plan_.context)
      return Status(Code::Full, "slot " + std::to_string(slot) + " would grow to " + std::to_string(end) +
                                    " positions, the context is " + std::to_string(plan_.context));
    if (!hasState(program()) && rowsLeft_[i] > maxRows())
      return Status(Code::Full, "a sequence of " + std::to_string(rowsLeft_[i]) +
                                    " tokens is longer than the " + std::to_string(maxRows()) +
                                    " that are computed at once");
    blocks += pool_->blocksFor(slot, rowsLeft_[i]);
  }
  if (blocks > pool_->freeBlocks())
    return Status(Code::Full, "the pool has room for " +
                                  std::to_string(pool_->freeBlocks() * kBlockPositions) +
                                  " more positions, the batch takes " +
                                  std::to_string(blocks * kBlockPositions) + ": release or truncate a slot");
  return {};
}

Status Session::fillChunk(const StepBatch &batch) {
  tables_.clear();
  draws_.clear();
  // Without state a sequence can't be cut, neither by rows nor by outputs.
  bool whole = !hasState(program());
  for (size_t slot = 0; slot < rowsLeft_.size() && tables_.rows() < maxRows(); ++slot) {
    if (rowsLeft_[slot] == 0) continue;
    if (whole && tables_.rows() + rowsLeft_[slot] > maxRows()) continue;
    if (whole && outputDomain_ && tables_.wanted() != 0) break;
    LATHE_TRY(fillSequence(batch, static_cast<int32_t>(slot)));
    if (whole && rowsLeft_[slot] != 0)
      return Status(Code::InvalidArgument, "a sequence wants more results than the " +
                                               std::to_string(program().max_outputs()) +
                                               " that are computed at once");
  }
  return {};
}

bool Session::wantsRow(const StepBatch &batch, size_t row, uint32_t rowsLeft) const {
  return batch.wants ? batch.wants[row] != 0 : rowsLeft == 1;
}

Status Session::fillSequence(const StepBatch &batch, int32_t slot) {
  uint32_t &left = rowsLeft_[static_cast<size_t>(slot)];
  size_t &cursor = cursor_[static_cast<size_t>(slot)];
  uint32_t added = 0;
  for (; left != 0 && tables_.rows() < maxRows(); ++cursor) {
    if (batch.slots[cursor] != slot) continue;
    bool wanted = wantsRow(batch, cursor, left);
    if (wanted && outputDomain_ && tables_.wanted() == program().max_outputs()) break;
    if (added++ == 0) tables_.beginSequence(slot, static_cast<int32_t>(pool_->positions(slot)));
    tables_.addRow(batch.tokens[cursor], cursor, wanted);
    if (wanted && want_ == Want::Token) addDraw(batch, cursor);
    --left;
  }
  return pool_->reserve(slot, added);
}

KernelBatch Session::sealTables(bool countOutputs) {
  KernelBatch call = tables_.seal(countOutputs);
  call.blockTables = pool_->tables();
  if (want_ == Want::Token && countOutputs) call.draws = draws_.kernelDraws();
  call.blocksPerSlot = pool_->blocksPerSlot();
  call.blockBytes = static_cast<int64_t>(pool_->shape().blockBytes);
  call.fixedBytes = static_cast<int64_t>(pool_->shape().fixedBytes);
  return call;
}

Status Session::runChunk(bool &cancelled) {
  // Fixed-size state is overwritten as it goes, so a chunk that has started must end.
  bool interruptible = pool_->shape().fixedBytes == 0;
  auto done = executor_->run(entry_, sealTables(outputDomain_), interruptible ? &cancel_ : nullptr);
  cancelled = done && !*done;
  bool complete = done && *done;
  for (uint32_t i = 0; i < tables_.sequences(); ++i) {
    if (complete && hasState(program()))
      pool_->commit(tables_.sequenceSlot(i), tables_.sequenceRows(i));
    else
      pool_->rollback(tables_.sequenceSlot(i));
  }
  return done.status();
}

float *Session::wantedResult(uint32_t index) const {
  return executor_->result(entry_, outputDomain_ ? static_cast<int32_t>(index) : tables_.outputRow(index));
}

Status Session::deliver(const StepBatch &batch, bool inPlace) {
  if (want_ == Want::Token) return drawTokens();
  for (uint32_t i = 0; i < tables_.wanted(); ++i) {
    float *values = wantedResult(i);
    if (batch.result) {
      if (batch.result(batch.resultUser, tables_.outputBatchRow(i), values, resultColumns_) != 0)
        return Status(Code::Cancelled, "stopped by the result callback");
      continue;
    }
    if (!inPlace) {
      // The next chunk reuses the arena.
      float *kept = reinterpret_cast<float *>(kept_.data()) + results_.size() * resultColumns_;
      std::memcpy(kept, values, resultColumns_ * sizeof(float));
      values = kept;
    }
    results_.push_back({tables_.outputBatchRow(i), values});
  }
  return {};
}

Status Session::embed(std::span<const uint32_t> lengths, const int32_t *tokens, float *vectors) {
  results_.clear();
  tokens_.clear();
  auto entry = embedEntry(program());
  if (!entry) return Status(Code::Unsupported, "the model has no embeddings: it is not an encoder");
  uint32_t longest = std::min(plan_.context, maxRows());
  size_t total = 0;
  for (uint32_t length : lengths) {
    if (length == 0) return Status(Code::InvalidArgument, "a sequence is empty");
    if (length > longest)
      return Status(Code::Full, "a sequence of " + std::to_string(length) + " tokens is longer than the " +
                                    std::to_string(longest) + " that fit");
    for (size_t end = total + length; total < end; ++total)
      if (tokens[total] < 0 || static_cast<uint32_t>(tokens[total]) >= model_->header().vocabulary())
        return Status(Code::InvalidArgument,
                      "token " + std::to_string(tokens[total]) + " is outside the vocabulary");
  }
  size_t columns = program().entries()->Get(*entry)->result_columns();
  for (size_t next = 0; next < lengths.size();) {
    tables_.clear();
    for (; next < lengths.size() && tables_.rows() + lengths[next] <= maxRows(); ++next) {
      tables_.beginSequence(static_cast<int32_t>(tables_.sequences()), 0);
      for (uint32_t i = 0; i < lengths[next]; ++i) tables_.addRow(*tokens++, 0, false);
    }
    auto done = executor_->run(*entry, sealTables(false), &cancel_);
    if (!done) return done.status();
    if (!*done) return stopped();
    for (uint32_t i = 0; i < tables_.sequences(); ++i, vectors += columns)
      std::memcpy(vectors, executor_->result(*entry, static_cast<int32_t>(i)), columns * sizeof(float));
  }
  return {};
}

} // namespace lathe
