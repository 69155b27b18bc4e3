#include "Runtime/ThreadPool.h"

#include <algorithm>
#include <climits>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace lathe {

// Some 20 microseconds: longer than the gap between dispatches, shorter than a time slice.
static constexpr int kSpins = 1000;

static void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static void futexWait(std::atomic<uint32_t> &word, uint32_t expected) {
  syscall(SYS_futex, reinterpret_cast<uint32_t *>(&word), FUTEX_WAIT_PRIVATE, expected, nullptr, nullptr, 0);
}
static void futexWake(std::atomic<uint32_t> &word) {
  syscall(SYS_futex, reinterpret_cast<uint32_t *>(&word), FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

ThreadPool::ThreadPool(unsigned threads) : threads_(std::max(threads, 1u)) {
  // Signals are for the host's own threads.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  workers_.reserve(threads_ - 1);
  for (unsigned i = 1; i < threads_; ++i) workers_.emplace_back([this, i] { work(i); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

ThreadPool::~ThreadPool() {
  stop_ = true;
  epoch_.fetch_add(1);
  futexWake(epoch_);
  for (std::thread &worker : workers_) worker.join();
}

void ThreadPool::runShare(unsigned thread) {
  // Items times threads stays far below 2^63: the reader of an artifact bounds the items.
  int64_t begin = items_ * thread / threads_, end = items_ * (thread + 1) / threads_;
  if (begin < end) task_(context_, thread, begin, end);
}

void ThreadPool::run(Task task, void *context, int64_t items) {
  if (items <= 0) return;
  if (threads_ == 1 || items == 1) return task(context, 0, 0, items);
  task_ = task;
  context_ = context;
  items_ = items;
  pending_.store(threads_ - 1, std::memory_order_relaxed);
  // Sequentially consistent with the sleepers' count: either the worker sees the new epoch, or we see the
  // sleeper.
  epoch_.fetch_add(1);
  if (sleepers_.load() != 0) futexWake(epoch_);
  runShare(0);
  for (int spin = 0; spin < kSpins; ++spin) {
    if (pending_.load(std::memory_order_acquire) == 0) return;
    pause();
  }
  waiting_.store(1);
  for (uint32_t left; (left = pending_.load()) != 0;) futexWait(pending_, left);
  waiting_.store(0);
}

void ThreadPool::work(unsigned thread) {
  uint32_t seen = 0;
  for (;;) {
    for (int spin = 0; spin < kSpins && epoch_.load(std::memory_order_acquire) == seen; ++spin) pause();
    if (epoch_.load(std::memory_order_acquire) == seen) {
      sleepers_.fetch_add(1);
      while (epoch_.load() == seen) futexWait(epoch_, seen);
      sleepers_.fetch_sub(1);
    }
    // Runs wait for every worker, so the epoch is never more than one ahead.
    ++seen;
    if (stop_) return;
    runShare(thread);
    if (pending_.fetch_sub(1) == 1 && waiting_.load() != 0) futexWake(pending_);
  }
}

} // namespace lathe
