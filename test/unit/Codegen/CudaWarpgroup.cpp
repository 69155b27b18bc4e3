#include "CudaWarpgroup.h"

#include "gtest/gtest.h"

#include <bit>
#include <regex>

namespace lathe::test {

//===------------------------------------------------------------------------------------------------------===//
// Matrix descriptor format
//===------------------------------------------------------------------------------------------------------===//

MatrixDescriptor::MatrixDescriptor(uint64_t bits) {
  start = uint32_t(bits & 0x3fff) << 4;
  stride = uint32_t(bits >> 32 & 0x3fff) << 4;
  uint64_t swizzle = bits >> 62, base = bits >> 49 & 7;
  EXPECT_NE(swizzle, 0u) << "a matrix is not swizzled";
  EXPECT_EQ(base, 0u) << "a matrix does not begin with its pattern";
  lineBytes = swizzle == 1 ? 128 : swizzle == 2 ? 64 : 32;
  // The pattern begins at a multiple of eight lines; in the first of them, another begin stands for later
  // columns.
  EXPECT_LT(start % (8 * lineBytes), lineBytes) << "a matrix begins inside its pattern";
}

uint32_t MatrixDescriptor::at(unsigned row, unsigned byte) const {
  uint32_t linear = start + row / 8 * stride + row % 8 * lineBytes + byte;
  // 16-byte pieces: bits 4 and up of the address change by bits 7 and up, as many as a line has.
  uint32_t pieces = lineBytes / 16 - 1;
  return linear ^ (linear >> 7 & pieces) << 4;
}

//===------------------------------------------------------------------------------------------------------===//
// The text
//===------------------------------------------------------------------------------------------------------===//

static std::string sumOperands() {
  std::string all = "\\{\\$0";
  for (int i = 1; i < 32; ++i) all += ", \\$" + std::to_string(i);
  return all + "\\}";
}

std::optional<std::vector<WarpgroupProduct>> parseWarpgroup(const std::string &text) {
  static const std::regex block(
      "\\{\\s*\\.reg \\.pred none, more;\\s*setp\\.ne\\.b32 none, 0, 0;\\s*setp\\.ne\\.b32 more, 1, 0;\\s*"
      "wgmma\\.fence\\.sync\\.aligned;\\s*((?:wgmma\\.mma_async[^;]*;\\s*)+)"
      "wgmma\\.commit_group\\.sync\\.aligned;\\s*wgmma\\.wait_group\\.sync\\.aligned 0;\\s*\\}");
  static const std::regex line("wgmma\\.mma_async\\.sync\\.aligned\\.(\\S+) " + sumOperands() +
                               ", \\$(\\d+), \\$(\\d+), (none|more)(, 1, 1, 0, 0)?;\\s*");
  std::smatch found;
  if (!std::regex_match(text, found, block)) return std::nullopt;
  std::string lines = found[1];
  std::vector<WarpgroupProduct> products;
  while (std::regex_search(lines, found, line, std::regex_constants::match_continuous)) {
    products.push_back(
        {found[1], unsigned(std::stoi(found[2])), unsigned(std::stoi(found[3])), found[4] == "more"});
    // Of integers nothing can be negated or transposed.
    if (found[5].matched != (products.back().form.find("f32") != std::string::npos)) return std::nullopt;
    lines = found.suffix();
  }
  if (!lines.empty()) return std::nullopt;
  return products;
}

//===------------------------------------------------------------------------------------------------------===//
// Matrix fragments for wgmma.mma_async.m64nNk16 and .m64nNk32
//===------------------------------------------------------------------------------------------------------===//

template <typename Sum, unsigned depth, typename Element>
static void multiply(const MatrixDescriptor &a, const MatrixDescriptor &b, bool adds, unsigned thread,
                     uint32_t (&sums)[32], const std::function<uint8_t(uint32_t)> &byteAt, Element element) {
  constexpr unsigned kBytes = 32 / depth;
  auto number = [&](const MatrixDescriptor &of, unsigned row, unsigned k) {
    uint32_t bits = 0;
    for (unsigned byte = 0; byte < kBytes; ++byte)
      bits |= uint32_t(byteAt(of.at(row, k * kBytes + byte))) << 8 * byte;
    return Sum(element(bits));
  };
  unsigned warp = thread / 32, lane = thread % 32;
  for (unsigned i = 0; i < 32; ++i) {
    unsigned row = 16 * warp + lane / 4 + (i % 4 < 2 ? 0 : 8), column = i / 4 * 8 + lane % 4 * 2 + i % 2;
    Sum sum = adds ? std::bit_cast<Sum>(sums[i]) : Sum(0);
    for (unsigned k = 0; k < depth; ++k) sum += number(a, row, k) * number(b, column, k);
    sums[i] = std::bit_cast<uint32_t>(sum);
  }
}

void multiplyWarpgroup(const WarpgroupProduct &product, const MatrixDescriptor &a, const MatrixDescriptor &b,
                       unsigned thread, uint32_t (&sums)[32],
                       const std::function<uint8_t(uint32_t)> &byteAt) {
  auto run = [&]<typename Sum, unsigned depth>(auto element) {
    multiply<Sum, depth>(a, b, product.adds, thread, sums, byteAt, element);
  };
  if (product.form == "m64n64k32.s32.s8.s8")
    run.operator()<int32_t, 32>([](uint32_t bits) { return int8_t(bits); });
  else if (product.form == "m64n64k16.f32.bf16.bf16")
    run.operator()<float, 16>([](uint32_t bits) { return std::bit_cast<float>(bits << 16); });
  else if (product.form == "m64n64k16.f32.f16.f16")
    run.operator()<float, 16>([](uint32_t bits) { return float(std::bit_cast<_Float16>(uint16_t(bits))); });
  else
    ADD_FAILURE() << "nothing multiplies " << product.form;
}

} // namespace lathe::test
