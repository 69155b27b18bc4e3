// Ctrl-C while a session works.
#pragma once

#include "lathe/runtime.h"

namespace lathe::tool {

/// While this lives, an interrupt cancels the session's step instead of ending the program. One at a time.
class InterruptScope {
public:
  explicit InterruptScope(lathe_session *session);
  ~InterruptScope();
  InterruptScope(const InterruptScope &) = delete;
  /// Whether an interrupt has come since one was made; between two steps there is nothing to cancel.
  static bool interrupted();

private:
  void (*previous_)(int);
};

} // namespace lathe::tool
