#include "Compress/Cost.h"

#include "Lathe/PackedLayout.h"

#include "llvm/Support/Format.h"

using namespace mlir;
using namespace lathe;

int64_t lathe::plainBytes(WeightType type) {
  return type.getRows() * type.getColumns() * type.getEncoding().getCodeBits() / 8;
}

int64_t lathe::packedBytes(WeightType type) {
  return storedBytes(WeightType::get(type.getShape(), type.getEncoding(), kPanelRows));
}

static std::string formatted(const char *format, double value) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format(format, value);
  return text;
}

std::string lathe::describeBytes(int64_t bytes) {
  if (bytes >= 10'000'000) return formatted("%.1f MB", double(bytes) / 1e6);
  if (bytes >= 10'000) return formatted("%.1f kB", double(bytes) / 1e3);
  return std::to_string(bytes) + " B";
}

std::string lathe::describeRatio(double ratio) { return formatted("%.3g", ratio); }
