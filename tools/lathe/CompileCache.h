// Folders that were compiled on the way to running them.
#pragma once

#include <string>

namespace lathe::tool {

/// The artifact of a Hugging Face folder, compiled with default options for `targets` (as --target takes
/// them) unless the cache ($XDG_CACHE_HOME/lathe, or ~/.cache/lathe) has it. Its name holds a hash of the
/// folder's path and its files' names, sizes and times, of the targets, and of which compiler it is. Throws
/// Failure.
std::string compileCached(const std::string &folder, const std::string &targets);

} // namespace lathe::tool
