#include "Progress.h"

#include <cstdio>
#include <unistd.h>

using namespace lathe::tool;
using std::chrono::duration;
using std::chrono::steady_clock;

Progress::Progress(bool quiet) : quiet_(quiet), terminal_(isatty(STDERR_FILENO)) {}

Progress::~Progress() { finishStep(); }

void Progress::finishStep() {
  if (quiet_ || step_.empty()) return;
  double seconds = duration<double>(steady_clock::now() - started_).count();
  std::fprintf(stderr, "%s%-14s %6.2f s%s\n", terminal_ ? "\r" : "", step_.c_str(), seconds,
               terminal_ ? "      \033[K" : "");
  step_.clear();
}

void Progress::update(const std::string &step, uint64_t done, uint64_t total) {
  auto now = steady_clock::now();
  if (step != step_) {
    finishStep();
    step_ = step;
    started_ = now;
    drawn_ = {};
  }
  if (quiet_ || !terminal_ || duration<double>(now - drawn_).count() < 0.1) return;
  drawn_ = now;
  double seconds = duration<double>(now - started_).count(), share = total ? double(done) / double(total) : 0;
  std::fprintf(stderr, "\r%-14s %6.2f s  %3.0f %%\033[K", step_.c_str(), seconds, 100 * share);
}
