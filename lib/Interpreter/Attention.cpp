// What looks at other rows, or at rows of earlier calls.
#include "Interpreter/Operations.h"

#include <cmath>

namespace lathe::interpreter {

std::vector<float> attend(const float *q, const std::vector<const float *> &keys,
                          const std::vector<const float *> &values, int64_t heads, int64_t kvHeads,
                          int64_t headDim, float scale) {
  std::vector<float> result(heads * headDim);
  for (int64_t head = 0; head < heads; ++head) {
    int64_t from = head / (heads / kvHeads) * headDim; // the first column of the KV head
    std::vector<float> scores;
    for (const float *key : keys) {
      float dot = 0;
      for (int64_t d = 0; d < headDim; ++d) dot += q[head * headDim + d] * key[from + d];
      scores.push_back(dot * scale);
    }
    float largest = *std::max_element(scores.begin(), scores.end()), sum = 0;
    for (float &score : scores) sum += score = std::exp(score - largest);
    for (size_t i = 0; i < values.size(); ++i)
      for (int64_t d = 0; d < headDim; ++d)
        result[head * headDim + d] += scores[i] / sum * values[i][from + d];
  }
  return result;
}

Rows attention(const Rows &q, const Rows &k, const Rows &v, const Batch &batch, int64_t heads,
               int64_t kvHeads, float scale, bool causal) {
  Rows result(q.rows, q.columns);
  for (int64_t m = 0; m < q.rows; ++m) {
    std::vector<const float *> keys, values;
    for (int64_t other = 0; other < q.rows; ++other) {
      if (batch.slots[other] != batch.slots[m] || (causal && other > m)) continue;
      keys.push_back(k.row(other));
      values.push_back(v.row(other));
    }
    std::vector<float> row = attend(q.row(m), keys, values, heads, kvHeads, q.columns / heads, scale);
    std::copy(row.begin(), row.end(), result.row(m));
  }
  return result;
}

void cacheWrite(const Rows &k, const Rows &v, const Batch &batch, mlir::FloatType stored, Cache &cache) {
  for (int64_t m = 0; m < k.rows; ++m) {
    KeyValues &slot = cache[batch.slots[m]];
    std::vector<float> key(k.row(m), k.row(m) + k.columns), value(v.row(m), v.row(m) + v.columns);
    roundTo(stored, key);
    roundTo(stored, value);
    slot.keys.resize(batch.positions[m]);
    slot.values.resize(batch.positions[m]);
    slot.keys.push_back(key);
    slot.values.push_back(value);
  }
}

Rows attention(const Rows &q, const Cache &cache, const Batch &batch, int64_t heads, int64_t kvHeads,
               float scale) {
  Rows result(q.rows, q.columns);
  for (int64_t m = 0; m < q.rows; ++m) {
    const KeyValues &slot = cache.at(batch.slots[m]);
    std::vector<const float *> keys, values;
    for (int32_t position = 0; position <= batch.positions[m]; ++position) {
      keys.push_back(slot.keys[position].data());
      values.push_back(slot.values[position].data());
    }
    std::vector<float> row = attend(q.row(m), keys, values, heads, kvHeads, q.columns / heads, scale);
    std::copy(row.begin(), row.end(), result.row(m));
  }
  return result;
}

Rows decayScan(const Rows &x, const Rows &gate, const Batch &batch, FixedStates &states) {
  Rows result(x.rows, x.columns);
  for (int64_t m = 0; m < x.rows; ++m) {
    std::vector<float> &state = states[batch.slots[m]];
    if (state.empty() || batch.positions[m] == 0) state.assign(x.columns, 0);
    for (int64_t k = 0; k < x.columns; ++k) {
      state[k] = state[k] / (1 + std::exp(-gate.row(m)[k])) + x.row(m)[k];
      result.row(m)[k] = state[k];
    }
  }
  return result;
}

} // namespace lathe::interpreter
