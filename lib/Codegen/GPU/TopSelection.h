// Which of a work group's values are its largest.
#pragma once

#include "Codegen/GPU/GpuContext.h"

namespace lathe {

/// Numbers whose order is that of f32 values, as unsigned i32; 0 stands for no value. A thread holds a run of
/// the group's keys, and runs follow each other in the order of threads.
class TopSelection {
public:
  using Value = mlir::Value;

  TopSelection(GpuContext &on, int64_t count) : on(on), count(count) {}

  /// The key of an f32 value. No value is below that of a number, -infinity among them.
  static Value keyOf(GpuContext &on, Value value);

  /// Calls `keep(place, index)` for each of this thread's keys that is one of the `count` largest of the
  /// group, the earlier one among equals, with its place among those kept. Exactly `count` are kept, of
  /// places 0 <= place < count; the group has at least as many keys. Equal keys keep their order. Met by all
  /// threads.
  void select(llvm::ArrayRef<Value> keys, llvm::function_ref<void(Value place, size_t index)> keep);

private:
  Value countWhere(llvm::ArrayRef<Value> keys, mlir::arith::CmpIPredicate predicate, Value bound);
  Value threshold(llvm::ArrayRef<Value> keys);
  Value sumOfThreads(Value own);

  GpuContext &on;
  int64_t count;
  Value sums; ///< work-group memory, i32 [thread]
};

} // namespace lathe
