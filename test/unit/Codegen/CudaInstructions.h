// Instructions of matrix units and asynchronous copies, as the PTX ISA describes them: in which thread's
// register each element of a tile lies ("Matrix fragments for mma.m16n8k16", "... m16n8k32", "ldmatrix"), and
// when a copy is there ("cp.async"). Written from there, not from what emits them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace lathe::test {

/// What a lane comes with to an instruction of its warp.
struct LaneOperands {
  const char *what;
  uint64_t values[10];
};

struct WarpInstruction {
  const char *name;
  size_t operands;
  /// The four results of lane `lane`.
  void (*play)(const LaneOperands *lanes, unsigned lane, uint32_t *results);
  unsigned reads = 0; ///< bytes of work-group memory, at the lane's first operand
};

extern const WarpInstruction kLoadMatrices;  ///< ldmatrix.x4: the address of a row of 8 16-bit numbers
extern const WarpInstruction kMultiplyBytes; ///< mma.m16n8k32: four words of A (s8), two of B (u8), four of C
extern const WarpInstruction kMultiplyBf16;  ///< mma.m16n8k16: the same
extern const WarpInstruction kMultiplyF16;

/// `valid` of `bytes` bytes, and zeros.
struct AsyncCopy {
  void *to;
  const void *from;
  unsigned bytes, valid;
};

/// The copies of one thread. They are made as late as may be: when they are waited for.
class CudaCopies {
public:
  void add(const AsyncCopy &copy);
  void commit();
  /// Until at most `pending` groups are still on their way. `before` is called for each copy that is made.
  void wait(unsigned pending, void (*before)(const AsyncCopy &));

private:
  std::vector<AsyncCopy> open;
  std::vector<std::vector<AsyncCopy>> groups;
};

} // namespace lathe::test
