// Watches what the threads of a launch read and write, for what an emulator that runs them one after another
// would never show: accesses that only a lucky order keeps apart, and memory that nobody has written yet.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace llvm {
class Module;
}

namespace lathe::test {

enum class MemorySpace { Global, Group };

/// Two accesses of a byte, one of which writes, are a race where neither a barrier of their work group nor
/// the end of their launch lies between them. Threads that write the same to one place are none. A work group
/// that reads its memory before it has written there reads what the group before it left.
class MemoryWatch {
public:
  void beginLaunch(std::string name);
  void beginGroup();
  void passBarrier();
  /// Test failures, at most one a launch.
  void read(MemorySpace space, const void *address, unsigned bytes, unsigned thread);
  void write(MemorySpace space, const void *address, const void *value, unsigned bytes, unsigned thread);
  /// What a thread has written in work-group memory is there for units that read it past the thread's own
  /// way, which is what `readByUnits` does.
  void show(unsigned thread);
  void readByUnits(const void *address, unsigned bytes, unsigned thread);

private:
  /// Moments are numbers of barriers and beginnings; 0 is before everything.
  using Moment = uint32_t;
  struct Byte {
    Moment written = 0, read = 0, firstRead = 0; ///< firstRead: in its launch
    uint16_t writer = 0, reader = 0;             ///< threads; kSeveral
    char value = 0;                              ///< as written; an asynchronous copy has yet to come
    bool shown = false;                          ///< since it was written
  };
  static constexpr uint16_t kSeveral = UINT16_MAX;
  static constexpr uintptr_t kPage = 4096;
  using Page = std::array<Byte, kPage>;

  std::unordered_map<uintptr_t, std::unique_ptr<Page>> pages;
  uintptr_t lastNumber = 0;
  Page *lastPage = nullptr;
  std::unordered_map<unsigned, std::vector<uintptr_t>> unshown; ///< by thread, of the work group
  Moment launch = 1, group = 1, now = 1;                        ///< when these began
  std::string name;
  bool failed = false;

  Byte &at(uintptr_t address);
  bool inLaunchBefore(Moment moment) const { return moment >= launch && moment < group; }
  void fail(MemorySpace space, uintptr_t address, unsigned thread, const std::string &what);
};

/// Has every load and store of global and work-group memory call `watched.read.<space>`(address, bytes) and
/// `watched.write.<space>`(address, value, bytes) before; spaces are "global" and "group".
void callWatch(llvm::Module &module);

} // namespace lathe::test
