// The semantics of every op of the model level, as plain functions: obvious, and slow. M is a number of rows,
// K and N are features. They trust their arguments; Interpreter.cpp, which knows types and the batch, checks
// what the verifier can't know.
#pragma once

#include "Interpreter/Data.h"
#include "Lathe/LatheDialect.h"

#include <map>
#include <string>

namespace lathe::interpreter {

// Elementwise.cpp
// ---------------------------------------------------------------------------------------------------

Rows add(const Rows &x, const Rows &y);
Rows mul(const Rows &x, const Rows &y);
Rows scale(const Rows &x, float factor);
Rows bias(const Rows &x, const Weight &b);
Rows activation(const Rows &x, ActivationKind kind);
/// Rounded to nearest even in `type`, and widened again.
void roundTo(mlir::FloatType type, std::vector<float> &values);

// Norms.cpp
// ---------------------------------------------------------------------------------------------------------

Rows rmsNorm(const Rows &x, const Weight *scale, float epsilon); // no scale: 1
Rows layerNorm(const Rows &x, const Weight &scale, const Weight &bias, float epsilon);
Rows l2Normalize(const Rows &x, float epsilon);

// Linear.cpp
// --------------------------------------------------------------------------------------------------------

/// Every id lies below the table's rows.
Rows embedding(const Indices &ids, const Weight &table);
/// y[m, n] = sum over k of x[m, k] * W[n, k], in f32, k ascending.
Rows linear(const Rows &x, const Weight &weight);
/// Integer sums per group and fused multiply-adds where the weight's codes allow it, else linear() of the
/// rows' values.
Rows linear(const QuantizedRows &x, const Weight &weight);
QuantizedRows quantizeRows(const Rows &x, int64_t group);
/// scale * code
Rows dequantize(const QuantizedRows &x);

// Columns.cpp
// -------------------------------------------------------------------------------------------------------

/// Columns [first, first + count).
Rows columns(const Rows &x, int64_t first, int64_t count);
Rows selectRows(const Rows &x, const std::vector<int64_t> &rows);
Rows pool(PoolKind kind, const Rows &x, const Batch &batch);

// TopLogits.cpp
// ------------------------------------------------------------------------------------------------------

/// One row of logits a row, and its draw in the batch.
Rows topLogits(const Rows &logits, int64_t count, const Batch &batch);

// Rope.cpp
// ----------------------------------------------------------------------------------------------------------

Rows ropeTable(const Indices &positions, llvm::ArrayRef<float> frequencies, float factor);
Rows rope(const Rows &x, const Rows &table, int64_t heads);

// Attention.cpp
// -----------------------------------------------------------------------------------------------------

/// softmax(scale * q k^T) v of one row: q is [heads * D]; key and value i are `keys[i]` and `values[i]`,
/// [kvHeads * D].
std::vector<float> attend(const float *q, const std::vector<const float *> &keys,
                          const std::vector<const float *> &values, int64_t heads, int64_t kvHeads,
                          int64_t headDim, float scale);
/// Within the sequences of this batch.
Rows attention(const Rows &q, const Rows &k, const Rows &v, const Batch &batch, int64_t heads,
               int64_t kvHeads, float scale, bool causal);

/// A growing state: by slot, the keys and values of each position.
struct KeyValues {
  std::vector<std::vector<float>> keys, values; ///< [position][kvHeads * D]
};
using Cache = std::map<int32_t, KeyValues>;
/// Row m goes to its position, which must not lie beyond the end; what stood from there on is dropped.
void cacheWrite(const Rows &k, const Rows &v, const Batch &batch, mlir::FloatType stored, Cache &cache);
Rows attention(const Rows &q, const Cache &cache, const Batch &batch, int64_t heads, int64_t kvHeads,
               float scale);

/// A fixed state: by slot, one vector, zero before the row at position 0.
using FixedStates = std::map<int32_t, std::vector<float>>;
Rows decayScan(const Rows &x, const Rows &gate, const Batch &batch, FixedStates &states);

} // namespace lathe::interpreter
