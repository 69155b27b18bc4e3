// What drivers made of kernels, kept between processes.
#pragma once

#include "Support/Status.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lathe::gpu {

/// `name` in $XDG_CACHE_HOME/lathe or ~/.cache/lathe; empty where neither variable is set.
std::string cachePath(const std::string &name);

/// "1f0a..."
std::string hex(std::span<const std::byte> bytes);

/// What the file at `path` holds; empty where it is missing, damaged, or of another kind. Drivers are not
/// made for damaged bytes: a hash is checked. `kind` has 8 characters.
std::vector<std::byte> readCacheFile(const std::string &path, std::string_view kind);
/// Replaces it. Fails with Io: that costs only time.
Status writeCacheFile(const std::string &path, std::string_view kind, std::span<const std::byte> bytes);

/// Removes the oldest files whose names begin with `prefix`, but for `most`.
void pruneCache(const std::string &prefix, size_t most);

} // namespace lathe::gpu
