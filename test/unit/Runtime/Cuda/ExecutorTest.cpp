// Programs on CUDA devices, against the stand-in for the driver: what is called, in which order, and what
// comes back.
#include "../GpuSessions.h"
#include "CudaToy.h"

#include "Runtime/Cuda/Driver.h"
#include "Runtime/Device.h"

using namespace lathe;
using namespace lathe::toy;

TEST_F(Cuda, DevicesAreListedWithTheReasonWhereUnusable) {
  std::vector<DeviceInfo> found;
  for (DeviceInfo &device : listDevices().devices)
    if (device.kind == DeviceKind::Cuda) found.push_back(device);
  ASSERT_EQ(found.size(), 4u);
  EXPECT_EQ(found[0].name, "Fake GPU");
  EXPECT_EQ(found[0].features, "CUDA 12.4, compute capability 8.0, 4 multiprocessors");
  EXPECT_EQ(found[0].unusable, "");
  EXPECT_EQ(found[1].unusable, "compute capability 6.1, Lathe needs 7.5");
  EXPECT_EQ(found[2].unusable, "its compute mode is 'prohibited': ask who administers the machine");
  EXPECT_NE(found[3].unusable.find("asking for a device's name failed"), std::string::npos)
      << found[3].unusable;
}

TEST(CudaVariants, AreTakenByComputeCapability) {
  EXPECT_EQ(cuda::whyNotOn(7, 5, "sm_75"), "");
  EXPECT_EQ(cuda::whyNotOn(8, 9, "sm_80"), "");
  EXPECT_EQ(cuda::whyNotOn(9, 0, "sm_90a"), "");
  EXPECT_EQ(cuda::whyNotOn(12, 0, "sm_100"), "");
  EXPECT_EQ(cuda::whyNotOn(10, 0, "sm_90a"),
            "needs compute capability 9.0 exactly, this device has compute capability 10.0");
  EXPECT_EQ(cuda::whyNotOn(9, 0, "sm_100"),
            "needs compute capability 10.0 or newer, this device has compute capability 9.0");
  EXPECT_NE(cuda::whyNotOn(9, 0, "sm_x"), "");
  EXPECT_NE(cuda::whyNotOn(9, 0, "avx2"), "");
}

TEST_F(Cuda, ATokenIsOneGraph) {
  auto toy = cudaToy({.recurrent = true});
  Runner run(*toy, 1, 1, 0, "cuda");
  int32_t slot = run.slot();
  Tokens tokens;
  size_t made = 0, launched = 0, kernels = 0, tables = 0;
  for (int32_t token : someTokens(70)) {
    tokens.push_back(token);
    fake.graphCopies.clear();
    EXPECT_EQ(run.feed(slot, {token}), expected(tokens, true));
    if (tokens.size() == 1)
      made = fake.graphsMade, launched = fake.graphLaunches, kernels = fake.kernelLaunches;
    if (tokens.size() == 2) tables = fake.tableCopies;
    // One copy there, with the tables of one row, and one back.
    ASSERT_EQ(fake.graphCopies.size(), 2u);
    EXPECT_LT(fake.graphCopies[0], 512u);
    EXPECT_EQ(fake.graphCopies[1], kVocabulary * sizeof(float));
  }
  EXPECT_EQ(fake.graphsMade, made) << "captured once, replayed";
  EXPECT_EQ(fake.graphLaunches - launched, 69u);
  EXPECT_EQ(fake.kernelLaunches - kernels, 69u * 6) << "the head is two";
  EXPECT_EQ(fake.tableCopies - tables, 1u) << "block tables change once in 64 positions";
}

/// One token of `slot` with its successor drawn; its bytes that came back to the host.
static uint64_t drawNext(const Runner &run, int32_t slot, int32_t token, const lathe_draw &draw,
                         int32_t &next) {
  const lathe_draw *draws[] = {&draw};
  lathe_batch batch = LATHE_INIT(lathe_batch);
  batch.rows = 1;
  batch.tokens = &token;
  batch.slots = &slot;
  batch.draws = draws;
  batch.draw_count = 1;
  uint64_t before = test::fakeCuda().bytesBack;
  EXPECT_EQ(lathe_step(run.get(), &batch), LATHE_OK) << lathe_last_error();
  EXPECT_EQ(lathe_session_token(run.get(), 0, &next, nullptr), LATHE_OK) << lathe_last_error();
  return test::fakeCuda().bytesBack - before;
}

TEST_F(Cuda, RowsOfLogitsCrossTheBusOnlyWhereADrawNeedsThem) {
  auto toy = cudaToy({.draws = true});
  constexpr uint64_t candidates = (2 * kTop + 3) * sizeof(float), row = kVocabulary * sizeof(float);
  struct Case {
    float temperature;
    int32_t topK;
    bool mayNeedRow;
  };
  for (Case of : {Case{0, 0, false}, {1, kTop, false}, {5, 0, true}}) {
    lathe_sampling sampling = LATHE_INIT(lathe_sampling);
    sampling.temperature = of.temperature;
    sampling.top_k = of.topK;
    sampling.repetition_penalty = 1.1f;
    lathe_sampler *here = nullptr, *there = nullptr;
    ASSERT_EQ(lathe_sampler_create(toy->model(), &sampling, &here), LATHE_OK);
    ASSERT_EQ(lathe_sampler_create(toy->model(), &sampling, &there), LATHE_OK);
    Runner run(*toy, 1, 1, 0, "cuda");
    int32_t slot = run.slot(), fetched = 0;
    Tokens tokens = {3};
    uint32_t allowed = 0x1ffdf;
    lathe_draw draw = LATHE_INIT(lathe_draw), alone = draw;
    draw.allowed = alone.allowed = &allowed;
    draw.sampler = here, alone.sampler = there;
    for (int i = 0; i < 40; ++i) {
      draw.history = alone.history = tokens.data();
      draw.history_count = alone.history_count = tokens.size();
      int32_t next = -1, wanted = -1;
      uint64_t bytes = drawNext(run, slot, tokens.back(), draw, next);
      EXPECT_EQ(bytes, bytes == candidates ? candidates : candidates + row);
      fetched += bytes != candidates;
      Row logits = expected(tokens);
      ASSERT_EQ(lathe_sample_draw(&alone, logits.data(), &wanted, nullptr), LATHE_OK);
      ASSERT_EQ(next, wanted) << i;
      tokens.push_back(next);
    }
    EXPECT_EQ(fetched > 0, of.mayNeedRow);
    EXPECT_LT(fetched, 40);
    lathe_sampler_release(here);
    lathe_sampler_release(there);
  }
}

namespace lathe::toy {
struct CudaKind {
  using Fixture = Cuda;
  static constexpr const char *kind = "cuda";
  static std::unique_ptr<Toy> toy(ToyOptions options = {}) { return cudaToy(options); }
  /// The stand-in runs the CPU's kernels.
  static void expectRow(const Row &values, const Row &wanted) { EXPECT_EQ(values, wanted); }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Cuda, GpuSessions, CudaKind);
} // namespace lathe::toy
