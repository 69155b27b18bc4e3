#include "CudaThreads.h"

#include "CudaInstructions.h"
#include "CudaWarpgroup.h"
#include "MemoryWatch.h"

#include "llvm/ADT/STLExtras.h"

#include "gtest/gtest.h"

#include <bit>
#include <cstring>
#include <ucontext.h>

namespace lathe::test {

namespace {

constexpr unsigned kWarp = 32, kWarpgroup = 128, kMostThreads = 256;
enum class Wait { None, Warp, Warpgroup, Group, Done };

struct Fiber {
  ucontext_t context;
  std::vector<char> stack = std::vector<char>(256 << 10);
  Wait wait = Wait::None;
  unsigned exchanges = 0;
  CudaCopies copies;
};

/// The threads of a work group, one after another on this one.
struct Group {
  std::vector<Fiber> fibers;
  ucontext_t scheduler;
  unsigned current = 0, x = 0, y = 0, groupsX = 0;
  LaneOperands exchanged[2][kMostThreads]; ///< a lane may be one exchange ahead
  void (*kernel)(void *const *) = nullptr;
  void *const *arguments = nullptr;

  void resume(unsigned index) {
    current = index;
    fibers[index].wait = Wait::None;
    swapcontext(&scheduler, &fibers[index].context);
  }
  bool release(unsigned begin, unsigned end, Wait at);
  bool run();
};
Group *group;
MemoryWatch memoryWatch;

void wait(Wait at) {
  Fiber &fiber = group->fibers[group->current];
  fiber.wait = at;
  swapcontext(&fiber.context, &group->scheduler);
}

/// What all lanes of this thread's warp, or all threads of its warpgroup, have come with, which must be for
/// the same.
const LaneOperands *meet(Wait at, unsigned count, const char *what, const uint64_t *operands,
                         size_t numOperands) {
  unsigned self = group->current, side = group->fibers[self].exchanges++ % 2;
  LaneOperands &own = group->exchanged[side][self];
  own.what = what;
  std::copy_n(operands, numOperands, own.values);
  wait(at);
  const LaneOperands *lanes = &group->exchanged[side][self / count * count];
  for (unsigned lane = 0; lane < count; ++lane)
    if (lanes[lane].what != what) ADD_FAILURE() << what << " meets " << lanes[lane].what;
  return lanes;
}
const LaneOperands *meetInWarp(const char *what, const uint64_t *operands, size_t count) {
  return meet(Wait::Warp, kWarp, what, operands, count);
}

/// Work-group memory is a window of 18 bits; `memory` is one of its variables.
const char *inWindow(const char *memory, uint32_t place) {
  return memory + ((place - uint32_t(reinterpret_cast<uintptr_t>(memory))) & 0x3ffff);
}

/// An instruction of the whole warp: this thread's part of it.
template <const WarpInstruction &instruction> void playWarp(const uint64_t *operands, uint32_t *results) {
  if (instruction.reads)
    memoryWatch.read(MemorySpace::Group, reinterpret_cast<void *>(operands[0]), instruction.reads,
                     group->current);
  instruction.play(meetInWarp(instruction.name, operands, instruction.operands), group->current % kWarp,
                   results);
}

/// Its place is written at any time from here on until it is waited for.
void watchCopy(const AsyncCopy &copy) {
  char value[16] = {};
  std::memcpy(value, copy.from, copy.valid);
  memoryWatch.write(MemorySpace::Group, copy.to, value, copy.bytes, group->current);
}

template <unsigned bytes> void copyPart(void *to, const void *from, uint32_t valid) {
  memoryWatch.read(MemorySpace::Global, from, valid, group->current);
  AsyncCopy copy{to, from, bytes, valid};
  watchCopy(copy);
  group->fibers[group->current].copies.add(copy);
}
template <unsigned bytes> void copy(void *to, const void *from) { copyPart<bytes>(to, from, bytes); }
void commitCopies() { group->fibers[group->current].copies.commit(); }
void waitForCopies(uint32_t pending) { group->fibers[group->current].copies.wait(pending, watchCopy); }

void show() { memoryWatch.show(group->current); }

/// Who watches a warp's reads: its first lane.
void watchProduct(const MatrixDescriptor &a, const MatrixDescriptor &b, const char *memory) {
  unsigned self = group->current;
  if (self % kWarp) return;
  auto watchRow = [&](const MatrixDescriptor &of, unsigned row) {
    for (unsigned byte : {0, 16}) memoryWatch.readByUnits(inWindow(memory, of.at(row, byte)), 16, self);
  };
  for (unsigned row = 0; row < 16; ++row) watchRow(a, self / kWarp % 4 * 16 + row);
  for (unsigned row = 0; row < 64; ++row) watchRow(b, row);
}

/// Operands are those from "$32" on: sums where the first product adds to them, then descriptors.
void playWarpgroup(const std::vector<WarpgroupProduct> *products, const char *memory,
                   const uint64_t *operands, uint32_t *results) {
  static const char *const what = "wgmma";
  uint32_t sums[32] = {};
  if (products->front().adds)
    for (unsigned i = 0; i < 32; ++i) sums[i] = uint32_t(operands[i]);
  for (const WarpgroupProduct &product : *products) {
    uint64_t descriptors[] = {operands[product.rows - 32], operands[product.columns - 32]};
    const LaneOperands *lanes = meet(Wait::Warpgroup, kWarpgroup, what, descriptors, 2);
    for (unsigned lane = 0; lane < kWarpgroup; ++lane)
      if (!std::equal(descriptors, descriptors + 2, lanes[lane].values))
        ADD_FAILURE() << "threads of a warpgroup name other matrices";
    MatrixDescriptor a(descriptors[0]), b(descriptors[1]);
    watchProduct(a, b, memory);
    multiplyWarpgroup(product, a, b, group->current % kWarpgroup, sums,
                      [&](uint32_t place) { return uint8_t(*inWindow(memory, place)); });
  }
  std::copy_n(sums, 32, results);
}

template <MemorySpace space> void watchRead(const void *address, uint32_t bytes) {
  memoryWatch.read(space, address, bytes, group->current);
}
template <MemorySpace space> void watchWrite(const void *address, const void *value, uint32_t bytes) {
  memoryWatch.write(space, address, value, bytes, group->current);
}

void runFiber() {
  group->kernel(group->arguments);
  group->fibers[group->current].wait = Wait::Done;
}

// What stands for NVVM's intrinsics, with their parameters.
uint32_t thread() { return group->current; }
uint32_t groupX() { return group->x; }
uint32_t groupY() { return group->y; }
uint32_t groupsX() { return group->groupsX; }
void barrier(uint32_t) { wait(Wait::Group); }
uint32_t shuffle(uint32_t, uint32_t value, uint32_t distance, uint32_t) {
  uint64_t operand = value;
  unsigned lane = group->current % kWarp;
  return uint32_t(meetInWarp("shfl", &operand, 1)[lane ^ distance].values[0]);
}
float shuffleFloat(uint32_t mask, float value, uint32_t distance, uint32_t clamp) {
  return std::bit_cast<float>(shuffle(mask, std::bit_cast<uint32_t>(value), distance, clamp));
}
int32_t dot4(uint32_t codes, uint32_t x, int32_t sum) {
  for (int byte = 0; byte < 4; ++byte) sum += int32_t(codes >> 8 * byte & 255) * int8_t(x >> 8 * byte);
  return sum;
}

const PlayedFunction kCalls[] = {
    {"played.show", (void *)show},
    {"played.warpgroup", (void *)playWarpgroup},
    {"watched.read.global", (void *)watchRead<MemorySpace::Global>},
    {"watched.read.group", (void *)watchRead<MemorySpace::Group>},
    {"watched.write.global", (void *)watchWrite<MemorySpace::Global>},
    {"watched.write.group", (void *)watchWrite<MemorySpace::Group>},
};
const PlayedFunction kIntrinsics[] = {
    {"llvm.nvvm.read.ptx.sreg.tid.x", (void *)thread},
    {"llvm.nvvm.read.ptx.sreg.ctaid.x", (void *)groupX},
    {"llvm.nvvm.read.ptx.sreg.ctaid.y", (void *)groupY},
    {"llvm.nvvm.read.ptx.sreg.nctaid.x", (void *)groupsX},
    {"llvm.nvvm.barrier.cta.sync.aligned.all", (void *)barrier},
    {"llvm.nvvm.shfl.sync.bfly.i32", (void *)shuffle},
    {"llvm.nvvm.shfl.sync.bfly.f32", (void *)shuffleFloat},
    {"llvm.nvvm.idp4a.u.s", (void *)dot4},
    {"llvm.nvvm.cp.async.ca.shared.global.4", (void *)copy<4>},
    {"llvm.nvvm.cp.async.ca.shared.global.8", (void *)copy<8>},
    {"llvm.nvvm.cp.async.cg.shared.global.16", (void *)copy<16>},
    {"llvm.nvvm.cp.async.ca.shared.global.4.s", (void *)copyPart<4>},
    {"llvm.nvvm.cp.async.ca.shared.global.8.s", (void *)copyPart<8>},
    {"llvm.nvvm.cp.async.cg.shared.global.16.s", (void *)copyPart<16>},
    {"llvm.nvvm.cp.async.commit.group", (void *)commitCopies},
    {"llvm.nvvm.cp.async.wait.group", (void *)waitForCopies},
    {"llvm.nvvm.ldmatrix.sync.aligned.m8n8.x4.b16.p3", (void *)playWarp<kLoadMatrices>},
    {"llvm.nvvm.mma.m16n8k32.row.col.s8.u8", (void *)playWarp<kMultiplyBytes>},
    {"llvm.nvvm.mma.m16n8k16.row.col.bf16", (void *)playWarp<kMultiplyBf16>},
    {"llvm.nvvm.mma.m16n8k16.row.col.f32.f32", (void *)playWarp<kMultiplyF16>},
};

} // namespace

/// Lets the threads of [begin, end) go on, where all that have not ended wait there.
bool Group::release(unsigned begin, unsigned end, Wait at) {
  bool some = false;
  for (unsigned i = begin; i < end; ++i) {
    if (fibers[i].wait != at && fibers[i].wait != Wait::Done) return false;
    some |= fibers[i].wait == at;
  }
  if (some && at == Wait::Group) memoryWatch.passBarrier();
  // The last first, and the first last: no order is promised.
  for (unsigned i = end; i-- > begin;)
    if (fibers[i].wait == at) resume(i);
  return some;
}

bool Group::run() {
  memoryWatch.beginGroup();
  for (unsigned i = 0; i < fibers.size(); ++i) {
    Fiber &fiber = fibers[i];
    fiber.exchanges = 0;
    fiber.copies = {};
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = fiber.stack.data();
    fiber.context.uc_stack.ss_size = fiber.stack.size();
    fiber.context.uc_link = &scheduler;
    makecontext(&fiber.context, runFiber, 0);
    resume(i);
  }
  for (;;) {
    bool some = release(0, unsigned(fibers.size()), Wait::Group);
    for (unsigned begin = 0; begin + kWarpgroup <= fibers.size(); begin += kWarpgroup)
      some |= release(begin, begin + kWarpgroup, Wait::Warpgroup);
    for (unsigned warp = 0; warp < fibers.size(); warp += kWarp)
      some |= release(warp, warp + kWarp, Wait::Warp);
    if (!some) break;
  }
  return llvm::all_of(fibers, [](const Fiber &fiber) { return fiber.wait == Wait::Done; });
}

llvm::ArrayRef<PlayedFunction> playedIntrinsics() { return kIntrinsics; }
llvm::ArrayRef<PlayedFunction> playedCalls() { return kCalls; }

void runThreads(const LaunchedKernel &launch) {
  Group here;
  here.fibers.resize(launch.threads);
  here.groupsX = launch.groupsX;
  here.kernel = launch.kernel;
  here.arguments = launch.addresses.data();
  group = &here;
  memoryWatch.beginLaunch(launch.name);
  for (here.y = 0; here.y < launch.groupsY; ++here.y)
    for (here.x = 0; here.x < launch.groupsX; ++here.x)
      if (!here.run()) {
        ADD_FAILURE() << launch.name << ": threads wait for each other at different places";
        return;
      }
}

} // namespace lathe::test
