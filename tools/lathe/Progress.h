// Progress of long work, on standard error: a line that rewrites itself on a terminal, a line a step
// otherwise.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace lathe::tool {

class Progress {
public:
  explicit Progress(bool quiet);
  ~Progress();
  /// `done` of `total` of a step; a new step starts a new line.
  void update(const std::string &step, uint64_t done, uint64_t total);

private:
  void finishStep();
  bool quiet_, terminal_;
  std::string step_;
  std::chrono::steady_clock::time_point started_, drawn_;
};

} // namespace lathe::tool
