// What the matrix units of CUDA devices multiply, and how their operands come there: instructions of a whole
// warp (PTX ISA, "Warp-level matrix instructions") and copies that no thread waits for.
#pragma once

#include "Codegen/GPU/GpuContext.h"

#include <array>

namespace lathe {

/// Numbers that fill a word of 32 bits. Of bytes, A's are signed and B's are not.
enum class TileNumbers { Bytes, Bf16, F16 };

/// One product of a warp: D (16 x 8) = A (16 x 8 words) B (8 words x 8) + C. Rows of A and columns of B hold
/// their words one after another. Lane l has of
///   A  rows l / 4 and l / 4 + 8: word l % 4 of each, then word l % 4 + 4 of each
///   B  column l / 4: words l % 4 and l % 4 + 4
///   C, D  row l / 4: columns 2 * (l % 4) and the next; the same of row l / 4 + 8
/// That is one layout for all numbers.
struct MatrixTile {
  static constexpr int64_t kRows = 16, kColumns = 8, kWords = 8;
};

using TileRows = std::array<mlir::Value, 4>;    ///< A: i32
using TileColumns = std::array<mlir::Value, 2>; ///< B: i32
using TileSums = std::array<mlir::Value, 4>;    ///< C and D: f32, or i32 of bytes

inline int64_t numbersInWord(TileNumbers numbers) { return numbers == TileNumbers::Bytes ? 4 : 2; }

bool canMultiplyTiles(const GpuVariant &variant, TileNumbers numbers);
TileSums multiplyTile(GpuContext &on, TileNumbers numbers, TileRows a, TileColumns b, TileSums c);
/// A of rows in work-group memory: lane l says where half a row begins, 16 bytes at a multiple of 16. The
/// lanes' are those of row l % 16, half l / 16.
TileRows loadTileRows(GpuContext &on, mlir::Value address);

/// The address of work-group memory: !llvm.ptr<3>.
mlir::Value sharedAddress(GpuContext &on, mlir::Value memory);

/// Copies 4, 8 or 16 bytes from global to work-group memory, both aligned by as much; where `valid` (i32) is
/// given, so many of them, and zeros behind. They are there behind `awaitCopies`, and for other threads
/// behind a barrier after that.
void copyAsync(GpuContext &on, mlir::Value to, mlir::Value from, int64_t bytes, mlir::Value valid = {});
void awaitCopies(GpuContext &on);

} // namespace lathe
