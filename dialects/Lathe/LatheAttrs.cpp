#include "Lathe/LatheDialect.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace lathe;

#define GET_ATTRDEF_CLASSES
#include "Lathe/LatheAttrs.cpp.inc"

void LatheDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "Lathe/LatheAttrs.cpp.inc"
      >();
}

bool EncodingAttr::isPlain() const {
  return isa<FloatType>(getCodes()) && getTable().empty() && !getScale() && !getOffset() && !getBitmap();
}

bool EncodingAttr::hasIntegerCodes() const { return isa<IntegerType>(getCodes()) && getTable().empty(); }

unsigned EncodingAttr::getCodeBits() const { return getCodes().getIntOrFloatBitWidth(); }

std::pair<int64_t, int64_t> EncodingAttr::getBlockShape(int64_t rows, int64_t columns) const {
  if (getBlock().empty()) return {rows, columns};
  return {getBlock()[0] ? getBlock()[0] : rows, getBlock()[1] ? getBlock()[1] : columns};
}

double EncodingAttr::getBitsPerWeight(int64_t rows, int64_t columns) const {
  double bits = getCodeBits() + (getBitmap() ? 1 : 0);
  auto [blockRows, blockColumns] = getBlockShape(rows, columns);
  int64_t scaleRows = (rows + blockRows - 1) / blockRows, scaleColumns = (columns + blockColumns - 1) / blockColumns;
  double share = double(scaleRows) * double(scaleColumns) / (double(rows) * double(columns));
  for (EncodingAttr part : {getScale(), getOffset()})
    if (part) bits += share * part.getBitsPerWeight(scaleRows, scaleColumns);
  return bits;
}

LogicalResult EncodingAttr::verify(function_ref<InFlightDiagnostic()> error, Type codes, DenseF32ArrayAttr values,
                                   ArrayRef<int64_t> block, EncodingAttr scale, EncodingAttr offset, bool bitmap) {
  auto integer = dyn_cast<IntegerType>(codes);
  ArrayRef<float> table = values ? values.asArrayRef() : ArrayRef<float>();
  if (!integer && !isa<FloatType>(codes))
    return error() << "codes must be an integer with a sign or a float, not " << codes;
  if (integer && (integer.isSignless() || integer.getWidth() < 1 || integer.getWidth() > 8))
    return error() << "integer codes must be si1..si8 or ui1..ui8, not " << codes;
  if (!table.empty() && (!integer || !integer.isUnsigned() || table.size() != size_t(1) << integer.getWidth()))
    return error() << "a table needs unsigned codes and one entry for each of them";
  if (bool(scale || offset) != !block.empty())
    return error() << "a block shape is given exactly where there is a scale or an offset";
  if (!block.empty() && (block.size() != 2 || block[0] < 0 || block[1] < 0))
    return error() << "a block has two extents, each positive or 0 for the whole dimension";
  if (!block.empty() && block[0] == 1 && block[1] == 1)
    return error() << "a block of one element stores a scale for every code";
  if (bitmap && codes.isFloat() && codes.getIntOrFloatBitWidth() < 8)
    return error() << "a bitmap needs codes of at least 8 bits where they are floats";
  return success();
}

Attribute EncodingAttr::parse(AsmParser &parser, Type) {
  Type codes;
  SmallVector<float> table;
  SmallVector<int64_t> block;
  EncodingAttr scale, offset;
  bool bitmap = false;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseType(codes)) return {};
  auto parseNested = [&](EncodingAttr &nested) -> ParseResult {
    nested = dyn_cast_or_null<EncodingAttr>(EncodingAttr::parse(parser, Type()));
    return success(bool(nested));
  };
  while (succeeded(parser.parseOptionalComma())) {
    ParseResult result = success();
    if (succeeded(parser.parseOptionalKeyword("block"))) {
      result = parser.parseDimensionList(block, /*allowDynamic=*/false, /*withTrailingX=*/false);
    } else if (succeeded(parser.parseOptionalKeyword("scale"))) {
      result = parseNested(scale);
    } else if (succeeded(parser.parseOptionalKeyword("offset"))) {
      result = parseNested(offset);
    } else if (succeeded(parser.parseOptionalKeyword("bitmap"))) {
      bitmap = true;
    } else if (succeeded(parser.parseOptionalKeyword("table"))) {
      result = parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&]() -> ParseResult {
        double value;
        if (parser.parseFloat(value)) return failure();
        table.push_back(static_cast<float>(value));
        return success();
      });
    } else {
      parser.emitError(parser.getCurrentLocation(), "expected block, scale, offset, table or bitmap");
      return {};
    }
    if (failed(result)) return {};
  }
  if (parser.parseGreater()) return {};
  return getChecked([&] { return parser.emitError(loc); }, parser.getContext(), codes,
                    table.empty() ? DenseF32ArrayAttr() : DenseF32ArrayAttr::get(parser.getContext(), table), block, scale,
                    offset, bitmap);
}

void EncodingAttr::print(AsmPrinter &printer) const {
  printer << "<" << getCodes();
  if (!getTable().empty()) {
    printer << ", table [";
    llvm::interleaveComma(getTable(), printer, [&](float value) { printer.printFloat(APFloat(value)); });
    printer << "]";
  }
  if (!getBlock().empty()) printer << ", block " << getBlock()[0] << "x" << getBlock()[1];
  for (auto [name, part] : {std::pair("scale", getScale()), std::pair("offset", getOffset())}) {
    if (!part) continue;
    printer << ", " << name << " ";
    part.print(printer);
  }
  if (getBitmap()) printer << ", bitmap";
  printer << ">";
}

LogicalResult QuantizedRowsAttr::verify(function_ref<InFlightDiagnostic()> error, int64_t group) {
  if (group < 1) return error() << "a group has at least one column";
  return success();
}
