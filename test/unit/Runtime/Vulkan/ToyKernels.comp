// The kernels of ../ToyKernels.cpp for Vulkan: one work group of 32 threads computes one work item, of which
// thread i < kDim computes dimension i. -DTOY_<KERNEL> picks one.
#version 460
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_buffer_reference_uvec2 : require
#extension GL_EXT_shader_explicit_arithmetic_types_int64 : require

layout(local_size_x = 32) in;

const uint kDim = 8, kVocabulary = 17, kBlockPositions = 64, kScratchBytes = 32;

layout(buffer_reference, std430, buffer_reference_align = 4) buffer Floats { float at[]; };
layout(buffer_reference, std430, buffer_reference_align = 4) readonly buffer Ints { int at[]; };
struct Segment { int slot, firstRow, rows, position, sequenceFirstRow, sequenceRows; };
layout(buffer_reference, std430, buffer_reference_align = 4) readonly buffer Segments { Segment at[]; };
// KernelBatch of lib/Artifact/KernelABI.h.
layout(buffer_reference, std430, buffer_reference_align = 8) readonly buffer Batch {
  int rows, outputs, segments, sequences;
  Ints tokens, positions, slots, outputRows;
  Segments runs;
  Ints sequenceFirst, sequenceSlots, blockTables;
  uint64_t draws;
  int64_t blocksPerSlot, blockBytes, fixedBytes;
};
// After the batch come the operands, then the scratch.
layout(push_constant) uniform Arguments { Batch batch; uint64_t operand[4]; };

uint item() { return gl_WorkGroupID.x + gl_WorkGroupID.y * gl_NumWorkGroups.x; }

Floats keyOf(uint64_t state, int slot, int position) {
  int64_t block = batch.blockTables.at[uint(slot * batch.blocksPerSlot + position / kBlockPositions)];
  return Floats(state + uint64_t(block * batch.blockBytes) + uint64_t(position % kBlockPositions * kDim * 4));
}

#if defined(TOY_GATHER) // [embedding] -> [x]; items: rows
void main() {
  uint row = item(), i = gl_LocalInvocationID.x;
  if (row >= batch.rows || i >= kDim) return;
  Floats(operand[1]).at[row * kDim + i] = Floats(operand[0]).at[batch.tokens.at[row] * kDim + i];
}
#elif defined(TOY_APPEND) // [x] -> [keys]; items: rows
void main() {
  uint row = item(), i = gl_LocalInvocationID.x;
  if (row >= batch.rows || i >= kDim) return;
  keyOf(operand[1], batch.slots.at[row], batch.positions.at[row]).at[i] = Floats(operand[0]).at[row * kDim + i];
}
#elif defined(TOY_ATTEND) // [keys] -> [y]; items: segments
void main() {
  uint i = gl_LocalInvocationID.x;
  if (item() >= batch.segments || i >= kDim) return;
  Segment run = batch.runs.at[item()];
  Floats sum = Floats(operand[2] + uint64_t(item() * kScratchBytes));
  for (int r = 0; r < run.rows; ++r) {
    int position = run.position + r;
    sum.at[i] = 0;
    for (int p = 0; p <= position; ++p)
      sum.at[i] += keyOf(operand[0], run.slot, p).at[i] / float(1 + position - p);
    Floats(operand[1]).at[uint(run.firstRow + r) * kDim + i] = sum.at[i];
  }
}
#elif defined(TOY_RECUR) // [x, carry] -> [y]; items: sequences
void main() {
  uint i = gl_LocalInvocationID.x, s = item();
  if (s >= batch.sequences || i >= kDim) return;
  Floats carry = Floats(operand[1] + uint64_t(batch.sequenceSlots.at[s] * batch.fixedBytes));
  for (uint row = batch.sequenceFirst.at[s]; row < batch.sequenceFirst.at[s + 1]; ++row) {
    carry.at[i] = carry.at[i] / 2 + Floats(operand[0]).at[row * kDim + i];
    Floats(operand[2]).at[row * kDim + i] += carry.at[i];
  }
}
#elif defined(TOY_HEAD) || defined(TOY_PARTS) // [embedding, y] -> [logits]; items: outputs x vocabulary
void main() {
  uint row = item() / kVocabulary, token = item() % kVocabulary;
  if (row >= batch.outputs || gl_LocalInvocationID.x != 0) return;
  precise float sum = 0;
  for (uint i = 0; i < kDim; ++i)
    sum += Floats(operand[0]).at[token * kDim + i] * Floats(operand[1]).at[batch.outputRows.at[row] * kDim + i];
#ifdef TOY_HEAD
  Floats(operand[2]).at[row * kVocabulary + token] = sum;
#else
  Floats(operand[3] + uint64_t(item() * kScratchBytes)).at[0] = sum;
#endif
}
#elif defined(TOY_JOIN) // what TOY_PARTS left; items: outputs
void main() {
  uint row = item(), token = gl_LocalInvocationID.x, at = row * kVocabulary + token;
  if (row >= batch.outputs || token >= kVocabulary) return;
  Floats(operand[2]).at[at] = Floats(operand[3] + uint64_t(at * kScratchBytes)).at[0];
}
#elif defined(TOY_POOL) // [x] -> [vectors]; items: sequences
void main() {
  uint i = gl_LocalInvocationID.x, s = item();
  if (s >= batch.sequences || i >= kDim) return;
  int first = batch.sequenceFirst.at[s], last = batch.sequenceFirst.at[s + 1];
  precise float sum = 0;
  for (int row = first; row < last; ++row) sum += Floats(operand[0]).at[row * kDim + i];
  Floats(operand[1]).at[s * kDim + i] = sum / float(last - first);
}
#elif defined(TOY_COPY) // [y] -> [hidden]; items: rows
void main() {
  uint row = item(), i = gl_LocalInvocationID.x;
  if (row >= batch.rows || i >= kDim) return;
  Floats(operand[1]).at[row * kDim + i] = Floats(operand[0]).at[row * kDim + i];
}
#endif
