/* What this machine can do at most: read bandwidth and multiply rates on 1 and on N threads.
 * Every speed is quoted as a share of these, measured in the same minute.
 *
 *   clang -O3 -march=native -pthread ceilings.c -o ceilings && ./ceilings [threads] [--json]
 *
 * Use clang: gcc spills the accumulators. Needs AVX2; AVX-512, VNNI, bf16 and AMX lines appear where the compiler's
 * target has them. Rates are the best of three; one multiply-add counts as two operations. */
#define _GNU_SOURCE
#include <immintrin.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { kRounds = 10000000, kAccumulators = 12, kMostThreads = 256 };
static const size_t kBytes = 1ull << 30;
static char *buffer;
static int threads, json;
static volatile long sink;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

#ifdef __AVX512F__
typedef __m512i Integers;
typedef __m512 Floats;
#define ADD(a, b) _mm512_add_epi64(a, b)
#define LOAD(p) _mm512_load_si512(p)
#define FMA(x, y, c) _mm512_fmadd_ps(x, y, c)
#define ONES _mm512_set1_ps(1)
#define BYTES _mm512_set1_epi8(3)
#else
typedef __m256i Integers;
typedef __m256 Floats;
#define ADD(a, b) _mm256_add_epi64(a, b)
#define LOAD(p) _mm256_load_si256((const __m256i *)(p))
#define FMA(x, y, c) _mm256_fmadd_ps(x, y, c)
#define ONES _mm256_set1_ps(1)
#define BYTES _mm256_set1_epi8(3)
#endif
enum { kVector = sizeof(Integers) };

static void *readAll(void *arg) {
  size_t share = kBytes / threads / 4096 * 4096;
  const char *p = buffer + (long)arg * share, *end = p + share;
  Integers sums[4] = {0};
  for (; p < end; p += 4 * kVector)
    for (int i = 0; i < 4; ++i) {
      _mm_prefetch(p + 2048 + kVector * i, _MM_HINT_T0);
      sums[i] = ADD(sums[i], LOAD(p + kVector * i));
    }
  Integers all = ADD(ADD(sums[0], sums[1]), ADD(sums[2], sums[3]));
  sink += all[0];
  return 0;
}

/* Twelve accumulators hide the latency; the empty asm keeps them in registers and the loop in place. */
#define KEEP(c)                                                                                                        \
  asm volatile("" : "+v"(c[0]), "+v"(c[1]), "+v"(c[2]), "+v"(c[3]), "+v"(c[4]), "+v"(c[5]));                           \
  asm volatile("" : "+v"(c[6]), "+v"(c[7]), "+v"(c[8]), "+v"(c[9]), "+v"(c[10]), "+v"(c[11]))
#define RATE(name, Vector, STEP)                                                                                       \
  static void *name(void *arg) {                                                                                       \
    Vector c[kAccumulators] = {0};                                                                                     \
    for (long round = 0; round < kRounds; ++round) {                                                                   \
      for (int i = 0; i < kAccumulators; ++i)                                                                          \
        STEP;                                                                                                          \
      KEEP(c);                                                                                                         \
    }                                                                                                                  \
    for (int i = 1; i < kAccumulators; ++i)                                                                            \
      c[0] += c[i];                                                                                                    \
    sink += (long)c[0][0];                                                                                             \
    return arg;                                                                                                        \
  }
