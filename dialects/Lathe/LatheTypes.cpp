#include "Lathe/LatheDialect.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace lathe;

#define GET_TYPEDEF_CLASSES
#include "Lathe/LatheTypes.cpp.inc"

void LatheDialect::registerTypes() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "Lathe/LatheTypes.cpp.inc"
      >();
}

LogicalResult WeightType::verify(function_ref<InFlightDiagnostic()> error, ArrayRef<int64_t> shape,
                                 EncodingAttr encoding, int64_t panel) {
  if (!encoding) return error() << "a weight needs an encoding";
  if (shape.empty() || shape.size() > 2) return error() << "a weight is a vector or a matrix";
  for (int64_t extent : shape)
    if (extent < 1 || extent > (int64_t(1) << 31)) return error() << "a weight's extents lie between 1 and 2^31";
  if (panel < 0 || (panel && shape.size() != 2)) return error() << "only a matrix has panels, of a positive number of rows";
  return success();
}

Type WeightType::parse(AsmParser &parser) {
  SmallVector<int64_t> shape;
  EncodingAttr encoding;
  int64_t panel = 0;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseDimensionList(shape, /*allowDynamic=*/false)) return {};
  Type plain;
  OptionalParseResult parsed = parser.parseOptionalType(plain);
  if (parsed.has_value()) {
    if (failed(*parsed)) return {};
    if (!isa<FloatType>(plain)) {
      parser.emitError(loc, "expected a float type or an encoding in < >");
      return {};
    }
    encoding = EncodingAttr::get(plain);
  } else {
    encoding = dyn_cast_or_null<EncodingAttr>(EncodingAttr::parse(parser, Type()));
    if (!encoding) return {};
  }
  if (succeeded(parser.parseOptionalComma()))
    if (parser.parseKeyword("panel") || parser.parseInteger(panel)) return {};
  if (parser.parseGreater()) return {};
  return getChecked([&] { return parser.emitError(loc); }, parser.getContext(), shape, encoding, panel);
}

void WeightType::print(AsmPrinter &printer) const {
  printer << "<";
  for (int64_t extent : getShape()) printer << extent << "x";
  if (getEncoding().isPlain())
    printer << getEncoding().getCodes();
  else
    getEncoding().print(printer);
  if (getPanel()) printer << ", panel " << getPanel();
  printer << ">";
}

LogicalResult StateType::verify(function_ref<InFlightDiagnostic()> error, StateKind kind, ArrayRef<int64_t> shape,
                                Type elementType) {
  if (!isa<FloatType>(elementType)) return error() << "a state holds floats, not " << elementType;
  if (shape.empty()) return error() << "a state has a shape";
  for (int64_t extent : shape)
    if (extent < 1) return error() << "a state's extents are positive";
  return success();
}

Type StateType::parse(AsmParser &parser) {
  StringRef keyword;
  SmallVector<int64_t> shape;
  Type elementType;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseKeyword(&keyword)) return {};
  std::optional<StateKind> kind = symbolizeStateKind(keyword);
  if (!kind) {
    parser.emitError(loc, "expected growing or fixed");
    return {};
  }
  if (parser.parseDimensionList(shape, /*allowDynamic=*/false) || parser.parseType(elementType) || parser.parseGreater())
    return {};
  return getChecked([&] { return parser.emitError(loc); }, parser.getContext(), *kind, shape, elementType);
}

void StateType::print(AsmPrinter &printer) const {
  printer << "<" << stringifyStateKind(getKind()) << " ";
  for (int64_t extent : getShape()) printer << extent << "x";
  printer << getElementType() << ">";
}
