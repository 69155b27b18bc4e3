// What `lathe eval` prints: for people, and for programs.
#pragma once

#include "Evaluate.h"

namespace lathe::tool {

/// How the text is cut.
struct Protocol {
  size_t context = 0, stride = 0, textTokens = 0, windows = 0;
  std::vector<int32_t> prefix;
};

struct EvalReport {
  std::string text, reference; ///< files; no reference: ""
  std::string device, variant; ///< where the model ran
  Protocol protocol;
  Scores scores;

  void print() const;
  void printAsJson() const;
};

} // namespace lathe::tool
