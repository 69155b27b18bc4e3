// Nothing is allocated per token. This binary puts its own malloc in front of the C library's and counts.
#include "ToyModel.h"

#include <atomic>
#include <cerrno>
#include <cstdlib>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LATHE_ALLOCATOR_TAKEN
#endif
#endif

static std::atomic<long> allocations = 0;

#ifndef LATHE_ALLOCATOR_TAKEN
extern "C" {
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
void *malloc(size_t bytes) { return ++allocations, __libc_malloc(bytes); }
void *calloc(size_t count, size_t bytes) { return ++allocations, __libc_calloc(count, bytes); }
void *realloc(void *old, size_t bytes) { return ++allocations, __libc_realloc(old, bytes); }
void *aligned_alloc(size_t alignment, size_t bytes) {
  return ++allocations, __libc_memalign(alignment, bytes);
}
int posix_memalign(void **result, size_t alignment, size_t bytes) {
  ++allocations;
  *result = __libc_memalign(alignment, bytes);
  return *result ? 0 : ENOMEM;
}
}
#endif

using namespace lathe::toy;

TEST(Allocation, NonePerToken) {
#ifdef LATHE_ALLOCATOR_TAKEN
  GTEST_SKIP() << "the sanitizer has its own malloc";
#endif
  Toy toy({.recurrent = true});
  Runner run(toy, 4, 2);
  int32_t a = run.slot(), b = run.slot();
  lathe_sampling sampling = LATHE_INIT(lathe_sampling);
  sampling.temperature = 0.8f;
  sampling.top_p = 0.9f;
  sampling.top_k = 12;
  sampling.repetition_penalty = 1.1f;
  lathe_sampler *sampler = nullptr;
  ASSERT_EQ(lathe_sampler_create(toy.model(), &sampling, &sampler), LATHE_OK);
  Tokens prompt = someTokens(300), slots(300, a);
  std::vector<uint32_t> allowed = {~0u << 3};
  lathe_draw draw = LATHE_INIT(lathe_draw);
  draw.sampler = sampler;
  draw.history = prompt.data();
  draw.history_count = prompt.size();
  draw.allowed = allowed.data();
  draw.log_probability = 1;
  const lathe_draw *draws[2] = {&draw, &draw};
  long before = allocations;
  lathe_batch batch = LATHE_INIT(lathe_batch);
  batch.rows = prompt.size();
  batch.tokens = prompt.data();
  batch.slots = slots.data();
  lathe_status worst = lathe_step(run.get(), &batch);
  float *logits = nullptr, logProbability;
  int32_t next[2] = {0, 1}, both[2] = {a, b};
  worst = std::max(worst, lathe_session_result(run.get(), 0, &logits, nullptr));
  worst = std::max(worst, lathe_sample_draw(&draw, logits, next, &logProbability));
  worst = std::max(worst, lathe_sample(sampler, logits, prompt.data(), prompt.size(), next, &logProbability));
  batch.rows = 2;
  batch.tokens = next;
  batch.slots = both;
  batch.draws = draws;
  batch.draw_count = 2;
  for (int i = 0; i < 200; ++i) {
    worst = std::max(worst, lathe_step(run.get(), &batch));
    for (size_t row = 0; row < 2; ++row)
      worst = std::max(worst, lathe_session_token(run.get(), row, &next[row], &logProbability));
  }
  int32_t fork;
  worst = std::max(worst, lathe_slot_fork(run.get(), a, &fork));
  lathe_slot_release(run.get(), fork);
  worst = std::max(worst, lathe_slot_truncate(run.get(), b, 0));
  long after = allocations;
  EXPECT_EQ(worst, LATHE_OK) << lathe_last_error();
  EXPECT_EQ(after - before, 0);
  EXPECT_GT(before, 0) << "the count works";
  lathe_sampler_release(sampler);
}
