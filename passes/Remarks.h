// What a pass did, and what it could have done but did not, with the reason.
//
// Passes emit through MLIR's remark engine, so that lathe-opt shows remarks with
//   --remark-format=emitRemark --remarks-filter=.*
// The compiler installs a collector of its own instead: the engine's file streamers lose remarks of equal
// name and location and are not safe under passes that run in parallel over functions.
#pragma once

#include "mlir/IR/Operation.h"

#include <memory>
#include <string>
#include <vector>

namespace lathe {

enum class RemarkKind { Passed, Missed, Analysis };
llvm::StringRef stringifyRemarkKind(RemarkKind kind);

/// One remark, owning its text, as the artifact's report keeps it.
struct Remark {
  RemarkKind kind;
  std::string pass;     ///< "form-dispatches"
  std::string function; ///< entry point, or kernel
  std::string location; ///< "layers.0.mlp" or file:line:column
  std::string text;
};

/// Emits a remark at `op`. `pass` is the pass's name without "lathe-", a string literal. Safe to call from
/// several threads; costs nothing where nobody listens.
void remarkPassed(mlir::Operation *op, llvm::StringRef pass, const llvm::Twine &text);
void remarkMissed(mlir::Operation *op, llvm::StringRef pass, const llvm::Twine &text);
void remarkAnalysis(mlir::Operation *op, llvm::StringRef pass, const llvm::Twine &text);

/// A location as a reader wants it: its name, or file:line:column.
std::string describeLocation(mlir::Location loc);

/// Collects the remarks of a context from its construction on. May outlive the context.
class RemarkCollector {
public:
  explicit RemarkCollector(mlir::MLIRContext &context);
  ~RemarkCollector();

  /// Everything collected so far, sorted by function (emission order within one: pass by pass, op by op), so
  /// that the result does not depend on how many threads ran.
  std::vector<Remark> take();

private:
  struct Storage;
  std::shared_ptr<Storage> storage;
};

/// "passed form-dispatches @step layers.0.mlp: ..." a line.
void printRemarks(llvm::raw_ostream &out, const std::vector<Remark> &remarks);

} // namespace lathe
