// The slice type: rows of the arena.
#include "Exec/ExecDialect.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

#include <numeric>

using namespace mlir;
using namespace lathe;
using namespace lathe::exec;

#define GET_TYPEDEF_CLASSES
#include "Exec/ExecTypes.cpp.inc"

void ExecDialect::registerTypes() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "Exec/ExecTypes.cpp.inc"
      >();
}

int64_t SliceType::paddedColumns(int64_t columns, int64_t group) {
  int64_t unit = group < columns ? std::lcm(int64_t(64), group) : 64;
  return (columns + unit - 1) / unit * unit;
}

int64_t SliceType::packedStride(int64_t columns, Type elementType, int64_t group) {
  if (!group) return columns * elementType.getIntOrFloatBitWidth() / 8;
  int64_t groups = (columns + group - 1) / group;
  int64_t lines = (paddedColumns(columns, group) + 8 * groups + 63) / 64;
  return (lines | 1) * 64;
}

LogicalResult SliceType::verify(function_ref<InFlightDiagnostic()> error, RowDomain, int64_t columns, Type elementType,
                                int64_t stride, int64_t group) {
  if (columns < 1 || group < 0) return error() << "a slice has at least one column";
  if (!elementType.isIntOrFloat()) return error() << "a slice holds integers or floats, not " << elementType;
  int64_t bytes = columns * elementType.getIntOrFloatBitWidth() / 8;
  if (stride < bytes) return error() << "rows of " << bytes << " bytes overlap at a stride of " << stride;
  if (group && (!elementType.isInteger(8) || stride % 128 != 64))
    return error() << "quantized rows are i8, at an odd multiple of 64 bytes";
  return success();
}

// <rows by 64 of i8, stride 192, group 32>
Type SliceType::parse(AsmParser &parser) {
  StringRef keyword;
  int64_t columns = 0, stride = 0, group = 0;
  Type elementType;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseKeyword(&keyword) || parser.parseKeyword("by") || parser.parseInteger(columns) ||
      parser.parseKeyword("of") || parser.parseType(elementType) || parser.parseComma() || parser.parseKeyword("stride") ||
      parser.parseInteger(stride))
    return {};
  if (succeeded(parser.parseOptionalComma()) && (parser.parseKeyword("group") || parser.parseInteger(group))) return {};
  if (parser.parseGreater()) return {};
  std::optional<RowDomain> domain = symbolizeRowDomain(keyword);
  if (!domain) {
    parser.emitError(loc, "expected rows, outputs or sequences");
    return {};
  }
  return getChecked([&] { return parser.emitError(loc); }, parser.getContext(), *domain, columns, elementType, stride, group);
}

void SliceType::print(AsmPrinter &printer) const {
  printer << "<" << stringifyRowDomain(getDomain()) << " by " << getColumns() << " of " << getElementType() << ", stride "
          << getStride();
  if (getGroup()) printer << ", group " << getGroup();
  printer << ">";
}
