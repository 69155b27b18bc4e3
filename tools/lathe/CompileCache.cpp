#include "CompileCache.h"

#include "Command.h"
#include "CompilerLibrary.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <vector>
#include <xxhash.h>

namespace fs = std::filesystem;

static fs::path cacheFolder() {
  if (const char *cache = std::getenv("XDG_CACHE_HOME"); cache && *cache) return fs::path(cache) / "lathe";
  if (const char *home = std::getenv("HOME"); home && *home) return fs::path(home) / ".cache/lathe";
  return fs::temp_directory_path() / "lathe";
}

/// What tells one state of the folder from another, as text.
static std::string describeFolder(const fs::path &folder) {
  std::vector<std::string> lines;
  for (auto entry = fs::recursive_directory_iterator(folder); entry != fs::recursive_directory_iterator();
       ++entry) {
    if (entry.depth() > 0) entry.disable_recursion_pending();
    if (!entry->is_regular_file()) continue;
    auto time = entry->last_write_time().time_since_epoch().count();
    lines.push_back(entry->path().string() + " " + std::to_string(entry->file_size()) + " " +
                    std::to_string(time));
  }
  std::sort(lines.begin(), lines.end());
  std::string text = lathe::tool::describeCompiler() + "\n" + fs::canonical(folder).string();
  for (const std::string &line : lines) text += "\n" + line;
  return text;
}

std::string lathe::tool::compileCached(const std::string &folder, const std::string &targets) try {
  if (!fs::exists(fs::path(folder) / "config.json"))
    throw Failure{folder + ": is no Hugging Face folder: it holds no config.json"};
  std::string description = targets + "\n" + describeFolder(folder);
  char key[17];
  std::snprintf(key, sizeof key, "%016llx",
                static_cast<unsigned long long>(XXH3_64bits(description.data(), description.size())));
  fs::path file = cacheFolder() / (fs::canonical(folder).filename().string() + "-" + key + ".lathe");
  if (fs::exists(file)) return file.string();
  fs::create_directories(file.parent_path());
  std::fprintf(stderr, "compiling %s (kept in %s)\n", folder.c_str(), file.c_str());
  lathe_compile_options options = LATHE_INIT(lathe_compile_options);
  std::string output = file.string();
  options.output = output.c_str();
  options.targets = targets.c_str();
  compileModel(folder, options, false);
  return output;
} catch (const fs::filesystem_error &error) {
  throw Failure{error.what()};
}
