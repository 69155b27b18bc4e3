// Dynamic int8 quantization of one row: codes, then scales, then sums of codes (see exec.slice).
#pragma once

#include "Codegen/Kernel/KernelContext.h"

namespace lathe {

/// Writes the quantized row at `pointer`; `values` gives the row's f32 columns (it is asked twice).
void quantizeRow(KernelContext &on, exec::SliceType slice, mlir::Value pointer,
                 llvm::function_ref<mlir::Value(mlir::Value column, int64_t width)> values);

/// Writes group `group` of that row, which has `columns` columns, only.
void quantizeGroup(KernelContext &on, exec::SliceType slice, mlir::Value pointer, mlir::Value group,
                   int64_t columns,
                   llvm::function_ref<mlir::Value(mlir::Value column, int64_t width)> values);
/// Writes zeros behind the last column: kernels read codes in whole groups and cache lines.
void padQuantizedRow(KernelContext &on, exec::SliceType slice, mlir::Value pointer);

} // namespace lathe
