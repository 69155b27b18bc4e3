// How a checkpoint wants its text to be sampled, and which tokens end it.
#pragma once

#include "Checkpoint/Config.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lathe {

/// What generation_config.json says; before transformers 4.25 config.json said it, and is asked where there
/// is no generation_config.json. A value that no file gives is absent: the runtime has its own defaults.
struct GenerationDefaults {
  bool doSample = false; ///< false: greedy, whatever the temperature
  std::optional<double> temperature, topP, minP, repetitionPenalty;
  std::optional<int64_t> topK, maxLength, maxNewTokens;

  /// The union of "eos_token_id" of all files, sorted. Ids may pass the vocabulary's size; such are never
  /// produced.
  std::vector<int64_t> stopTokens;
  /// "eos_token" of tokenizer_config.json and special_tokens_map.json, as texts that the tokenizer turns into
  /// ids.
  std::vector<std::string> stopTexts;
  std::optional<int64_t> bosToken, padToken;

  /// Settings that change what transformers would generate and that are not applied ("num_beams"), for a
  /// warning.
  std::vector<std::string> ignored;

  /// The files that it is gathered from.
  struct Files {
    Config config; ///< config.json
    std::optional<Config> generation, tokenizer,
        specialTokens; ///< generation_config.json, tokenizer_config.json,
                       ///< special_tokens_map.json
  };
  /// Errors name file and key: Corrupt for values of a wrong type or out of range.
  static Result<GenerationDefaults> read(Files files);
  /// Reads the files under `folder`; only config.json must exist.
  static Result<GenerationDefaults> read(const std::string &folder);
};

} // namespace lathe
