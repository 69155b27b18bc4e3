#include "PackedWeights.h"

#include "Lathe/PackedLayout.h"
#include "Weights/FormatOf.h"
#include "Weights/Packer.h"

#include "mlir/AsmParser/AsmParser.h"
#include "gtest/gtest.h"

namespace lathe::test {

std::string PackedWeights::typeText(int64_t rows, int64_t columns, const std::string &encoding) {
  return "!lathe.weight<" + std::to_string(rows) + "x" + std::to_string(columns) + "x" + encoding +
         ", panel 64>";
}

static std::vector<float> decodePart(const Format *format, const Encoded *part) {
  if (!format || !part) return {};
  std::vector<float> values(size_t(part->rows * part->columns));
  dequantize(*format, *part, values);
  return values;
}

/// Six in ten of the elements; of some rows none, of some all.
static void prune(Buffer<float> &values, int64_t columns, unsigned seed) {
  Buffer<float> random = randomFloats(values.size(), seed);
  for (size_t i = 0; i < values.size(); ++i) {
    int64_t row = int64_t(i) / columns % 7;
    if (row == 2 || (row != 1 && random[i] < 0.2f)) values[i] = 0;
  }
}

PackedWeights::PackedWeights(int64_t rows, int64_t columns, const std::string &encoding, unsigned seed)
    : rows(rows), columns(columns), encoding(encoding), dense(size_t(rows * columns)), bytes(0) {
  mlir::MLIRContext context;
  context.loadDialect<LatheDialect>();
  auto type = llvm::dyn_cast_or_null<WeightType>(mlir::parseType(this->type(), &context));
  if (!type) {
    ADD_FAILURE() << "not a weight: " << this->type();
    return;
  }
  auto format =
      formatOf(type.getEncoding(), [&] { return mlir::emitError(mlir::UnknownLoc::get(&context)); });
  if (failed(format)) {
    ADD_FAILURE() << "no format for " << encoding;
    return;
  }
  Buffer<float> values = randomFloats(dense.size(), seed, 0.5f);
  if (type.getEncoding().getBitmap()) prune(values, columns, seed + 1);
  codes = quantize(**format, {values.data(), values.size()}, rows, columns, /*clip=*/false);
  dequantize(**format, codes, dense);
  bias = (*format)->bias();
  scales = decodePart((*format)->scale.get(), codes.scale.get());
  offsets = decodePart((*format)->offset.get(), codes.offset.get());
  bytes = Buffer<uint8_t>(size_t(storedBytes(type)));
  ByteSink sink = [&](uint64_t offset, std::span<const std::byte> part) -> Status {
    EXPECT_LE(offset + part.size(), bytes.size());
    std::memcpy(bytes.data() + offset, part.data(), part.size());
    return {};
  };
  PackedMatrix layout = packedLayout(type);
  Packer packer(**format, layout, sink);
  Status status;
  if (type.getEncoding().getBitmap()) status = packer.setStarts(packer.countCodes(codes));
  if (status.ok()) status = packer.packRows(codes, 0);
  EXPECT_TRUE(status.ok()) << status.message();
}

} // namespace lathe::test
