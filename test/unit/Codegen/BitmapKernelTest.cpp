// Bytes of a weight change numbers, never an address: bitmaps whose mask and starts are damaged.
#include "PackedWeights.h"
#include "QuantizedInput.h"

#include "Lathe/PackedLayout.h"

#include "mlir/AsmParser/AsmParser.h"
#include "llvm/Support/FormatVariadic.h"
#include "gtest/gtest.h"

#include <cstring>
#include <random>
#include <sys/mman.h>
#include <unistd.h>

using namespace lathe;
using namespace lathe::test;

namespace {

constexpr int64_t kOutputs = 150, kInputs = 300, kGroup = 64;

struct Damaged {
  const char *encoding;
  bool quantized; ///< rows of x
};

std::string kernel(const Damaged &c) {
  std::string x = c.quantized ? llvm::formatv("tensor<?x{0}xi8, #lathe.quantized_rows<{1}>>", kInputs, kGroup).str()
                              : llvm::formatv("tensor<?x{0}xf32>", kInputs).str(),
              rows = c.quantized ? llvm::formatv("i8, stride {0}, group {1}",
                                                 exec::SliceType::packedStride(kInputs, {}, kGroup), kGroup)
                                       .str()
                                 : llvm::formatv("f32, stride {0}", kInputs * 4).str();
  return llvm::formatv(R"(
    exec.kernel @k over rows slices [!exec.slice<rows by {0} of {1}>, unit, !exec.slice<rows by {2} of f32, stride {3}>] states {{} {{
    ^bb0(%x: {4}, %w: {5}):
      %y = lathe.linear %x, [%w] : {4}, [{5}] -> tensor<?x{2}xf32>
      lathe.yield %y : tensor<?x{2}xf32>
    })",
                       kInputs, rows, kOutputs, kOutputs * 4, x,
                       PackedWeights::typeText(kOutputs, kInputs, c.encoding));
}

/// Pages of which the last one ends where `bytes` end; what stands before and behind can't be touched.
class Fenced {
public:
  explicit Fenced(const Buffer<uint8_t> &content) {
    size_t page = size_t(sysconf(_SC_PAGESIZE)), inside = (content.size() + page - 1) / page * page;
    bytes_ = inside + 2 * page;
    base_ = static_cast<uint8_t *>(mmap(nullptr, bytes_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(base_ + page, inside, PROT_READ | PROT_WRITE);
    data_ = base_ + page + inside - content.size();
    std::memcpy(data_, content.data(), content.size());
  }
  ~Fenced() { munmap(base_, bytes_); }
  uint8_t *data() const { return data_; }

private:
  uint8_t *base_, *data_;
  size_t bytes_;
};

class DamagedBitmap : public testing::TestWithParam<Damaged> {};

TEST_P(DamagedBitmap, ReadsWithinItsReach) {
  const Damaged &c = GetParam();
  Program program(kernel(c));
  PackedWeights w(kOutputs, kInputs, c.encoding, 5);
  mlir::MLIRContext context;
  context.loadDialect<LatheDialect>();
  PackedMatrix layout = packedLayout(llvm::cast<WeightType>(mlir::parseType(w.type(), &context)));
  Fenced memory(w.bytes);
  Buffer<float> plain = randomFloats(size_t(100 * kInputs), 6), y(size_t(100 * kOutputs));
  QuantizedInput codes(100, kInputs, kGroup, 6);
  void *x = c.quantized ? static_cast<void *>(codes.bytes.data()) : plain.data();
  std::mt19937 random(7);
  for (int turn = 0; turn < 8; ++turn) {
    // All ones first: every code there, and the furthest starts.
    for (const PackedPlane &plane : {layout.planes[0], layout.planes[1]})
      for (int64_t i = 0; i < plane.bytes; ++i)
        memory.data()[plane.offset + i] = turn ? uint8_t(random()) : 0xff;
    for (int32_t rows : {1, 5, 100})
      for (size_t variant = 0; variant < program.variants(); ++variant)
        program.run(variant, "k", Batch({{0, 0, rows}}).get(), {x, memory.data(), y.data()});
  }
}

INSTANTIATE_TEST_SUITE_P(Codes, DamagedBitmap,
                         testing::Values(Damaged{"<si8, block 1x0, scale <f32>, bitmap>", true},
                                         Damaged{"<si8, block 1x0, scale <f32>, bitmap>", false},
                                         Damaged{"<si4, block 1x64, scale <f16>, bitmap>", true},
                                         Damaged{"<f16, bitmap>", false}, Damaged{"<f32, bitmap>", false}));

} // namespace
