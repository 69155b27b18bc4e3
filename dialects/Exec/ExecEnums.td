#ifndef EXEC_ENUMS_TD
#define EXEC_ENUMS_TD

include "mlir/IR/EnumAttr.td"

def Exec_RowDomain : I32EnumAttr<"RowDomain", "which count of the batch a slice has rows for", [
    I32EnumAttrCase<"Rows", 0, "rows">,           // one row a token
    I32EnumAttrCase<"Outputs", 1, "outputs">,     // one row a token that wants logits
    I32EnumAttrCase<"Sequences", 2, "sequences">, // one row a sequence
  ]> {
  let cppNamespace = "::lathe::exec";
}

#endif
