// From an encoding attribute to what the quantizer works with.
#pragma once

#include "Lathe/LatheDialect.h"
#include "Weights/Quantizer.h"

namespace lathe {

/// The encoding with its value tables filled in. Fails with an error through `emitError` for a code type that
/// has no decoder here.
mlir::FailureOr<std::shared_ptr<Format>> formatOf(EncodingAttr encoding,
                                                  llvm::function_ref<mlir::InFlightDiagnostic()> emitError);

} // namespace lathe
