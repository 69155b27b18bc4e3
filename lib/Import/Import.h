// From a checkpoint to a module of the model level.
//
// The module holds one entry point, `func.func @step(%batch: !lathe.batch) -> tensor<?xVxf32>` for decoders
// (logits of the rows that want them) or `@embed` for encoders (one row a sequence), with the `lathe.state`s
// that it uses beside it, and the attribute `lathe.model` (ModelInfo.h). Weights are `lathe.param "key" from
// "model"` in the type that the checkpoint stores; activations and states are f32.
#pragma once

#include "Checkpoint/Checkpoint.h"
#include "Support/Status.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace lathe {

/// Builds and verifies the module; no weight is read. Loads the dialects that it needs into `context`.
/// Errors name the file and the key: Unsupported (a model_type or a key of config.json that is not
/// understood), Corrupt (a tensor that is missing, left over, or of another shape than config.json says).
Result<mlir::OwningOpRef<mlir::ModuleOp>> importCheckpoint(const Checkpoint &checkpoint,
                                                           mlir::MLIRContext &context);

} // namespace lathe
