// A fixed set of threads that walk through work items together.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

namespace lathe {

/// run() splits a range evenly and statically, so the same thread touches the same part of a weight call
/// after call; the caller takes the first share. One barrier per run(). Idle threads spin for a few
/// microseconds (the gap between two dispatches), then sleep on a futex.
class ThreadPool {
public:
  /// `threads` includes the calling thread; at least 1.
  explicit ThreadPool(unsigned threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool &) = delete;
  ThreadPool &operator=(const ThreadPool &) = delete;

  unsigned threads() const { return threads_; }

  /// Work on items [begin, end) as thread number `thread` of the pool.
  using Task = void (*)(void *context, unsigned thread, int64_t begin, int64_t end);
  /// Runs `task` over [0, items) and returns when all of it is done. One caller at a time. Allocates nothing.
  void run(Task task, void *context, int64_t items);

private:
  void work(unsigned thread);
  void runShare(unsigned thread);

  const unsigned threads_;
  Task task_ = nullptr;
  void *context_ = nullptr;
  int64_t items_ = 0;
  bool stop_ = false;
  // On lines of their own: workers poll the one while the caller polls the other.
  alignas(64) std::atomic<uint32_t> epoch_ = 0;    ///< counts runs; a change is the start signal
  alignas(64) std::atomic<uint32_t> sleepers_ = 0; ///< workers that need a wake-up call
  alignas(64) std::atomic<uint32_t> pending_ = 0;  ///< workers that have not finished this run
  alignas(64) std::atomic<uint32_t> waiting_ = 0;  ///< whether the caller sleeps on `pending_`
  std::vector<std::thread> workers_;
};

} // namespace lathe