RATE(fmaF32, Floats, c[i] = FMA(ONES, ONES, c[i]))
#ifdef __AVX512VNNI__
RATE(vnniI8, Integers, c[i] = _mm512_dpbusd_epi32(c[i], BYTES, BYTES))
#endif
#ifdef __AVX512BF16__
RATE(dotBf16, Floats, c[i] = _mm512_dpbf16_ps(c[i], (__m512bh)BYTES, (__m512bh)BYTES))
#endif
#ifdef __AMX_INT8__
static void tileSetup(void) {
  struct {
    unsigned char palette, start, pad[14];
    unsigned short colsb[16];
    unsigned char rows[16];
  } shape = {1};
  for (int i = 0; i < 8; ++i)
    shape.colsb[i] = 64, shape.rows[i] = 16;
  _tile_loadconfig(&shape);
}
#define TILES(name, DP)                                                                                                \
  static void *name(void *arg) {                                                                                       \
    tileSetup();                                                                                                       \
    _tile_zero(0), _tile_zero(1), _tile_zero(2), _tile_zero(3);                                                        \
    _tile_zero(4), _tile_zero(5), _tile_zero(6), _tile_zero(7);                                                        \
    for (long round = 0; round < kRounds / 10; ++round) {                                                              \
      DP(0, 4, 6);                                                                                                     \
      DP(1, 4, 7);                                                                                                     \
      DP(2, 5, 6);                                                                                                     \
      DP(3, 5, 7);                                                                                                     \
    }                                                                                                                  \
    _tile_release();                                                                                                   \
    return arg;                                                                                                        \
  }
TILES(amxI8, _tile_dpbssd)
TILES(amxBf16, _tile_dpbf16ps)
#endif

static double seconds(void *(*work)(void *)) {
  double best = 1e9;
  for (int repeat = 0; repeat < 3; ++repeat) {
    pthread_t t[kMostThreads];
    double start = now();
    for (long i = 0; i < threads; ++i)
      if (pthread_create(&t[i], 0, work, (void *)i)) {
        perror("pthread_create");
        exit(1);
      }
    for (int i = 0; i < threads; ++i)
      pthread_join(t[i], 0);
    double s = now() - start;
    if (s < best)
      best = s;
  }
  return best;
}

static void show(const char *name, const char *unit, double rate) {
  printf(json ? ", \"%s_%s\": %.3f" : "  %-6s %8s/s %10.3f\n", name, unit, rate);
}

static void measure(void) {
  double vectors = (double)threads * kRounds * kAccumulators * kVector;
  show("read", "GB", kBytes / seconds(readAll) / 1e9);
  show("f32", "TFLOP", vectors / 4 * 2 / seconds(fmaF32) / 1e12);
#ifdef __AVX512VNNI__
  show("int8", "TOP", vectors * 2 / seconds(vnniI8) / 1e12);
#endif
#ifdef __AVX512BF16__
  show("bf16", "TFLOP", vectors / 2 * 2 / seconds(dotBf16) / 1e12);
#endif
#ifdef __AMX_INT8__
  double tiles = (double)threads * (kRounds / 10) * 4;
  show("amx-int8", "TOP", tiles * 2 * 16 * 16 * 64 / seconds(amxI8) / 1e12);
  show("amx-bf16", "TFLOP", tiles * 2 * 16 * 16 * 32 / seconds(amxBf16) / 1e12);
#endif
}

int main(int argc, char **argv) {
  int most = (int)sysconf(_SC_NPROCESSORS_ONLN);
  for (int i = 1; i < argc; ++i)
    if (!strcmp(argv[i], "--json"))
      json = 1;
    else
      most = atoi(argv[i]);
  if (most < 1 || most > kMostThreads)
    return fprintf(stderr, "usage: ceilings [threads, 1 to %d] [--json]\n", kMostThreads), 2;
  buffer = mmap(0, kBytes + 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (buffer == MAP_FAILED)
    return perror("mmap"), 1;
  madvise(buffer, kBytes, MADV_HUGEPAGE);
  memset(buffer, 1, kBytes);
#ifdef __AMX_INT8__
  syscall(SYS_arch_prctl, 0x1023, 18); /* ARCH_REQ_XCOMP_PERM: tile data */
#endif
  if (json) {
    threads = most;
    printf("{\"threads\": %d", threads);
    measure();
    printf("}\n");
    return 0;
  }
  for (threads = 1;; threads = most) {
    printf("threads %d\n", threads);
    measure();
    if (threads == most)
      break;
  }
  return 0;
}
