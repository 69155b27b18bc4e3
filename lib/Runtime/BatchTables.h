// One call's rows, in the form that kernels read.
#pragma once

#include "Artifact/KernelABI.h"

#include <vector>

namespace lathe {

/// Collects rows sequence by sequence and cuts them into segments. Memory for `maxRows` rows is reserved
/// once.
class BatchTables {
public:
  explicit BatchTables(uint32_t maxRows);

  void clear();
  /// The rows that follow belong to `slot` and start at `position`. A sequence has at least one row.
  void beginSequence(int32_t slot, int32_t position);
  /// `batchRow` is the caller's name for the row.
  void addRow(int32_t token, size_t batchRow, bool wanted);
  /// Cuts the segments. `countOutputs`: whether kernels shall see the wanted rows as outputs.
  KernelBatch seal(bool countOutputs);

  uint32_t rows() const { return static_cast<uint32_t>(tokens_.size()); }
  uint32_t wanted() const { return static_cast<uint32_t>(outputRows_.size()); }
  uint32_t sequences() const { return static_cast<uint32_t>(sequenceSlots_.size()); }
  int32_t sequenceSlot(uint32_t i) const { return sequenceSlots_[i]; }
  uint32_t sequenceRows(uint32_t i) const {
    int32_t end = i + 1 < sequences() ? sequenceFirst_[i + 1] : static_cast<int32_t>(rows());
    return static_cast<uint32_t>(end - sequenceFirst_[i]);
  }
  /// Of the i-th wanted row: its place in this call, and its name.
  int32_t outputRow(uint32_t i) const { return outputRows_[i]; }
  size_t outputBatchRow(uint32_t i) const { return outputBatchRows_[i]; }

private:
  void cutSegments();

  std::vector<int32_t> tokens_, positions_, slots_, outputRows_, sequenceFirst_, sequenceSlots_;
  std::vector<size_t> outputBatchRows_;
  std::vector<KernelSegment> segments_;
  int32_t nextPosition_ = 0;
};

} // namespace lathe
