#include "Compiler/Diagnostics.h"

using namespace mlir;
using namespace lathe;

// More errors than these are seldom read; the first ones are the cause.
static constexpr size_t kMostErrors = 8;

DiagnosticCollector::DiagnosticCollector(MLIRContext &context, std::function<void(const std::string &)> log)
    : log_(std::move(log)), handler_(&context, [this](Diagnostic &diagnostic) {
        take(diagnostic);
        return success();
      }) {}

void DiagnosticCollector::take(Diagnostic &diagnostic) {
  std::string text;
  llvm::raw_string_ostream out(text);
  if (!isa<UnknownLoc>(diagnostic.getLocation())) out << diagnostic.getLocation() << ": ";
  out << diagnostic.str();
  std::lock_guard lock(mutex_);
  if (diagnostic.getSeverity() == DiagnosticSeverity::Error) {
    if (errors_.size() < kMostErrors) errors_.push_back(text);
  } else if (diagnostic.getSeverity() == DiagnosticSeverity::Warning && log_) {
    log_("warning: " + text);
  }
}

Status DiagnosticCollector::explain(Status status) const {
  std::lock_guard lock(mutex_);
  if (errors_.empty()) return status;
  std::string text = status.ok() ? "" : status.message();
  for (const std::string &error : errors_) text += (text.empty() ? "" : "\n  ") + error;
  return Status(status.ok() ? Code::InvalidArgument : status.code(), text);
}
