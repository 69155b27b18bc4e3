#include "CudaInstructions.h"

#include "gtest/gtest.h"

#include <bit>
#include <cstring>

namespace lathe::test {

static void expectAligned(const void *address, unsigned bytes) {
  EXPECT_EQ(reinterpret_cast<uintptr_t>(address) % bytes, 0u) << "an address is not aligned by " << bytes;
}

//===------------------------------------------------------------------------------------------------------===//
// ldmatrix.sync.aligned.m8n8.x4.shared.b16
//===------------------------------------------------------------------------------------------------------===//

/// Threads 8 m to 8 m + 7 hold the addresses of matrix m's rows. Each thread gets two neighbouring elements
/// of row lane / 4 of every matrix.
static void loadMatrices(const LaneOperands *lanes, unsigned lane, uint32_t *results) {
  for (unsigned matrix = 0; matrix < 4; ++matrix) {
    auto *row = reinterpret_cast<const char *>(lanes[8 * matrix + lane / 4].values[0]);
    expectAligned(row, 16);
    std::memcpy(&results[matrix], row + 2 * 2 * (lane % 4), 4);
  }
}

//===------------------------------------------------------------------------------------------------------===//
// mma.sync.aligned
//===------------------------------------------------------------------------------------------------------===//

namespace {

/// Tiles A, B and C with the elements in their places that one lane's results take: rows of A and C, columns
/// of B.
template <typename Element, typename Sum, int depth> struct Tiles {
  static constexpr int kInWord = depth / 8;
  unsigned lane;
  Element a[16][depth];
  Element b[depth][8];
  Sum c[16][8];

  template <typename ToA, typename ToB>
  Tiles(const LaneOperands *lanes, unsigned lane, ToA toA, ToB toB) : lane(lane) {
    for (unsigned from = 0; from < 32; ++from) {
      const uint64_t *values = lanes[from].values;
      if (from >> 2 == lane >> 2) placeA(from, values, toA);
      if (from >> 3 == lane % 4) placeB(from, values, toB);
      if (from == lane) placeC(from, values);
    }
  }

  template <typename ToA> void placeA(unsigned from, const uint64_t *values, ToA toA) {
    unsigned groupId = from >> 2, inGroup = from % 4;
    for (unsigned i = 0; i < 4 * kInWord; ++i) {
      bool upper = i < kInWord || (i >= 2 * kInWord && i < 3 * kInWord);
      unsigned column = inGroup * kInWord + i % kInWord + (i >= 2 * kInWord ? depth / 2 : 0);
      a[upper ? groupId : groupId + 8][column] = toA(uint32_t(values[i / kInWord]), i % kInWord);
    }
  }

  template <typename ToB> void placeB(unsigned from, const uint64_t *values, ToB toB) {
    unsigned groupId = from >> 2, inGroup = from % 4;
    for (unsigned i = 0; i < 2 * kInWord; ++i) {
      unsigned row = inGroup * kInWord + i % kInWord + (i >= kInWord ? depth / 2 : 0);
      b[row][groupId] = toB(uint32_t(values[4 + i / kInWord]), i % kInWord);
    }
  }

  void placeC(unsigned from, const uint64_t *values) {
    unsigned groupId = from >> 2, inGroup = from % 4;
    for (unsigned i = 0; i < 4; ++i)
      c[i < 2 ? groupId : groupId + 8][inGroup * 2 + (i & 1)] = std::bit_cast<Sum>(uint32_t(values[6 + i]));
  }

  void multiply(uint32_t *results) const {
    for (unsigned i = 0; i < 4; ++i) {
      unsigned row = i < 2 ? lane >> 2 : (lane >> 2) + 8, column = lane % 4 * 2 + (i & 1);
      Sum sum = c[row][column];
      for (unsigned k = 0; k < depth; ++k) sum += Sum(a[row][k]) * Sum(b[k][column]);
      results[i] = std::bit_cast<uint32_t>(sum);
    }
  }
};

} // namespace

static void multiplyBytes(const LaneOperands *lanes, unsigned lane, uint32_t *results) {
  auto asSigned = [](uint32_t word, unsigned i) { return int32_t(int8_t(word >> 8 * i)); };
  auto asUnsigned = [](uint32_t word, unsigned i) { return int32_t(uint8_t(word >> 8 * i)); };
  Tiles<int32_t, int32_t, 32>(lanes, lane, asSigned, asUnsigned).multiply(results);
}

static float bf16(uint16_t bits) { return std::bit_cast<float>(uint32_t(bits) << 16); }
static float f16(uint16_t bits) { return float(std::bit_cast<_Float16>(bits)); }

template <float (*widen)(uint16_t)>
static void multiplyHalves(const LaneOperands *lanes, unsigned lane, uint32_t *results) {
  auto number = [](uint32_t word, unsigned i) { return widen(uint16_t(word >> 16 * i)); };
  Tiles<float, float, 16>(lanes, lane, number, number).multiply(results);
}

const WarpInstruction kLoadMatrices = {"ldmatrix", 1, loadMatrices, 16};
const WarpInstruction kMultiplyBytes = {"mma of bytes", 10, multiplyBytes};
const WarpInstruction kMultiplyBf16 = {"mma of bf16", 10, multiplyHalves<bf16>};
const WarpInstruction kMultiplyF16 = {"mma of f16", 10, multiplyHalves<f16>};

//===------------------------------------------------------------------------------------------------------===//
// cp.async
//===------------------------------------------------------------------------------------------------------===//

void CudaCopies::add(const AsyncCopy &copy) {
  expectAligned(copy.to, copy.bytes);
  expectAligned(copy.from, copy.bytes);
  EXPECT_LE(copy.valid, copy.bytes);
  open.push_back(copy);
}

void CudaCopies::commit() { groups.push_back(std::move(open)), open.clear(); }

void CudaCopies::wait(unsigned pending, void (*before)(const AsyncCopy &)) {
  while (groups.size() > pending) {
    for (const AsyncCopy &copy : groups.front()) {
      before(copy);
      std::memcpy(copy.to, copy.from, copy.valid);
      std::memset(static_cast<char *>(copy.to) + copy.valid, 0, copy.bytes - copy.valid);
    }
    groups.erase(groups.begin());
  }
}

} // namespace lathe::test
