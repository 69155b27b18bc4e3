// The kernels of a toy language model, compiled to a flat image as the compiler would. A row's result depends
// on every token of its sequence and on their order:
//   x[row] = embedding[token]                           gather
//   keys[position] = x[row]                             append   (growing state)
//   y[row] = sum over p <= position of keys[p] / (1 + position - p)       attend
//   carry = carry / 2 + x[row]; y[row] += carry         recur    (fixed-size state; not in every toy)
//   logits[output] = embedding . y[row]                 head
//   vector[sequence] = mean of x over its rows          pool
//   the likeliest of the logits, as lathe.top_logits    top      (not in every toy)
#include "Artifact/KernelABI.h"
#include "ToyShape.h"

using namespace lathe;
using namespace lathe::toy;

// Where each kernel starts, at the start of the image.
__asm__(".section .table,\"a\"\n"
        ".quad toyGather, toyAppend, toyAttend, toyRecur, toyHead, toyPool, toyCopy, toyTop\n"
        ".previous\n");

#define TOY_KERNEL(name)                                                                                     \
  extern "C" void name(const KernelBatch *batch, void *const *bindings, void *scratch, int64_t begin,        \
                       int64_t end)

/// [embedding] -> [x]; items: rows
TOY_KERNEL(toyGather) {
  auto *embedding = static_cast<const float *>(bindings[0]);
  auto *x = static_cast<float *>(bindings[1]);
  for (int64_t row = begin; row < end; ++row)
    for (int64_t i = 0; i < kDim; ++i) x[row * kDim + i] = embedding[batch->tokens[row] * kDim + i];
}

static float *keyOf(const KernelBatch *batch, void *state, int64_t slot, int64_t position) {
  int64_t block = batch->blockTables[slot * batch->blocksPerSlot + position / kBlockPositions];
  return reinterpret_cast<float *>(static_cast<char *>(state) + block * batch->blockBytes) +
         position % kBlockPositions * kDim;
}

/// [x] -> [keys]; items: rows
TOY_KERNEL(toyAppend) {
  auto *x = static_cast<const float *>(bindings[0]);
  for (int64_t row = begin; row < end; ++row) {
    float *key = keyOf(batch, bindings[1], batch->slots[row], batch->positions[row]);
    for (int64_t i = 0; i < kDim; ++i) key[i] = x[row * kDim + i];
  }
}

/// [keys] -> [y]; items: segments
TOY_KERNEL(toyAttend) {
  auto *y = static_cast<float *>(bindings[1]);
  auto *sum = static_cast<float *>(scratch);
  for (int64_t s = begin; s < end; ++s) {
    const KernelSegment &run = batch->runs[s];
    for (int64_t r = 0; r < run.rows; ++r) {
      int64_t position = run.position + r;
      for (int64_t i = 0; i < kDim; ++i) sum[i] = 0;
      for (int64_t p = 0; p <= position; ++p) {
        const float *key = keyOf(batch, bindings[0], run.slot, p);
        for (int64_t i = 0; i < kDim; ++i) sum[i] += key[i] / static_cast<float>(1 + position - p);
      }
      for (int64_t i = 0; i < kDim; ++i) y[(run.firstRow + r) * kDim + i] = sum[i];
    }
  }
}

/// [x, carry] -> [y]; items: sequences
TOY_KERNEL(toyRecur) {
  auto *x = static_cast<const float *>(bindings[0]);
  auto *y = static_cast<float *>(bindings[2]);
  for (int64_t s = begin; s < end; ++s) {
    auto *carry = reinterpret_cast<float *>(static_cast<char *>(bindings[1]) +
                                            batch->sequenceSlots[s] * batch->fixedBytes);
    for (int64_t row = batch->sequenceFirst[s]; row < batch->sequenceFirst[s + 1]; ++row)
      for (int64_t i = 0; i < kDim; ++i) {
        carry[i] = carry[i] / 2 + x[row * kDim + i];
        y[row * kDim + i] += carry[i];
      }
  }
}

