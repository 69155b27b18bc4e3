// The dispatch: a region that one kernel computes.
#include "Lathe/LatheDialect.h"

#include "mlir/IR/OpImplementation.h"

using namespace mlir;
using namespace lathe;

bool lathe::isDispatchRoot(Operation *op) {
  return isa<LinearOp, AttentionOp, EmbeddingOp, PoolOp, DecayScanOp, RopeTableOp, TopLogitsOp>(op);
}

LogicalResult DispatchOp::verify() {
  Block &block = getBody().front();
  if (block.getArgumentTypes() != getInputs().getTypes())
    return emitOpError("(C1) block arguments and operands have different types");
  auto yield = dyn_cast_or_null<YieldOp>(block.empty() ? nullptr : &block.back());
  if (!yield) return emitOpError("ends in lathe.yield");
  if (yield.getValues().getTypes() != getResults().getTypes())
    return emitOpError("(C2) yielded values and results have different types");
  Operation *root = nullptr;
  for (Operation &op : block.without_terminator()) {
    if (isDispatchRoot(&op)) {
      if (root) return op.emitOpError("(C3) is a second root in one dispatch; the first is ") << root->getName();
      root = &op;
    } else if (!isa<FusableOpInterface, SelectOutputsOp, QuantizeRowsOp, SplitOp, CacheWriteOp, TokensOp, PositionsOp>(op)) {
      return op.emitOpError("(C3) can't stand in a dispatch");
    }
  }
  return success();
}

// lathe.dispatch (%a = %x : type, ...) -> types { ... }
ParseResult DispatchOp::parse(OpAsmParser &parser, OperationState &result) {
  SmallVector<OpAsmParser::Argument> arguments;
  SmallVector<OpAsmParser::UnresolvedOperand> operands;
  auto parseInput = [&]() -> ParseResult {
    OpAsmParser::Argument argument;
    OpAsmParser::UnresolvedOperand operand;
    if (parser.parseArgument(argument) || parser.parseEqual() || parser.parseOperand(operand) ||
        parser.parseColonType(argument.type))
      return failure();
    arguments.push_back(argument);
    operands.push_back(operand);
    return success();
  };
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseCommaSeparatedList(OpAsmParser::Delimiter::Paren, parseInput)) return failure();
  if (parser.parseOptionalArrowTypeList(result.types) || parser.parseOptionalAttrDictWithKeyword(result.attributes))
    return failure();
  SmallVector<Type> types = llvm::map_to_vector(arguments, [](auto &argument) { return argument.type; });
  if (parser.resolveOperands(operands, types, loc, result.operands)) return failure();
  return parser.parseRegion(*result.addRegion(), arguments);
}

void DispatchOp::print(OpAsmPrinter &printer) {
  printer << " (";
  llvm::interleaveComma(llvm::zip(getBody().getArguments(), getInputs()), printer, [&](auto pair) {
    printer << std::get<0>(pair) << " = " << std::get<1>(pair) << " : " << std::get<1>(pair).getType();
  });
  printer << ")";
  printer.printOptionalArrowTypeList(getResultTypes());
  printer.printOptionalAttrDictWithKeyword((*this)->getAttrs());
  printer << " ";
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}
