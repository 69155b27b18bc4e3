// What `lathe run` says beside the text.
#pragma once

#include "Generate.h"

namespace lathe::tool {

struct Figures {
  double loadSeconds = 0;
  uint64_t artifactBytes = 0;
  uint64_t privateBytes = 0;  ///< sequence state, intermediate values, tables
  uint64_t deviceBytes = 0;   ///< on a GPU: weights, sequence state, intermediate values, tables
  uint64_t residentBytes = 0; ///< at most, mapped weights included
  lathe_session_info session;
};

/// To standard error, for people.
void printReport(const GenerateReport &report, const Figures &figures);
/// To standard output, for programs; with the text.
void printJsonReport(const GenerateReport &report, const Figures &figures, const std::string &text);

} // namespace lathe::tool
