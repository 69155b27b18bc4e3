#include "Codegen/GPU/Alignment.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace {

/// Low bits of integers and addresses that are 0, as far as one cares.
class LowZeros {
public:
  static constexpr unsigned kAll = 6; // no alignment above 64 is of use

  explicit LowZeros(gpu::GPUFuncOp function) : function(function) {}

  unsigned of(Value value) {
    auto [entry, isNew] = known.try_emplace(value, 0);
    if (!isNew) return entry->second;
    unsigned zeros = std::min(compute(value), kAll);
    return known[value] = zeros;
  }

private:
  gpu::GPUFuncOp function;
  llvm::DenseMap<Value, unsigned> known;

  unsigned least(ValueRange values) {
    unsigned zeros = kAll;
    for (Value value : values) zeros = std::min(zeros, of(value));
    return zeros;
  }

  unsigned compute(Value value) {
    if (auto argument = dyn_cast<BlockArgument>(value)) return ofArgument(argument);
    Operation *op = value.getDefiningOp();
    APInt constant;
    if (matchPattern(value, m_ConstantInt(&constant)))
      return constant.isZero() ? kAll : constant.countr_zero();
    return llvm::TypeSwitch<Operation *, unsigned>(op)
        .Case<arith::AddIOp, arith::SubIOp, arith::OrIOp, arith::MinSIOp, arith::MaxSIOp, arith::ExtSIOp,
              arith::ExtUIOp, arith::TruncIOp, arith::IndexCastOp, arith::IndexCastUIOp, arith::RemUIOp>(
            [&](Operation *of) { return least(of->getOperands()); })
        .Case([&](arith::MulIOp of) { return this->of(of.getLhs()) + this->of(of.getRhs()); })
        .Case([&](arith::AndIOp of) { return std::max(this->of(of.getLhs()), this->of(of.getRhs())); })
        .Case([&](arith::SelectOp of) { return least({of.getTrueValue(), of.getFalseValue()}); })
        .Case([&](arith::ShLIOp of) {
          APInt bits;
          return this->of(of.getLhs()) +
                 (matchPattern(of.getRhs(), m_ConstantInt(&bits)) ? unsigned(bits.getLimitedValue(kAll)) : 0);
        })
        .Case([&](LLVM::GEPOp of) { return ofOffset(of); })
        .Default([](Operation *) { return 0u; });
  }

  unsigned ofOffset(LLVM::GEPOp op) {
    if (!op.getElemType().isInteger(8) || op.getIndices().size() != 1) return 0;
    unsigned base = of(op.getBase());
    if (auto index = dyn_cast<Value>(op.getIndices()[0])) return std::min(base, of(index));
    int64_t bytes = cast<IntegerAttr>(op.getIndices()[0]).getInt();
    return bytes ? std::min<unsigned>(base, llvm::countr_zero(uint64_t(bytes))) : base;
  }

  unsigned ofArgument(BlockArgument argument) {
    Operation *parent = argument.getOwner()->getParentOp();
    if (parent == function.getOperation() && argument.getArgNumber() < function.getNumArguments()) {
      auto align = function.getArgAttrOfType<IntegerAttr>(argument.getArgNumber(),
                                                          LLVM::LLVMDialect::getAlignAttrName());
      return align ? llvm::Log2_64(uint64_t(align.getInt())) : 0;
    }
    auto loop = dyn_cast<scf::ForOp>(parent);
    if (loop && argument == loop.getInductionVar()) return least({loop.getLowerBound(), loop.getStep()});
    return 0;
  }
};

} // namespace

static unsigned bytesOf(Type type) {
  if (isa<LLVM::LLVMPointerType>(type)) return 8;
  auto vector = dyn_cast<VectorType>(type);
  unsigned element = getElementTypeOrSelf(type).getIntOrFloatBitWidth() / 8;
  return vector ? element * unsigned(vector.getNumElements()) : element;
}

template <typename Op>
static void raise(Op op, Type type, LowZeros &zeros) {
  unsigned useful = std::min(1u << zeros.of(op.getAddr()), llvm::bit_ceil(bytesOf(type)));
  if (useful > op.getAlignment().value_or(1)) op.setAlignment(useful);
}

void lathe::stateAlignments(gpu::GPUFuncOp function) {
  LowZeros zeros(function);
  function.walk([&](LLVM::LoadOp op) { raise(op, op.getType(), zeros); });
  function.walk([&](LLVM::StoreOp op) { raise(op, op.getValue().getType(), zeros); });
}

int64_t lathe::knownAlignment(gpu::GPUFuncOp function, Value address) {
  return int64_t(1) << LowZeros(function).of(address);
}
