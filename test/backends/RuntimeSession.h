// An artifact at work, through the C interface alone.
#pragma once

#include "lathe/runtime.h"

#include "Interpreter/Data.h"

#include <string>
#include <vector>

namespace lathe::test {

/// Instruction sets of an artifact that this machine runs.
std::vector<std::string> runnableVariants(const std::string &artifact);

/// One session on one instruction set. Failures throw with the runtime's message.
class RuntimeSession {
public:
  RuntimeSession(const std::string &artifact, const std::string &variant, uint32_t slots = 4);
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
  interpreter::Rows embed(const std::vector<std::vector<int32_t>> &sequences);

private:
  lathe_model *model_ = nullptr;
  lathe_session *session_ = nullptr;
  lathe_model_info info_ = LATHE_INIT(lathe_model_info);
};

} // namespace lathe::test
