#include "Interrupt.h"

#include <csignal>

namespace lathe::tool {

static volatile std::sig_atomic_t interruptSeen = 0;
static lathe_session *volatile running = nullptr;

static void onInterrupt(int) {
  interruptSeen = 1;
  if (running) lathe_session_cancel(running);
}

InterruptScope::InterruptScope(lathe_session *session) {
  interruptSeen = 0;
  running = session;
  previous_ = std::signal(SIGINT, onInterrupt);
}

InterruptScope::~InterruptScope() {
  std::signal(SIGINT, previous_);
  running = nullptr;
}

bool InterruptScope::interrupted() { return interruptSeen; }

} // namespace lathe::tool
