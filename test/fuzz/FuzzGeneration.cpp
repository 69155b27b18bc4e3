// Any text as each of the files that say how to sample: what is accepted lies in the documented ranges.
#include "Checkpoint/Generation.h"

#include <algorithm>
#include <cstdlib>

using namespace lathe;

static bool liesIn(const std::optional<double> &value, double least, double most) {
  return !value || (*value >= least && *value <= most);
}

static void check(const Result<GenerationDefaults> &defaults) {
  if (!defaults) return;
  if (!liesIn(defaults->temperature, 0, 1000) || !liesIn(defaults->topP, 0, 1) ||
      !liesIn(defaults->minP, 0, 1) || !liesIn(defaults->repetitionPenalty, 1e-3, 1000) ||
      defaults->topK.value_or(0) < 0)
    std::abort();
  const auto &tokens = defaults->stopTokens;
  if (!std::is_sorted(tokens.begin(), tokens.end()) || (!tokens.empty() && tokens.front() < 0)) std::abort();
  for (const std::string &text : defaults->stopTexts)
    if (text.empty()) std::abort();
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string_view text(reinterpret_cast<const char *>(data), size);
  auto config = Config::parse(text, "a.json");
  if (!config) return 0;
  auto other = [&] { return *Config::parse(text, "b.json"); };
  auto empty = *Config::parse("{}", "config.json");
  check(GenerationDefaults::read({*config, {}, {}, {}}));
  check(GenerationDefaults::read({empty, other(), {}, {}}));
  check(GenerationDefaults::read({empty, {}, other(), other()}));
  return 0;
}
