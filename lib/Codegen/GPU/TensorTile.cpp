#include "Codegen/GPU/TensorTile.h"

#include "Codegen/GPU/WarpgroupUnits.h"

#include "llvm/ADT/APFloat.h"

#include <numeric>

using namespace mlir;
using namespace lathe;

static bool isExact(APFloat value, FloatType type) {
  bool inexact = false;
  value.convert(type.getFloatSemantics(), APFloat::rmNearestTiesToEven, &inexact);
  return !inexact;
}

/// Whether the numbers that codes stand for are numbers of `type` too.
static bool areExact(EncodingAttr encoding, FloatType type) {
  if (!encoding.getTable().empty())
    return llvm::all_of(encoding.getTable(), [&](float number) { return isExact(APFloat(number), type); });
  if (isa<IntegerType>(encoding.getCodes())) return true; // of at most 8 bits
  auto codes = cast<FloatType>(encoding.getCodes());
  if (codes == type || codes.getWidth() > 8) return codes == type;
  for (uint64_t code = 0; code < uint64_t(1) << codes.getWidth(); ++code) {
    APFloat value(codes.getFloatSemantics(), APInt(codes.getWidth(), code));
    if (value.isFinite() && !isExact(value, type)) return false;
  }
  return true;
}

static std::optional<TileNumbers> numbersOf(const GpuLinearPlan &plan) {
  if (plan.type.getEncoding().getBitmap()) return std::nullopt;
  if (plan.integer) return TileNumbers::Bytes;
  Type type = plan.input.getElementType();
  if (!type.isBF16() && !type.isF16()) return std::nullopt;
  if (!areExact(plan.type.getEncoding(), cast<FloatType>(type))) return std::nullopt;
  return type.isBF16() ? TileNumbers::Bf16 : TileNumbers::F16;
}

/// Columns of a stage of float rows that share scales: whole tiles of them.
static std::optional<int64_t> floatPart(const PackedMatrix &layout, int64_t stageColumns) {
  if (!layout.scale) return layout.offset ? std::nullopt : std::optional<int64_t>(0);
  if (layout.blockColumns >= layout.columns) return stageColumns;
  int64_t part = std::gcd(layout.blockColumns, stageColumns);
  return part % (2 * MatrixTile::kWords) ? std::nullopt : std::optional(part);
}

/// The deepest tile of at most `words` for which there is room.
static std::optional<TensorTile> planTile(const GpuLinearPlan &plan, TileNumbers numbers, int64_t rows,
                                          int64_t words, bool warpgroup) {
  PackedMatrix layout = packedLayout(plan.type);
  for (; words >= MatrixTile::kWords; words /= 2) {
    TensorTile tile{numbers,  rows, plan.numWeights, words, 0, bool(layout.scale), bool(layout.offset),
                    warpgroup};
    int64_t columns = tile.stageColumns();
    std::optional<int64_t> part = plan.taskColumns;
    if (!plan.integer) part = floatPart(layout, columns);
    if (!part || columns % plan.unitColumns()) continue;
    // Of integers nothing is multiplied that another stage would have to leave out.
    if (plan.integer && (columns % *part || plan.productColumns() % columns)) continue;
    tile.partColumns = *part;
    if (tile.partWords() % MatrixTile::kWords == 0 && tile.sharedBytes() <= int64_t(kMaxCudaGroupMemory))
      return tile;
  }
  return std::nullopt;
}

std::optional<TensorTile> lathe::planTensorTile(const GpuLinearPlan &plan, int64_t rows) {
  std::optional<TileNumbers> numbers = numbersOf(plan);
  if (!numbers || rows % TensorTile::kWarpRows) return std::nullopt;
  // Parts of bytes take more registers.
  return planTile(plan, *numbers, rows, (plan.integer ? 2 : 4) * MatrixTile::kWords, /*warpgroup=*/false);
}

std::optional<TensorTile> lathe::planWarpgroupTile(const GpuLinearPlan &plan, int64_t rows) {
  std::optional<TileNumbers> numbers = numbersOf(plan);
  if (!numbers || rows != WarpgroupTile::kRows) return std::nullopt;
  return planTile(plan, *numbers, rows, 4 * MatrixTile::kWords, /*warpgroup=*/true);
}
