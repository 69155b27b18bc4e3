// An artifact at work, through the C interface alone.
#pragma once

#include "lathe/runtime.h"

#include "Interpreter/Data.h"

#include <ostream>
#include <string>
#include <tuple>
#include <vector>

namespace lathe::test {

/// A device, and the code of the artifact's program for it.
struct Place {
  std::string device; ///< "cpu", "vulkan:0"
  std::string variant;
};
inline std::ostream &operator<<(std::ostream &out, const Place &place) {
  return out << place.device << " (" << place.variant << ")";
}

/// All that this machine can run of an artifact: each variant on each device that runs it, emulated ones,
/// too. Where no Vulkan device is among them, the test that asks goes on without and is reported as skipped.
std::vector<Place> runnablePlaces(const std::string &artifact);
/// Instruction sets of its program for CPUs.
std::vector<std::string> runnableVariants(const std::string &artifact);

/// Greedy, and sampling of several kinds.
inline std::vector<lathe_sampling> someSamplings() {
  std::vector<lathe_sampling> all;
  for (auto [temperature, topK, topP, minP, penalty] : {std::tuple(0.0f, 0, 1.0f, 0.0f, 1.3f),
                                                        {1.0f, 40, 1.0f, 0.0f, 1.1f},
                                                        {0.8f, 0, 0.9f, 0.0f, 1.0f},
                                                        {1.5f, 0, 1.0f, 0.05f, 0.9f},
                                                        {1.0f, 0, 1.0f, 0.0f, 1.0f}}) {
    lathe_sampling sampling = LATHE_INIT(lathe_sampling);
    sampling.temperature = temperature;
    sampling.top_k = topK;
    sampling.top_p = topP;
    sampling.min_p = minP;
    sampling.repetition_penalty = penalty;
    sampling.seed = 7;
    all.push_back(sampling);
  }
  return all;
}

/// One session on one device. Failures throw with the runtime's message.
class RuntimeSession {
public:
  RuntimeSession(const std::string &artifact, const Place &place, uint32_t slots = 4);
  /// On the CPU.
  RuntimeSession(const std::string &artifact, const std::string &variant, uint32_t slots = 4)
      : RuntimeSession(artifact, Place{"cpu", variant}, slots) {}
  ~RuntimeSession();
  RuntimeSession(const RuntimeSession &) = delete;

  int32_t newSlot();
  int32_t fork(int32_t slot);
  void release(int32_t slot) { lathe_slot_release(session_, slot); }
  void truncate(int32_t slot, uint32_t positions);
  std::vector<char> save(int32_t slot);
  int32_t restore(const std::vector<char> &bytes);

  /// One row a token, in the order given, with logits for every one.
  interpreter::Rows step(const std::vector<int32_t> &tokens, const std::vector<int32_t> &slots);
  interpreter::Rows step(const std::vector<int32_t> &tokens, int32_t slot) {
    return step(tokens, std::vector<int32_t>(tokens.size(), slot));
  }
  /// `count` tokens behind `prompt`, drawn one by one in a slot of their own, each step asking for one. Every
  /// second draw has a mask: it may not repeat the token before.
  std::vector<int32_t> generate(std::vector<int32_t> prompt, const lathe_sampling &sampling, size_t count);
  interpreter::Rows embed(const std::vector<std::vector<int32_t>> &sequences);

private:
  lathe_model *model_ = nullptr;
  lathe_session *session_ = nullptr;
  lathe_model_info info_ = LATHE_INIT(lathe_model_info);
};

} // namespace lathe::test
