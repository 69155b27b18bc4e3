#include "Weights/Threads.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

namespace lathe {

Status forEach(int64_t count, unsigned threads, const std::function<Status(int64_t)> &work) {
  std::atomic<int64_t> next{0};
  std::mutex mutex;
  Status first;
  auto run = [&] {
    for (int64_t i; (i = next.fetch_add(1)) < count;) {
      Status status = work(i);
      if (status.ok()) continue;
      std::lock_guard lock(mutex);
      if (first.ok()) first = status;
      next = count;
    }
  };
  std::vector<std::thread> others;
  for (unsigned t = 1; t < std::min<int64_t>(threads, count); ++t) others.emplace_back(run);
  run();
  for (std::thread &thread : others) thread.join();
  return first;
}

} // namespace lathe
