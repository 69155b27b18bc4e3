#include "Checkpoint/Generation.h"

#include <algorithm>
#include <filesystem>

namespace lathe {

namespace {
constexpr IntegerRange tokenId{0, (1 << 22) - 1};

template <typename T> void addOnce(std::vector<T> &list, const T &value) {
  auto at = std::lower_bound(list.begin(), list.end(), value);
  if (at == list.end() || *at != value) list.insert(at, value);
}

std::optional<double> maybeNumber(Config &config, std::string_view key, NumberRange range) {
  if (!config.has(key)) return std::nullopt;
  return config.number(key, range);
}

std::optional<int64_t> maybeInteger(Config &config, std::string_view key, IntegerRange range) {
  if (!config.has(key)) return std::nullopt;
  return config.integer(key, range);
}

/// In config.json and generation_config.json alike. A padding id of -1 means that there is none.
void readTokens(Config &config, GenerationDefaults &defaults) {
  for (int64_t token : config.integers("eos_token_id", tokenId)) addOnce(defaults.stopTokens, token);
  if (auto bos = maybeInteger(config, "bos_token_id", tokenId)) defaults.bosToken = bos;
  auto pad = maybeInteger(config, "pad_token_id", {-1, tokenId.max});
  if (pad && *pad >= 0) defaults.padToken = pad;
}

void readSampling(Config &config, GenerationDefaults &defaults) {
  defaults.doSample = config.boolean("do_sample", false);
  defaults.temperature = maybeNumber(config, "temperature", {0, 1000});
  defaults.topP = maybeNumber(config, "top_p", {0, 1});
  defaults.minP = maybeNumber(config, "min_p", {0, 1});
  defaults.repetitionPenalty = maybeNumber(config, "repetition_penalty", {1e-3, 1000});
  defaults.topK = maybeInteger(config, "top_k", {0, tokenId.max});
  defaults.maxLength = maybeInteger(config, "max_length", {1, 1 << 30});
  defaults.maxNewTokens = maybeInteger(config, "max_new_tokens", {1, 1 << 30});

  for (const char *key : {"bad_words_ids",
                          "begin_suppress_tokens",
                          "constraints",
                          "dola_layers",
                          "encoder_no_repeat_ngram_size",
                          "exponential_decay_length_penalty",
                          "epsilon_cutoff",
                          "eta_cutoff",
                          "force_words_ids",
                          "forced_bos_token_id",
                          "forced_eos_token_id",
                          "guidance_scale",
                          "min_length",
                          "min_new_tokens",
                          "no_repeat_ngram_size",
                          "penalty_alpha",
                          "sequence_bias",
                          "stop_strings",
                          "suppress_tokens",
                          "watermarking_config"})
    if (config.isOn(key)) defaults.ignored.push_back(key);
  for (const char *key : {"encoder_repetition_penalty", "num_beams", "typical_p"})
    if (config.number(key, {}, 1) != 1) defaults.ignored.push_back(key);
}

/// A special token is its text, or an object with the text as "content".
void readStopText(Config &config, GenerationDefaults &defaults) {
  std::string text;
  if (config.isObject("eos_token"))
    text = config.nested("eos_token")->text("content", "");
  else
    text = config.text("eos_token", "");
  if (!text.empty()) addOnce(defaults.stopTexts, text);
}

/// Opens `name` in the folder; none where there is no such file.
Result<std::optional<Config>> openOptional(const std::string &folder, const char *name) {
  std::string path = (std::filesystem::path(folder) / name).string();
  auto config = Config::open(path);
  if (config) return std::optional<Config>(*config);
  if (config.status().code() == Code::NotFound) return std::optional<Config>();
  return config.status();
}
} // namespace

Result<GenerationDefaults> GenerationDefaults::read(Files files) {
  GenerationDefaults defaults;
  readTokens(files.config, defaults);
  if (!files.generation) readSampling(files.config, defaults);
  LATHE_TRY(files.config.status());
  if (files.generation) {
    readTokens(*files.generation, defaults);
    readSampling(*files.generation, defaults);
    LATHE_TRY(files.generation->status());
  }
  for (auto *texts : {&files.tokenizer, &files.specialTokens}) {
    if (!*texts) continue;
    readStopText(**texts, defaults);
    LATHE_TRY((*texts)->status());
  }
  return defaults;
}

Result<GenerationDefaults> GenerationDefaults::read(const std::string &folder) {
  auto config = Config::open((std::filesystem::path(folder) / "config.json").string());
  if (!config) return config.status();
  Files files{*config, {}, {}, {}};
  const std::pair<const char *, std::optional<Config> *> others[] = {
      {"generation_config.json", &files.generation},
      {"tokenizer_config.json", &files.tokenizer},
      {"special_tokens_map.json", &files.specialTokens}};
  for (const auto &[name, file] : others) {
    auto opened = openOptional(folder, name);
    if (!opened) return opened.status();
    *file = *opened;
  }
  return read(std::move(files));
}

} // namespace lathe