/// [embedding, y] -> [logits]; items: outputs x vocabulary
TOY_KERNEL(toyHead) {
  auto *embedding = static_cast<const float *>(bindings[0]);
  auto *y = static_cast<const float *>(bindings[1]);
  auto *logits = static_cast<float *>(bindings[2]);
  for (int64_t item = begin; item < end; ++item) {
    int64_t output = item / kVocabulary, token = item % kVocabulary;
    float sum = 0;
    for (int64_t i = 0; i < kDim; ++i)
      sum += embedding[token * kDim + i] * y[batch->outputRows[output] * kDim + i];
    logits[output * kVocabulary + token] = sum;
  }
}

/// [x] -> [vectors]; items: sequences
TOY_KERNEL(toyPool) {
  auto *x = static_cast<const float *>(bindings[0]);
  auto *vectors = static_cast<float *>(bindings[1]);
  for (int64_t s = begin; s < end; ++s)
    for (int64_t i = 0; i < kDim; ++i) {
      int64_t first = batch->sequenceFirst[s], last = batch->sequenceFirst[s + 1];
      float sum = 0;
      for (int64_t row = first; row < last; ++row) sum += x[row * kDim + i];
      vectors[s * kDim + i] = sum / static_cast<float>(last - first);
    }
}

/// [y] -> [hidden]; items: rows
TOY_KERNEL(toyCopy) {
  auto *from = static_cast<const float *>(bindings[0]);
  auto *to = static_cast<float *>(bindings[1]);
  for (int64_t i = begin * kDim; i < end * kDim; ++i) to[i] = from[i];
}

/// No library is there: e^(x / 1024), ten times squared.
static float exponential(float x) {
  double y = static_cast<double>(x) / 1024, e = 1 + y * (1 + y / 2 * (1 + y / 3 * (1 + y / 4)));
  if (x < -700) return 0;
  for (int i = 0; i < 10; ++i) e *= e;
  return static_cast<float>(e);
}

static bool isIn(const uint32_t *set, int32_t words, int64_t token, bool without) {
  return words ? set[token / 32] >> (token % 32) & 1 : without;
}

/// [logits] -> [candidates]; items: outputs
TOY_KERNEL(toyTop) {
  for (int64_t output = begin; output < end; ++output) {
    auto *logits = static_cast<const float *>(bindings[0]) + output * kVocabulary;
    auto *row = static_cast<float *>(bindings[1]) + output * (2 * kTop + 3);
    const KernelDraw &draw = batch->draws[output];
    float left[kVocabulary], best = 0, largest = logits[0], total = 0, mass = 0;
    bool taken[kVocabulary], any = false;
    for (int64_t i = 0; i < kVocabulary; ++i) {
      left[i] = logits[i];
      if (isIn(draw.penalized, draw.penalizedWords, i, false))
        left[i] = logits[i] > 0 ? logits[i] / draw.penalty : logits[i] * draw.penalty;
      taken[i] = !isIn(draw.allowed, draw.allowedWords, i, true);
      if (!taken[i] && (!any || left[i] > best)) best = left[i], any = true;
      if (logits[i] > largest) largest = logits[i];
    }
    for (int64_t i = 0; i < kVocabulary; ++i) {
      if (!taken[i]) total += exponential((left[i] - best) / draw.temperature);
      mass += exponential(logits[i] - largest);
    }
    for (int64_t k = 0; k < kTop; ++k) {
      int64_t next = -1;
      for (int64_t i = 0; i < kVocabulary; ++i)
        if (!taken[i] && (next < 0 || left[i] > left[next])) next = i;
      row[k] = static_cast<float>(next);
      row[kTop + k] = next < 0 ? -__builtin_inff() : logits[next];
      if (next >= 0) taken[next] = true;
    }
    row[2 * kTop] = total, row[2 * kTop + 1] = largest, row[2 * kTop + 2] = mass;
  }
}
