// How attention is computed on GPUs for calls of up to some number of rows: the same for every variant.
#pragma once

#include "Artifact/KernelABI.h"
#include "Codegen/Kernel/KernelEmitter.h"

#include "llvm/Support/MathExtras.h"

namespace lathe {

/// A work group takes some queries of one KV head and one segment, a tile, and meets their keys, 64 at a
/// time: all of them, or one of the parts into which they are split so that few rows keep a large GPU busy.
/// Then a join follows, of a work group a query.
struct GpuAttentionPlan {
  AttentionOp op;
  int64_t group; ///< query heads per KV head
  int64_t dim;   ///< columns of a head
  int64_t tile;  ///< queries of a work group; a power of two
  int64_t tiles; ///< tiles that share the queries of the longest segment
  /// Work groups that share the keys of a tile: whole blocks of 64, as evenly as that allows. Those that are
  /// left without a key return at once. 1: there is no join.
  int64_t splits = 1;

  /// Each has a vector of sums in registers; twice as many would leave room for one work group only.
  static constexpr int64_t kMaxTile = 8;
  int64_t columnQuads() const { return (dim + 3) / 4; }
  int64_t wholeQuads() const { return dim / 4; }

  //--- Threads while scores are computed: [key][part of the columns]
  //--------------------------------------------------------------------
  int64_t parts = 4;
  int64_t threads() const { return kBlockPositions * parts; }
  /// Column quads of a part; queries are padded with zeros to as many.
  int64_t partQuads() const { return (columnQuads() + parts - 1) / parts; }
  int64_t paddedQuads() const { return partQuads() * parts; }

  //--- Threads while scores become weights: [query][lane]
  //-------------------------------------------------------------------------------
  int64_t lanes() const { return std::min<int64_t>(16, threads() / tile); }
  int64_t laneKeys() const { return kBlockPositions / lanes(); }

  //--- Threads while values are added: [part of the keys][column quad]
  //-------------------------------------------------------------------
  static constexpr int64_t kUnroll = 4;
  int64_t keyParts() const { return std::min<int64_t>(16, threads() / columnQuads()); }
  /// Queries whose sums lie in work-group memory at a time.
  int64_t roundQueries() const { return std::max<int64_t>(tile / 4, 1); }

  //--- Work-group memory
  //---------------------------------------------------------------------------------------------------------------
  int64_t queryVectors() const { return tile * paddedQuads(); }
  int64_t partialFloats() const { return std::max<int64_t>(tile, 4) * threads(); }
  int64_t weightFloats() const { return kBlockPositions * tile; }
  int64_t laneFloats() const { return tile * lanes(); }
  int64_t sharedBytes() const {
    return 16 * queryVectors() + 4 * (partialFloats() + weightFloats() + laneFloats() + tile);
  }

  //--- Scratch of a part: f32 [query][column] in whole quads; then of each query the largest score, and the
  //    sum of exponentials relative to it
  int64_t largestOffset() const { return 16 * tile * columnQuads(); }
  int64_t totalOffset() const { return largestOffset() + 4 * tile; }
  int64_t scratchBytes() const {
    return splits == 1 ? 0 : int64_t(llvm::alignTo(uint64_t(totalOffset() + 4 * tile), 64));
  }

  //--- Threads of the join: [every so many parts][column quad]
  //-----------------------------------------------------------------
  int64_t joinLanes() const { return std::min(splits, std::min<int64_t>(8, threads() / columnQuads())); }
  int64_t joinThreads() const { return int64_t(llvm::alignTo(uint64_t(joinLanes() * columnQuads()), 32)); }
};

/// The plan for one class of a kernel whose root is an attention, or an error at what has no kernel.
llvm::FailureOr<GpuAttentionPlan> planGpuAttentionClass(exec::KernelOp kernel, int64_t maxRows);

} // namespace lathe
