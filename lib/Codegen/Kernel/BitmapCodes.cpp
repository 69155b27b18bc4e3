#include "Codegen/Kernel/BitmapCodes.h"

using namespace mlir;
using namespace lathe;

Value BitmapCodes::mask(Value first) const {
  int64_t panelBytes = kPanelRows * matrix.paddedColumns / 8;
  Value start = on.offset(on.offset(base, matrix.planes[0].offset), on.mul(panel, panelBytes));
  return on.offset(start, on.mul(first, kPanelRows / 8));
}

Value BitmapCodes::firstCode() const {
  Value stated = on.load(on.builder.getI32Type(),
                         on.offset(on.offset(base, matrix.planes[1].offset), on.mul(panel, 4)), 4);
  stated = arith::ExtUIOp::create(on.builder, on.loc, on.builder.getI64Type(), stated);
  Value most = on.mul(panel, kPanelRows * matrix.paddedColumns);
  return on.offset(on.offset(base, matrix.planes[2].offset), on.mul(on.min(stated, most), width()));
}

Type BitmapCodes::floatType() const { return width() > 1 ? matrix.encoding.getCodes() : Type(); }

uint8_t BitmapCodes::codeOfZero() const {
  if (width() > 1) return 0;
  ArrayRef<float> table = matrix.encoding.getTable();
  const float *zero = llvm::find(table, 0.0f);
  return zero != table.end() ? uint8_t(zero - table.begin()) : uint8_t(matrix.bias);
}
