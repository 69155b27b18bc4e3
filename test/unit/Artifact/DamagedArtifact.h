// Tests that damage a sound artifact, and what opening it then gives.
#pragma once

#include "SampleArtifact.h"

#include <functional>
#include <gtest/gtest.h>

namespace lathe::test {

/// A change of a header that must be refused.
struct HeaderEdit {
  const char *message; ///< what the refusal must mention
  std::function<void(fb::HeaderT &)> apply;
};

class DamagedArtifact : public testing::Test {
protected:
  explicit DamagedArtifact(fb::HeaderT header);

  Status open(const Bytes &bytes);
  /// With right hashes.
  void expectRefused(const std::vector<HeaderEdit> &edits);
  /// Single bits, `times` of those in a range.
  void expectFlipsFound(uint64_t offset, uint64_t bytes, int times);
  /// Random bytes in the header, with right hashes: what is not refused can be read.
  void expectSafeWithRandomHeaders();

  TemporaryFile file_{"lathe-damage"};
  Bytes good_;
};

} // namespace lathe::test
