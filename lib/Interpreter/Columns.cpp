// Which rows and columns go on.
#include "Interpreter/Operations.h"

namespace lathe::interpreter {

Batch Batch::sequence(const Indices &tokens, int32_t position, int32_t slot) {
  Batch batch;
  batch.tokens = tokens;
  for (size_t m = 0; m < tokens.size(); ++m) {
    batch.positions.push_back(position + static_cast<int32_t>(m));
    batch.slots.push_back(slot);
    batch.outputs.push_back(m);
  }
  return batch;
}

Rows columns(const Rows &x, int64_t first, int64_t count) {
  Rows result(x.rows, count);
  for (int64_t m = 0; m < x.rows; ++m)
    for (int64_t k = 0; k < count; ++k) result.row(m)[k] = x.row(m)[first + k];
  return result;
}

Rows selectRows(const Rows &x, const std::vector<int64_t> &rows) {
  Rows result(rows.size(), x.columns);
  for (int64_t m = 0; m < result.rows; ++m)
    for (int64_t k = 0; k < x.columns; ++k) result.row(m)[k] = x.row(rows[m])[k];
  return result;
}

/// Column k of rows [begin, end), reduced.
static float reduce(PoolKind kind, const Rows &x, int64_t begin, int64_t end, int64_t k) {
  float sum = 0, largest = x.row(begin)[k];
  for (int64_t m = begin; m < end; ++m) {
    sum += x.row(m)[k];
    largest = std::max(largest, x.row(m)[k]);
  }
  switch (kind) {
  case PoolKind::Mean:
    return sum / static_cast<float>(end - begin);
  case PoolKind::First:
    return x.row(begin)[k];
  case PoolKind::Last:
    return x.row(end - 1)[k];
  case PoolKind::Max:
    return largest;
  }
  llvm_unreachable("all kinds are handled");
}

Rows pool(PoolKind kind, const Rows &x, const Batch &batch) {
  Rows result(0, x.columns);
  for (int64_t begin = 0, end = 0; begin < x.rows; begin = end) {
    while (end < x.rows && batch.slots[end] == batch.slots[begin]) ++end;
    for (int64_t k = 0; k < x.columns; ++k) result.values.push_back(reduce(kind, x, begin, end, k));
    ++result.rows;
  }
  return result;
}

} // namespace lathe::interpreter
