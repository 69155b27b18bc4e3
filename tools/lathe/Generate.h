// Text generation: prompt in, tokens out one by one, with what it took.
#pragma once

#include "Runtime.h"

#include <functional>

namespace lathe::tool {

struct GenerateRequest {
  std::string prompt;
  size_t most = 256;              ///< new tokens
  std::vector<std::string> stops; ///< texts that end the output; not printed
  bool echo = false;              ///< print the prompt, too
  bool ignoreStopTokens = false;
};

/// Why it ended.
enum class Ending { Length, StopToken, StopText, ContextFull, Interrupted };

struct GenerateReport {
  size_t promptTokens = 0, newTokens = 0;
  double prefillSeconds = 0, decodeSeconds = 0;
  Ending ending = Ending::Length;
};

/// Streams text to `print` until something ends it. An interrupt (Ctrl-C) ends it, too.
GenerateReport generate(lathe_model *model, lathe_session *session, lathe_sampler *sampler,
                        const GenerateRequest &request,
                        const std::function<void(const std::string &)> &print);

} // namespace lathe::tool
