// The program level: kernels, stored weights, a planned arena and the list of dispatches of each entry point.
#ifndef EXEC_DIALECT_TD
#define EXEC_DIALECT_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "Exec/ExecEnums.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Exec_Dialect : Dialect {
  let name = "exec";
  let cppNamespace = "::lathe::exec";
  let summary = "A program: a static list of kernel launches over a planned memory arena";
  let description = [{
    No tensors flow here: `exec.slice` names bytes of the arena, `exec.use` a weight or a state, and
    `exec.dispatch` launches a kernel on them. The artifact's program section encodes this one to one.
  }];
  let useDefaultTypePrinterParser = 1;
  let extraClassDeclaration = "void registerTypes();";
  let dependentDialects = ["::lathe::LatheDialect"];
}

def Exec_SliceType : TypeDef<Exec_Dialect, "Slice"> {
  let mnemonic = "slice";
  let summary = "rows of the arena";
  let description = [{
    `!exec.slice<rows by 64 of f32, stride 256>`: for each row of the domain 64 elements, rows `stride` bytes apart.
    With `group g` the elements are int8 codes of dynamically quantized rows; behind the codes of a row (padded with
    zeros to whole groups and 64 bytes) stand its f32 scales, one a group, and its i32 sums of codes, one a group. The stride of such rows is an odd
    multiple of 64 bytes, so that rows read together fall into different cache sets.
  }];
  let parameters = (ins "::lathe::exec::RowDomain":$domain, "int64_t":$columns, "::mlir::Type":$elementType,
                        "int64_t":$stride, "int64_t":$group);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Where the scales and the sums of a quantized row begin, in bytes from its first code.
    int64_t getScalesOffset() const { return paddedColumns(getColumns(), getGroup()); }
    int64_t getSumsOffset() const { return getScalesOffset() + 4 * getNumGroups(); }
    int64_t getNumGroups() const { return (getColumns() + getGroup() - 1) / getGroup(); }
    /// Columns of a quantized row with its padding: a multiple of 64 and, unless one group spans the row, of the group.
    static int64_t paddedColumns(int64_t columns, int64_t group);
    /// The stride that a slice of its own gets.
    static int64_t packedStride(int64_t columns, ::mlir::Type elementType, int64_t group);
  }];
}

#endif
