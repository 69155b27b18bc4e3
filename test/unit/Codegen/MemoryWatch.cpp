#include "MemoryWatch.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Module.h"

#include "gtest/gtest.h"

#include <cstring>

namespace lathe::test {

void MemoryWatch::beginLaunch(std::string of) {
  name = std::move(of);
  launch = group = ++now;
  failed = false;
}

void MemoryWatch::beginGroup() {
  group = ++now;
  unshown.clear();
}

void MemoryWatch::passBarrier() { ++now; }

MemoryWatch::Byte &MemoryWatch::at(uintptr_t address) {
  uintptr_t number = address / kPage;
  if (!lastPage || number != lastNumber) {
    std::unique_ptr<Page> &page = pages[number];
    if (!page) page = std::make_unique<Page>();
    lastPage = page.get();
    lastNumber = number;
  }
  return (*lastPage)[address % kPage];
}

void MemoryWatch::fail(MemorySpace space, uintptr_t address, unsigned thread, const std::string &what) {
  if (failed) return;
  failed = true;
  ADD_FAILURE() << name << ": thread " << thread << (space == MemorySpace::Group ? " of a work group " : " ")
                << what << " at " << reinterpret_cast<void *>(address);
}

void MemoryWatch::read(MemorySpace space, const void *address, unsigned bytes, unsigned thread) {
  uintptr_t begin = reinterpret_cast<uintptr_t>(address);
  for (uintptr_t place = begin; place < begin + bytes; ++place) {
    Byte &byte = at(place);
    if (byte.written == now && byte.writer != thread)
      fail(space, place, thread,
           "reads what thread " + std::to_string(byte.writer) + " writes, with no barrier between");
    if (space == MemorySpace::Global && inLaunchBefore(byte.written))
      fail(space, place, thread, "reads what another work group of the launch writes");
    if (space == MemorySpace::Group && byte.written < group)
      fail(space, place, thread, "reads what its work group has not written");
    byte.reader = byte.read == now && byte.reader != thread ? kSeveral : uint16_t(thread);
    byte.read = now;
    if (byte.firstRead < launch) byte.firstRead = now;
  }
}

void MemoryWatch::write(MemorySpace space, const void *address, const void *value, unsigned bytes,
                        unsigned thread) {
  uintptr_t begin = reinterpret_cast<uintptr_t>(address);
  for (uintptr_t place = begin; place < begin + bytes; ++place) {
    Byte &byte = at(place);
    char next = static_cast<const char *>(value)[place - begin];
    bool same = next == (byte.written >= launch ? byte.value : *reinterpret_cast<const char *>(place));
    if (byte.read == now && byte.reader != thread && !same)
      fail(space, place, thread, "writes what another thread reads, with no barrier between");
    if (byte.written == now && byte.writer != thread && !same)
      fail(space, place, thread,
           "writes what thread " + std::to_string(byte.writer) +
               " writes otherwise, with no barrier between");
    if (space == MemorySpace::Global && !same &&
        (inLaunchBefore(byte.written) || inLaunchBefore(byte.firstRead)))
      fail(space, place, thread, "writes what another work group of the launch reads or writes otherwise");
    byte.writer = uint16_t(thread);
    byte.written = now;
    byte.value = next;
    byte.shown = false;
    if (space == MemorySpace::Group) unshown[thread].push_back(place);
  }
}

void MemoryWatch::show(unsigned thread) {
  for (uintptr_t place : unshown[thread])
    if (Byte &byte = at(place); byte.writer == thread) byte.shown = true;
  unshown[thread].clear();
}

void MemoryWatch::readByUnits(const void *address, unsigned bytes, unsigned thread) {
  read(MemorySpace::Group, address, bytes, thread);
  uintptr_t begin = reinterpret_cast<uintptr_t>(address);
  for (uintptr_t place = begin; place < begin + bytes; ++place)
    if (Byte &byte = at(place); !byte.shown)
      fail(MemorySpace::Group, place, thread,
           "multiplies what thread " + std::to_string(byte.writer) +
               " has written and not shown to the units");
}

//===------------------------------------------------------------------------------------------------------===//
// Calls of it
//===------------------------------------------------------------------------------------------------------===//

static std::string spaceOf(llvm::Value *pointer) {
  // As NVPTX numbers them.
  switch (pointer->getType()->getPointerAddressSpace()) {
  case 1:
    return "global";
  case 3:
    return "group";
  default:
    return "";
  }
}

static void watchFunction(llvm::Function &function) {
  const llvm::DataLayout &layout = function.getParent()->getDataLayout();
  llvm::SmallVector<llvm::Instruction *> accesses;
  for (llvm::Instruction &instruction : llvm::instructions(function))
    if (llvm::Value *pointer = llvm::getLoadStorePointerOperand(&instruction);
        pointer && !spaceOf(pointer).empty())
      accesses.push_back(&instruction);
  if (accesses.empty()) return;

  llvm::IRBuilder<> builder(&function.getEntryBlock(), function.getEntryBlock().begin());
  constexpr unsigned kWidest = 128;
  llvm::AllocaInst *copy = builder.CreateAlloca(builder.getInt8Ty(), builder.getInt32(kWidest));
  copy->setAlignment(llvm::Align(kWidest));
  for (llvm::Instruction *access : accesses) {
    builder.SetInsertPoint(access);
    llvm::Value *pointer = llvm::getLoadStorePointerOperand(access);
    auto bytes = unsigned(layout.getTypeStoreSize(llvm::getLoadStoreType(access)));
    EXPECT_LE(bytes, kWidest);
    llvm::SmallVector<llvm::Value *> operands = {builder.CreateAddrSpaceCast(pointer, builder.getPtrTy())};
    std::string name = "watched.read." + spaceOf(pointer);
    if (auto *store = llvm::dyn_cast<llvm::StoreInst>(access)) {
      builder.CreateStore(store->getValueOperand(), copy);
      operands.push_back(copy);
      name = "watched.write." + spaceOf(pointer);
    }
    operands.push_back(builder.getInt32(bytes));
    llvm::SmallVector<llvm::Type *> types;
    for (llvm::Value *operand : operands) types.push_back(operand->getType());
    auto *type = llvm::FunctionType::get(builder.getVoidTy(), types, false);
    builder.CreateCall(function.getParent()->getOrInsertFunction(name, type), operands);
  }
}

void callWatch(llvm::Module &module) {
  for (llvm::Function &function : module)
    if (!function.isDeclaration()) watchFunction(function);
}

} // namespace lathe::test
