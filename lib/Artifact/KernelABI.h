// What a generated kernel and the runtime say to each other. Plain C layout: the code generator reads the
// offsets of these structs, the runtime fills them. A change here raises kKernelABI, and older artifacts are
// refused.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lathe {

inline constexpr uint32_t kKernelABI = 3;

/// Positions of one growing state that are stored together (one block of the pool).
inline constexpr int64_t kBlockPositions = 64;

/// A run of rows of one sequence, in order of position. The host cuts a longer run into segments of at most
/// kSegmentRows rows, so that attention has enough independent work items (segments x KV heads).
inline constexpr int32_t kSegmentRows = 64;
struct KernelSegment {
  int32_t slot;             ///< sequence slot
  int32_t firstRow;         ///< row of the batch where the run starts
  int32_t rows;             ///< length of the run
  int32_t position;         ///< position of its first row in the sequence
  int32_t sequenceFirstRow; ///< first row of the whole sequence in this batch (stateless attention reads from
                            ///< here)
  int32_t sequenceRows;     ///< rows of the whole sequence in this batch
};

/// How the token behind an output is drawn, for an entry that finds candidates (`lathe.top_logits`). Sets have a bit
/// for each token of the vocabulary, number `token % 32` of word `token / 32`.
struct KernelDraw {
  float temperature;         ///< above 0
  float penalty;             ///< above 0
  int32_t penalizedWords;    ///< 0: no token is penalized
  int32_t allowedWords;      ///< 0: all tokens are allowed
  const uint32_t *penalized; ///< [penalizedWords]
  const uint32_t *allowed;   ///< [allowedWords]
};

/// One call: a ragged batch of rows, in segments. All arrays live until the call returns.
struct KernelBatch {
  int32_t rows;                 ///< M: rows of this call
  int32_t outputs;              ///< rows whose logits are wanted
  int32_t segments;             ///< runs of at most kSegmentRows rows
  int32_t sequences;            ///< distinct sequences in the batch (rows of a pooled result)
  const int32_t *tokens;        ///< [rows] token ids, each below the vocabulary's size
  const int32_t *positions;     ///< [rows]
  const int32_t *slots;         ///< [rows]
  const int32_t *outputRows;    ///< [outputs] ascending row numbers
  const KernelSegment *runs;    ///< [segments]
  const int32_t *sequenceFirst; ///< [sequences + 1] first row of each sequence; the last entry is `rows`
  const int32_t *sequenceSlots; ///< [sequences] slot of each sequence
  const int32_t *blockTables;   ///< [slots][blocksPerSlot] block numbers in the pool
  const KernelDraw *draws;      ///< [outputs] where the entry finds candidates, else null
  int64_t blocksPerSlot;
  int64_t blockBytes; ///< bytes of one block of the pool: all growing states, 64 positions
  int64_t fixedBytes; ///< bytes of one slot's fixed-size states
};

/// Work items [begin, end) of one dispatch. `bindings` holds one pointer per operand of the kernel:
///   arena slice        first byte of the slice
///   weight             first byte of its packed planes (64-byte aligned); a kernel reads what the weight's type
///                      takes at most (fb::Weight::reach), whatever the bytes say
///   growing state      pool base + the state's offset inside a block; block b lies at + b * blockBytes
///   fixed-size state   base of the fixed states + the state's offset; slot s lies at + s * fixedBytes
/// `scratch` is private to the calling thread, 64-byte aligned, of the size that the kernel asked for.
/// A kernel touches nothing else, allocates nothing and never fails.
using Kernel = void (*)(const KernelBatch *batch, void *const *bindings, void *scratch, int64_t begin,
                        int64_t end);

/// On a GPU a kernel of one class is a function of 64-bit device addresses, in this order: `batch`, one for each
/// binding as above, `scratch` iff the class has scratch_bytes. Together they are at most kMaxKernelAddresses.
///   CUDA     parameters of 8 bytes each
///   Vulkan   push constants, 8 bytes each from offset 0; no descriptor sets: memory is reached by address
/// `batch` is a KernelBatch in device memory, with this very layout, whose pointers are device addresses.
///
/// One work group of KernelClass.threads threads, in one dimension, computes one work item: number group.x +
/// group.y * groups.x. A launch may have more groups than the batch has items, since launches are recorded for
/// the most that a bucket of batches has: a kernel counts the items by the batch, and a group beyond them
/// returns at once. The scratch of item i begins at `scratch` + i * scratch_bytes. Memory of a work group is
/// static in the kernel, at most kMaxGroupMemory bytes or, on CUDA, kMaxCudaGroupMemory. Nothing depends on how
/// many threads a subgroup has, but for variants of CUDA, where it is 32.
///
/// A class may have a join, a second function. It takes the same addresses and is launched by itself when all
/// work groups of the first have ended and what they wrote is seen. It has work items and threads of its own,
/// counted by the same batch, and no scratch of its own: it reads what the first function's items left at
/// `scratch` + i * scratch_bytes. Scratch of items that the batch does not have is undefined.
inline constexpr uint32_t kMaxKernelAddresses = 16; ///< 128 bytes of push constants, which every device has
inline constexpr uint32_t kGroupThreadsStep = 32;   ///< the threads of a work group are a multiple of this
inline constexpr uint32_t kMaxGroupThreads = 256;
inline constexpr uint32_t kMaxGroupMemory = 32 << 10;     ///< Vulkan devices with less are not used
inline constexpr uint32_t kMaxCudaGroupMemory = 48 << 10; ///< what every CUDA device has without being asked

} // namespace lathe
