#include "Ceilings.h"

#include <algorithm>
#include <cstring>
#include <ctime>
#include <immintrin.h>
#include <sys/mman.h>
#include <thread>
#include <vector>

namespace lathe::bench {

static double cpuSeconds() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return double(t.tv_sec) + double(t.tv_nsec) * 1e-9;
}

double seconds(unsigned threads, unsigned repeats, const std::function<void(unsigned)> &work) {
  double best = 1e30;
  for (unsigned repeat = 0; repeat < repeats; ++repeat) {
    std::vector<double> spent(threads);
    std::vector<std::thread> pool;
    for (unsigned i = 0; i < threads; ++i)
      pool.emplace_back([&, i] {
        double start = cpuSeconds();
        work(i);
        spent[i] = cpuSeconds() - start;
      });
    for (std::thread &thread : pool) thread.join();
    best = std::min(best, *std::max_element(spent.begin(), spent.end()));
  }
  return best;
}

char *hugeBytes(size_t bytes) {
  void *p = mmap(nullptr, bytes + (2 << 20), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) return nullptr;
  char *aligned =
      reinterpret_cast<char *>((reinterpret_cast<uintptr_t>(p) + (2 << 20) - 1) & ~uintptr_t((2 << 20) - 1));
  madvise(aligned, bytes, MADV_HUGEPAGE);
  std::memset(aligned, 0x35, bytes);
  return aligned;
}

static volatile long sink;

__attribute__((target("avx2"))) static void readAll(const char *p, const char *end, bool prefetch) {
  __m256i sums[8] = {};
  for (; p < end; p += 256)
    for (int i = 0; i < 8; ++i) {
      if (prefetch && i % 2 == 0) _mm_prefetch(p + 2048 + 32 * i, _MM_HINT_T0);
      sums[i] = _mm256_add_epi64(sums[i], _mm256_load_si256(reinterpret_cast<const __m256i *>(p + 32 * i)));
    }
  for (int i = 1; i < 8; ++i) sums[0] = _mm256_add_epi64(sums[0], sums[i]);
  sink = sink + _mm256_extract_epi64(sums[0], 0);
}

double readBandwidth(unsigned threads) {
  constexpr size_t kBytes = size_t(512) << 20;
  static char *buffer = hugeBytes(kBytes + 4096);
  double best = 1e30;
  for (bool prefetch : {false, true})
    best = std::min(best, seconds(threads, 5, [&](unsigned thread) {
                      size_t share = kBytes / threads;
                      readAll(buffer + share * thread, buffer + share * (thread + 1), prefetch);
                    }));
  return double(kBytes) / best;
}

static constexpr long kRounds = 4000000;
static constexpr int kSums = 12;

// Twelve independent chains; the empty assembly keeps the compiler from seeing through them.
#define LATHE_CEILING(name, features, Vector, step)                                                          \
  __attribute__((target(features))) static void name() {                                                     \
    Vector sums[kSums] = {}, x = {}, y = {};                                                                 \
    asm volatile("" : "+v"(x), "+v"(y));                                                                     \
    for (long round = 0; round < kRounds; ++round) {                                                         \
      _Pragma("unroll") for (int i = 0; i < kSums; ++i) {                                                    \
        asm volatile("" : "+v"(x));                                                                          \
        sums[i] = step;                                                                                      \
      }                                                                                                      \
      asm volatile(""                                                                                        \
                   : "+v"(sums[0]), "+v"(sums[1]), "+v"(sums[2]), "+v"(sums[3]), "+v"(sums[4]),              \
                     "+v"(sums[5]));                                                                         \
      asm volatile(""                                                                                        \
                   : "+v"(sums[6]), "+v"(sums[7]), "+v"(sums[8]), "+v"(sums[9]), "+v"(sums[10]),             \
                     "+v"(sums[11]));                                                                        \
    }                                                                                                        \
  }

LATHE_CEILING(vnni512, "avx512f,avx512vnni", __m512i, _mm512_dpbusd_epi32(sums[i], x, y))
LATHE_CEILING(words256, "avx2", __m256i, _mm256_add_epi16(sums[i], _mm256_maddubs_epi16(x, y)))
LATHE_CEILING(fma512, "avx512f", __m512, _mm512_fmadd_ps(x, y, sums[i]))
LATHE_CEILING(fma256, "avx2,fma", __m256, _mm256_fmadd_ps(x, y, sums[i]))

static double rate(unsigned threads, int operations, void (*work)()) {
  return double(threads) * double(kRounds) * kSums * operations /
         seconds(threads, 3, [&](unsigned) { work(); });
}

double byteOperations(unsigned threads, bool wide) {
  if (wide) return rate(threads, 128, vnni512);
  return rate(threads, 64, words256);
}

double floatOperations(unsigned threads, bool wide) {
  if (wide) return rate(threads, 32, fma512);
  return rate(threads, 16, fma256);
}

} // namespace lathe::bench
