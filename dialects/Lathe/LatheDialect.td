// The model level: a transformer as a paper writes it, its weights as expressions.
#ifndef LATHE_DIALECT_TD
#define LATHE_DIALECT_TD

include "mlir/IR/OpBase.td"

def Lathe_Dialect : Dialect {
  let name = "lathe";
  let cppNamespace = "::lathe";
  let summary = "Transformer inference at the level of a model";
  let description = [{
    Activations are ranked tensors of rows x features; the number of rows is
    dynamic (`?`), since one entry point serves a prompt, a token and a batch.
    Weights are not constants but expressions over `lathe.param`, each of which
    means a dense f32 matrix and says in its type how it is stored.
  }];
  let useDefaultTypePrinterParser = 1;
  let useDefaultAttributePrinterParser = 1;
  let extraClassDeclaration = [{
    void registerAttributes();
    void registerTypes();
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
}

#endif
