// Every device draws the tokens that the CPU does, whether it gives rows or candidates.
#include "CompiledModel.h"
#include "RuntimeSession.h"

#include <gtest/gtest.h>

using namespace lathe::test;

namespace {

// Logits differ in their last bits, so a draw may fall between two sums. These don't.
TEST(Draw, SameTokensOnEveryDevice) {
  for (const char *fixture : {"llama-f32", "gpt2-f32"}) {
    CompiledModel model(std::string(LATHE_SOURCE_DIR) + "/test/fixtures/" + fixture, {.name = "stored"});
    std::vector<std::vector<int32_t>> expected;
    for (const Place &place : runnablePlaces(model.artifact())) {
      RuntimeSession session(model.artifact(), place);
      std::vector<std::vector<int32_t>> drawn;
      for (const lathe_sampling &sampling : someSamplings())
        drawn.push_back(session.generate({1, 40, 7, 99}, sampling, 20));
      if (expected.empty()) expected = drawn;
      EXPECT_EQ(drawn, expected) << fixture << " on " << place;
    }
  }
}

} // namespace
