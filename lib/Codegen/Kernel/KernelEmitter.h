// What a family of kernels states about itself. A new family is one file and one line in the table of each
// target (CPU/KernelFamilies.cpp, GPU/KernelFamilies.cpp).
#pragma once

#include "Exec/ExecDialect.h"

#include <optional>
#include <string>
#include <vector>

namespace lathe {

class KernelContext;

/// What a factor of a kernel's grid counts, as in the artifact (fb::GridKind).
enum class GridKind : uint8_t { Constant, Rows, Outputs, Segments, Sequences };

/// `Constant` is `value` itself; the others are ceil(count / value).
struct GridFactor {
  GridKind kind;
  uint32_t value;
};

/// The second function of a GPU's class: reads what the work items of the first left in scratch.
struct KernelJoin {
  llvm::SmallVector<GridFactor, 2> grid;
  int64_t threads = 0;
};

/// A kernel as compiled for calls of at most `maxRows` rows of its domain. The same for every variant.
struct KernelClass {
  int64_t maxRows;
  llvm::SmallVector<GridFactor, 2> grid; ///< work items = the product; item = first * (others) + ...
  int64_t scratchBytes = 0;              ///< CPU: of a thread; GPU: of a work item
  int64_t threads = 0;                   ///< of a GPU's work group; 0 on CPUs
  std::optional<KernelJoin> join = {};   ///< GPUs only
};

/// One function of a kernel's code: that of a class, or the join of one.
struct KernelFunction {
  const KernelClass *kernelClass;
  bool isJoin;
  unsigned code; ///< number among the functions of all kernels, as in the artifact's Variant.entries

  llvm::ArrayRef<GridFactor> grid() const { return isJoin ? kernelClass->join->grid : kernelClass->grid; }
  int64_t threads() const { return isJoin ? kernelClass->join->threads : kernelClass->threads; }
};

/// A family of kernels, told apart by the root of their body.
struct KernelEmitter {
  llvm::StringRef name;

  /// Whether this family computes `kernel`. Cheap; no diagnostics.
  bool (*match)(exec::KernelOp kernel);

  /// The classes that the kernel wants, in ascending order of maxRows, the last one's being `maxRows`. A body
  /// that the family can't compute is an error at the op that stands in the way.
  llvm::FailureOr<llvm::SmallVector<KernelClass>> (*plan)(exec::KernelOp kernel, int64_t maxRows);

  /// Emits the function of one class for one variant; the builder stands in its entry block.
  llvm::LogicalResult (*emit)(KernelContext &context);

  /// The same for the join of a class; nullptr where no class has one.
  llvm::LogicalResult (*emitJoin)(KernelContext &context) = nullptr;
};

/// A target's families; the first that matches takes a kernel.
using KernelFamilies = llvm::ArrayRef<KernelEmitter>;

/// The family that computes `kernel`, or an error at it.
llvm::FailureOr<const KernelEmitter *> findKernelEmitter(KernelFamilies families, exec::KernelOp kernel);

/// The root of a kernel's body (`isDispatchRoot`), or nullptr where it has none.
mlir::Operation *findRoot(exec::KernelOp kernel);

/// The row domain's count as a grid factor: one item for `rowsPerItem` rows.
GridFactor domainFactor(exec::RowDomain domain, uint32_t rowsPerItem);

/// A kernel of a program, in the order of its exec.kernel ops.
struct PlannedKernel {
  std::string name;
  exec::RowDomain domain;
  unsigned bindings = 0;                  ///< operands that a dispatch passes
  llvm::SmallVector<KernelClass> classes; ///< ascending maxRows
  unsigned firstCode = 0;                 ///< number of its first function among those of all kernels

  /// In the order of their code: all classes, then what joins there are.
  llvm::SmallVector<KernelFunction> functions() const;
};

/// The classes of every kernel.
llvm::FailureOr<std::vector<PlannedKernel>> planKernels(exec::ProgramOp program, KernelFamilies families);

} // namespace lathe
