// The fusion contract: what an op states so that it may stand in a dispatch.
#ifndef LATHE_INTERFACES_TD
#define LATHE_INTERFACES_TD

include "Lathe/LatheDialect.td"
include "mlir/IR/OpBase.td"

def Lathe_FusableOpInterface : OpInterface<"FusableOpInterface"> {
  let cppNamespace = "::lathe";
  let description = [{
    An op with one result of rows x features that a kernel may compute where its
    operands are at hand. It emits itself on f32 scalars or on f32 vectors of
    any width, lanes being neighbouring columns of one row.

    A whole-row op is a list of sums over the row, each turned into a scalar,
    followed by an element-wise expression: RMSNorm is one sum (of squares),
    LayerNorm two (of x, then of squared deviations).
  }];
  let methods = [
    InterfaceMethod<"Which inputs an element of the result depends on.",
      "::lathe::Locality", "getLocality", (ins)>,
    InterfaceMethod<"Number of sums over the row that the op needs; 0 unless its locality is `row`.",
      "unsigned", "getNumReductions", (ins), "", "return 0;">,
    InterfaceMethod<[{The element that sum number `index` adds up. `operands` are the op's operands at this column (f32
      scalars or vectors), `scalars` the results of the sums before it (f32 scalars, already broadcast to the width).}],
      "::mlir::Value", "emitSummand",
      (ins "::mlir::OpBuilder &":$builder, "unsigned":$index, "::mlir::ValueRange":$operands,
           "::mlir::ValueRange":$scalars), "", "llvm_unreachable(\"the op has no reductions\");">,
    InterfaceMethod<"The f32 scalar that the op wants of sum number `index` over `columns` columns.",
      "::mlir::Value", "emitScalar",
      (ins "::mlir::OpBuilder &":$builder, "unsigned":$index, "::mlir::Value":$sum, "int64_t":$columns), "",
      "llvm_unreachable(\"the op has no reductions\");">,
    InterfaceMethod<[{The result at this column, from the operands at this column and the scalars of all sums. For
      locality `pair`, `operands` are (x, partner, cos, signed sin), see `lathe.rope`.}],
      "::mlir::Value", "emitElement",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::ValueRange":$operands, "::mlir::ValueRange":$scalars)>,
  ];
}

#endif
