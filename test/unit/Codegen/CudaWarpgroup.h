// Products of four warps, as the PTX ISA describes them ("Asynchronous warpgroup-level matrix instructions"):
// which bytes of work-group memory a descriptor stands for, and in which thread's register each sum lies.
// Written from there, not from what emits them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace lathe::test {

/// Where the bytes of a matrix lie, K-major and swizzled.
class MatrixDescriptor {
public:
  /// Test failure where the fields are not those of a swizzled matrix at the begin of its pattern.
  explicit MatrixDescriptor(uint64_t bits);
  /// The offset of byte `byte` of row `row` in work-group memory's window of 18 bits.
  uint32_t at(unsigned row, unsigned byte) const;

private:
  uint32_t start, stride, lineBytes;
};

/// One `wgmma.mma_async` with its operands: N = 64.
struct WarpgroupProduct {
  std::string form;       ///< "m64n64k16.f32.bf16.bf16"
  unsigned rows, columns; ///< numbers of the operands that are A's and B's descriptors
  bool adds;
};

/// The products in the text of an assembly block, "$0" and so on being operands. Nothing where the text is
/// not such a block, fenced, committed and waited for.
std::optional<std::vector<WarpgroupProduct>> parseWarpgroup(const std::string &text);

/// D of one thread of 128, from its C, in place. `byteAt` reads work-group memory.
void multiplyWarpgroup(const WarpgroupProduct &product, const MatrixDescriptor &a, const MatrixDescriptor &b,
                       unsigned thread, uint32_t (&sums)[32], const std::function<uint8_t(uint32_t)> &byteAt);

} // namespace lathe::test
