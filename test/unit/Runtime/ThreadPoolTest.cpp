#include "Runtime/ThreadPool.h"
#include "Runtime/CpuFeatures.h"

#include <fstream>
#include <gtest/gtest.h>
#include <set>
#include <sstream>

using namespace lathe;

namespace {
struct Work {
  std::vector<int> hits;
  std::vector<std::atomic<int>> *owners;
};
void mark(void *context, unsigned thread, int64_t begin, int64_t end) {
  auto *work = static_cast<Work *>(context);
  for (int64_t i = begin; i < end; ++i) ++work->hits[size_t(i)];
  (*work->owners)[thread] += int(end - begin);
}
} // namespace

TEST(ThreadPool, EveryItemOnceWhateverTheCounts) {
  for (unsigned threads : {1u, 2u, 3u, 5u}) {
    ThreadPool pool(threads);
    for (int64_t items : {0, 1, 2, 4, 5, 97, 1000}) {
      std::vector<std::atomic<int>> owners(threads);
      Work work{std::vector<int>(size_t(items)), &owners};
      pool.run(mark, &work, items);
      for (int hits : work.hits) ASSERT_EQ(hits, 1) << threads << " threads, " << items << " items";
      if (items > 1)
        for (auto &owned : owners) EXPECT_LE(owned, items / threads + 1) << "an even split";
    }
  }
}

TEST(ThreadPool, ManyRunsInARow) {
  ThreadPool pool(3);
  std::vector<std::atomic<int>> owners(3);
  Work work{std::vector<int>(6), &owners};
  for (int i = 0; i < 3000; ++i) pool.run(mark, &work, 6);
  for (int hits : work.hits) EXPECT_EQ(hits, 3000);
}

TEST(ThreadPool, WakesSleepers) {
  ThreadPool pool(2);
  std::vector<std::atomic<int>> owners(2);
  Work work{std::vector<int>(2), &owners};
  for (int i = 0; i < 20; ++i) {
    pool.run(mark, &work, 2);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  EXPECT_EQ(work.hits, std::vector<int>(2, 20));
}

TEST(CpuFeatures, AgreeWithTheKernel) {
  std::ifstream file("/proc/cpuinfo");
  std::set<std::string> flags;
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("flags", 0) != 0) continue;
    std::istringstream words(line.substr(line.find(':') + 1));
    for (std::string word; words >> word;) {
      std::erase(word, '_');
      flags.insert(word);
    }
    break;
  }
  if (flags.empty()) GTEST_SKIP() << "no flags in /proc/cpuinfo";
  flags.insert({"sse3", "lzcnt", "x8664v3"}); // the kernel calls them pni and abm, and knows no levels
  CpuFeatures features = CpuFeatures::probe();
  for (const std::string &name : features.names()) EXPECT_TRUE(flags.count(name)) << name;
  for (const char *name : {"avx2", "fma", "f16c", "bmi2", "avx512f", "avx512_vnni", "amx_tile", "avx512bw"}) {
    std::string plain = name;
    std::erase(plain, '_');
    EXPECT_EQ(features.has(name), flags.count(plain) != 0) << name;
  }
}

TEST(CpuFeatures, NamesAreComparedLoosely) {
  CpuFeatures features({"avx512_vnni", "x86-64-v3"});
  EXPECT_TRUE(features.has("avx512vnni") && features.has("avx512-vnni") && features.has("x8664v3"));
  EXPECT_FALSE(features.has("avx512") || features.has(""));
  EXPECT_GE(usableCores(), 1u);
}
