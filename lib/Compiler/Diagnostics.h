// MLIR's diagnostics as the message of a Status.
#pragma once

#include "Support/Status.h"

#include "mlir/IR/Diagnostics.h"

#include <mutex>

namespace lathe {

/// Collects the errors of a context while it lives; warnings go to `log`.
class DiagnosticCollector {
public:
  DiagnosticCollector(mlir::MLIRContext &context, std::function<void(const std::string &)> log);

  /// `status` with the errors that were reported before it, or InvalidArgument where `status` says nothing.
  Status explain(Status status) const;

private:
  void take(mlir::Diagnostic &diagnostic);
  mutable std::mutex mutex_;
  std::vector<std::string> errors_;
  std::function<void(const std::string &)> log_;
  mlir::ScopedDiagnosticHandler handler_;
};

} // namespace lathe
