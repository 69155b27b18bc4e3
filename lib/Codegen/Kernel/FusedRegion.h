// The ops of a kernel around its root, emitted where their values are wanted: at one row and some
// neighbouring columns. Values are computed on demand and once a place; nothing passes through memory unless
// the caller says so.
#pragma once

#include "Codegen/Kernel/KernelContext.h"

namespace lathe {

/// `width` neighbouring columns of one row of the kernel's domain.
struct Place {
  mlir::Value row;    ///< i64
  mlir::Value column; ///< i64
  int64_t width;
  /// Set where the columns are walked head by head, in halves (see lathe.rope).
  struct Head {
    mlir::Value inHalf;  ///< i64, column within the half, or within the head behind both halves
    mlir::Value partner; ///< i64, the column in the other half; null behind both halves
    int half;            ///< 0, 1; 2 behind both halves
    int64_t halfColumns; ///< d / 2
  };
  std::optional<Head> head;
};

class FusedRegion {
public:
  /// Emits a value at a place: vector<width x f32>.
  using Source = std::function<mlir::Value(const Place &)>;

  explicit FusedRegion(KernelContext &context) : context(context) {}

  /// An error at the op that can't be emitted element by element behind a root whose results have `columns`
  /// columns: what an emitter of roots checks in its `plan`. Quantizations of a result pass where their
  /// groups lie within a `tile` of that many columns.
  static mlir::LogicalResult checkEpilogue(exec::KernelOp kernel, mlir::Operation *root, int64_t columns,
                                           int64_t tile = 0);

  /// From now on `tensor` comes from `source` instead of from its op.
  void provide(mlir::Value tensor, Source source);
  /// The scalars (f32) of a whole-row op, computed beforehand.
  void provideScalars(mlir::Operation *op, llvm::ArrayRef<mlir::Value> scalars);

  /// The value of `tensor` (a tensor or a vector weight) at `place`: vector<width x f32>. Values are kept for
  /// this place until `newPlace`.
  mlir::Value at(mlir::Value tensor, const Place &place);
  /// Forgets kept values: call it whenever another place (or another block) begins.
  void newPlace() { kept.clear(); }

  /// Everything behind the root at one place: `rootValues` are the root's results there (vector<width x
  /// f32>), the kernel's results at that place are stored. What a quantization takes goes to `quantize`
  /// instead, which has whole groups only later.
  using Quantize = llvm::function_ref<void(QuantizeRowsOp, mlir::Value)>;
  void emitEpilogue(mlir::Operation *root, mlir::ValueRange rootValues, const Place &place,
                    Quantize quantize = {});

  /// Where the rows of `tensor` lie, if it is an argument as it is, perhaps through select_outputs or split:
  /// the first byte of its row `row`, and how it is stored. Quantized rows as well.
  struct StoredRow {
    mlir::Value pointer;
    exec::SliceType slice;
  };
  std::optional<StoredRow> storedRow(mlir::Value tensor, mlir::Value row);
  /// Whether storedRow finds it, without emitting anything.
  static bool isStored(mlir::Value tensor);

private:
  KernelContext &context;
  llvm::DenseMap<mlir::Value, Source> sources;
  llvm::DenseMap<mlir::Operation *, llvm::SmallVector<mlir::Value>> scalars;
  llvm::SmallVector<std::pair<std::pair<mlir::Value, Place>, mlir::Value>> kept;

  mlir::Value compute(mlir::Value tensor, const Place &place);
  mlir::Value computeRope(RopeOp op, const Place &place);
};

} // namespace lathe
