#include "Interpreter/Weights.h"

#include "llvm/ADT/APFloat.h"

using namespace mlir;

namespace lathe::interpreter {

/// The number that a code stands for, before scale and offset.
static float codeValue(EncodingAttr encoding, int32_t code) {
  if (!encoding.getTable().empty()) return encoding.getTable()[code];
  auto type = dyn_cast<FloatType>(encoding.getCodes());
  if (!type) return static_cast<float>(code);
  llvm::APFloat number(type.getFloatSemantics(), llvm::APInt(type.getWidth(), static_cast<uint32_t>(code)));
  bool inexact;
  number.convert(llvm::APFloat::IEEEsingle(), llvm::APFloat::rmNearestTiesToEven, &inexact);
  return number.convertToFloat();
}

Weight decode(const StoredMatrix &stored) {
  Weight weight(stored.rows, stored.columns);
  std::tie(weight.blockRows, weight.blockColumns) =
      stored.encoding.getBlockShape(stored.rows, stored.columns);
  if (stored.encoding.hasIntegerCodes()) weight.codes = stored.codes;
  if (stored.scale) weight.scales = decode(*stored.scale).values;
  if (stored.offset) weight.offsets = decode(*stored.offset).values;
  for (int64_t n = 0; n < weight.rows; ++n)
    for (int64_t k = 0; k < weight.columns; ++k) {
      float value = codeValue(stored.encoding, stored.codes[n * weight.columns + k]);
      if (stored.scale) value *= weight.scales[weight.block(n, k)];
      if (stored.offset) value += weight.offsets[weight.block(n, k)];
      weight.values[n * weight.columns + k] = value;
    }
  return weight;
}

} // namespace lathe::interpreter
