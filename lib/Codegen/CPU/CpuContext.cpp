#include "Codegen/CPU/CpuContext.h"

using namespace mlir;
using namespace lathe;

CpuContext::CpuContext(OpBuilder &builder, exec::KernelOp kernel, const CpuVariant &variant,
                       const KernelClass &kernelClass, Block *entry)
    : KernelContext((builder.setInsertionPointToStart(entry), builder), kernel, kernelClass), variant(variant),
      bindings(entry->getArgument(1)), begin(entry->getArgument(3)), end(entry->getArgument(4)) {
  batch = entry->getArgument(0);
  scratch = entry->getArgument(2);
}

LLVM::LLVMPointerType CpuContext::pointerType() const { return LLVM::LLVMPointerType::get(builder.getContext()); }

Value CpuContext::loadBinding(unsigned index) {
  return load(pointerType(), offset(bindings, int64_t(index) * int64_t(sizeof(void *))), 8);
}

void CpuContext::prefetch(Value pointer, unsigned locality) {
  LLVM::Prefetch::create(builder, loc, pointer, /*rw=*/0, /*hint=*/locality, /*cache=*/1);
}

//===------------------------------------------------------------------------------------------------------===//
// One thread is the team
//===------------------------------------------------------------------------------------------------------===//

void CpuContext::forItems(Body body) { forRange(begin, end, 1, body); }

void CpuContext::forEach(int64_t count, Body body) {
  if (count == 1) return body(i64(0));
  forRange(i64(0), i64(count), 1, body);
}

void CpuContext::forBlocks(int64_t blocks, int64_t columns,
                           llvm::function_ref<void(Value, Value, int64_t)> body) {
  if (columns == 0) return;
  forEach(blocks, [&](Value block) {
    forColumns(columns, [&](Value column, int64_t width) { body(block, column, width); });
  });
}

void CpuContext::forColumns(int64_t columns, ColumnsBody body, int64_t step) {
  int64_t whole = columns / step * step;
  if (whole == step)
    body(i64(0), step);
  else if (whole)
    forRange(i64(0), i64(whole), step, [&](Value column) { body(column, step); });
  for (int64_t column = whole; column < columns;) {
    while (step > columns - column) step /= 2;
    body(i64(column), step);
    column += step;
  }
}

//===------------------------------------------------------------------------------------------------------===//
// Tables
//===------------------------------------------------------------------------------------------------------===//

static int64_t widthOf(Value vector) { return cast<VectorType>(vector.getType()).getDimSize(0); }

/// Lanes [first, first + count) of a vector; lanes behind its end repeat the last one.
static Value slice(CpuContext &context, Value vector, int64_t first, int64_t count) {
  SmallVector<int64_t> picked;
  for (int64_t i = 0; i < count; ++i) picked.push_back(std::min(first + i, widthOf(vector) - 1));
  return vector::ShuffleOp::create(context.builder, context.loc, vector, vector, picked);
}

Value CpuContext::permute(ArrayRef<float> entries, Value indices) {
  auto type = VectorType::get(int64_t(entries.size()), builder.getF32Type());
  Value constant = arith::ConstantOp::create(builder, loc, DenseElementsAttr::get(type, entries));
  StringRef name = entries.size() == 16 ? "llvm.x86.avx512.permvar.sf.512" : "llvm.x86.avx2.permps";
  return LLVM::CallIntrinsicOp::create(builder, loc, type, builder.getStringAttr(name),
                                       ValueRange{constant, indices})
      .getResults();
}

/// permute() with entries [first, first + lanes) of a table, which wraps around.
static Value permuteFrom(CpuContext &context, ArrayRef<float> table, size_t first, Value indices) {
  SmallVector<float> entries;
  for (size_t i = 0; i < size_t(context.permutedEntries()); ++i)
    entries.push_back(table[(first + i) % table.size()]);
  return context.permute(entries, indices);
}

/// A permutation a register's worth of entries, chosen by the upper bits: no memory, so it works within a
/// vector.
Value CpuContext::lookUp(ArrayRef<float> table, Value indices) {
  int64_t lanes = permutedEntries(), width = widthOf(indices);
  if (width != lanes) {
    Value result;
    for (int64_t first = 0; first < width; first += lanes) {
      Value part = slice(*this, lookUp(table, slice(*this, indices, first, lanes)), 0, std::min(lanes, width));
      SmallVector<int64_t> both = llvm::to_vector(llvm::seq<int64_t>(0, first + lanes));
      result = result ? vector::ShuffleOp::create(builder, loc, result, part, both).getResult() : part;
    }
    return result;
  }
  Value result = permuteFrom(*this, table, 0, indices);
  for (size_t first = size_t(lanes); first < table.size(); first += size_t(lanes)) {
    auto type = cast<VectorType>(indices.getType());
    Value bound = arith::ConstantOp::create(builder, loc, DenseElementsAttr::get(type, APInt(32, first)));
    Value above = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::uge, indices, bound);
    result = select(above, permuteFrom(*this, table, first, indices), result);
  }
  return result;
}
