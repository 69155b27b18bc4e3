#include "Runtime/BatchTables.h"

#include <algorithm>

namespace lathe {

BatchTables::BatchTables(uint32_t maxRows) {
  for (auto *table : {&tokens_, &positions_, &slots_, &outputRows_, &sequenceSlots_}) table->reserve(maxRows);
  sequenceFirst_.reserve(size_t(maxRows) + 1);
  outputBatchRows_.reserve(maxRows);
  segments_.reserve(maxRows);
}

void BatchTables::clear() {
  for (auto *table : {&tokens_, &positions_, &slots_, &outputRows_, &sequenceFirst_, &sequenceSlots_})
    table->clear();
  outputBatchRows_.clear();
  segments_.clear();
}

void BatchTables::beginSequence(int32_t slot, int32_t position) {
  sequenceFirst_.push_back(static_cast<int32_t>(rows()));
  sequenceSlots_.push_back(slot);
  nextPosition_ = position;
}

void BatchTables::addRow(int32_t token, size_t batchRow, bool wanted) {
  if (wanted) {
    outputRows_.push_back(static_cast<int32_t>(rows()));
    outputBatchRows_.push_back(batchRow);
  }
  tokens_.push_back(token);
  positions_.push_back(nextPosition_++);
  slots_.push_back(sequenceSlots_.back());
}

void BatchTables::cutSegments() {
  for (uint32_t i = 0; i < sequences(); ++i) {
    int32_t first = sequenceFirst_[i], count = static_cast<int32_t>(sequenceRows(i));
    for (int32_t row = first; row < first + count; row += kSegmentRows) {
      KernelSegment segment = {};
      segment.slot = sequenceSlots_[i];
      segment.firstRow = row;
      segment.rows = std::min(kSegmentRows, first + count - row);
      segment.position = positions_[static_cast<size_t>(row)];
      segment.sequenceFirstRow = first;
      segment.sequenceRows = count;
      segments_.push_back(segment);
    }
  }
}

KernelBatch BatchTables::seal(bool countOutputs) {
  cutSegments();
  sequenceFirst_.push_back(static_cast<int32_t>(rows()));
  KernelBatch batch = {};
  batch.rows = static_cast<int32_t>(rows());
  batch.outputs = countOutputs ? static_cast<int32_t>(wanted()) : 0;
  batch.segments = static_cast<int32_t>(segments_.size());
  batch.sequences = static_cast<int32_t>(sequences());
  batch.tokens = tokens_.data();
  batch.positions = positions_.data();
  batch.slots = slots_.data();
  batch.outputRows = outputRows_.data();
  batch.runs = segments_.data();
  batch.sequenceFirst = sequenceFirst_.data();
  batch.sequenceSlots = sequenceSlots_.data();
  return batch;
}

} // namespace lathe
