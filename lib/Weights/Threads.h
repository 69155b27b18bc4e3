// Work items spread over threads; no LLVM in here.
#pragma once

#include "Support/Status.h"

#include <cstdint>
#include <functional>

namespace lathe {

/// Runs `work(0) .. work(count - 1)` on up to `threads` threads, this one among them; the first failure ends
/// it. What an item computes must not depend on which thread runs it.
Status forEach(int64_t count, unsigned threads, const std::function<Status(int64_t)> &work);

} // namespace lathe
