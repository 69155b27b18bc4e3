#include "Weights/FormatOf.h"

#include "llvm/ADT/APFloat.h"

#include <cmath>

using namespace mlir;
using namespace lathe;

/// What each code of a float type of at most 8 bits stands for.
static std::vector<float> floatValues(FloatType type) {
  unsigned width = type.getWidth();
  std::vector<float> values;
  for (unsigned raw = 0; raw < 1u << width; ++raw) {
    APFloat value(type.getFloatSemantics(), APInt(width, raw));
    if (!value.isFinite()) {
      values.push_back(value.isNaN() ? NAN : value.isNegative() ? -INFINITY : INFINITY);
      continue;
    }
    bool lossy = false;
    value.convert(APFloat::IEEEsingle(), APFloat::rmNearestTiesToEven, &lossy);
    values.push_back(value.convertToFloat());
  }
  return values;
}

static LogicalResult setCodes(EncodingAttr encoding, Format &format,
                              function_ref<InFlightDiagnostic()> emitError) {
  Type codes = encoding.getCodes();
  format.bits = encoding.getCodeBits();
  if (!encoding.getTable().empty()) {
    format.codes = Format::Codes::Table;
    format.table = ValueTable(std::vector<float>(encoding.getTable().begin(), encoding.getTable().end()));
  } else if (auto integer = dyn_cast<IntegerType>(codes)) {
    format.codes = Format::Codes::Integer;
    format.isSigned = integer.isSigned();
  } else if (codes.isF32() || codes.isF16() || codes.isBF16()) {
    format.codes = Format::Codes::Float;
    format.floatFormat = codes.isF32()   ? FloatFormat::F32
                         : codes.isF16() ? FloatFormat::F16
                                         : FloatFormat::BF16;
  } else if (format.bits <= 8) {
    format.codes = Format::Codes::Table;
    format.table = ValueTable(floatValues(cast<FloatType>(codes)));
  } else {
    return emitError() << "weights can't be stored as " << codes
                       << "; use f32, f16, bf16 or a type of at most 8 bits";
  }
  if (format.codes == Format::Codes::Table && format.table.sorted().empty())
    return emitError() << "a table needs a finite entry";
  return success();
}

FailureOr<std::shared_ptr<Format>> lathe::formatOf(EncodingAttr encoding,
                                                   function_ref<InFlightDiagnostic()> emitError) {
  auto format = std::make_shared<Format>();
  if (failed(setCodes(encoding, *format, emitError))) return failure();
  format->bitmap = encoding.getBitmap();
  if (!encoding.getBlock().empty()) {
    format->blockRows = encoding.getBlock()[0];
    format->blockColumns = encoding.getBlock()[1];
  }
  for (auto [part, target] :
       {std::pair(encoding.getScale(), &format->scale), std::pair(encoding.getOffset(), &format->offset)}) {
    if (!part) continue;
    if (part.getBitmap())
      return emitError() << "only a matrix of weights has a bitmap, not its scales or offsets";
    FailureOr<std::shared_ptr<Format>> nested = formatOf(part, emitError);
    if (failed(nested)) return failure();
    *target = *nested;
  }
  return format;
}
