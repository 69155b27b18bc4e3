#include "Checkpoint/Config.h"

#include "Checkpoint/Json.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace lathe {

using nlohmann::json;

namespace {
constexpr JsonLimits configLimits{.bytes = 4 << 20, .values = 200'000, .depth = 16};

// clang-format off
/// Keys of any model's configuration that leave the result of inference as it is.
constexpr std::string_view inertTable[] = {
    // Where it comes from and who may load it.
    "_commit_hash", "_from_model_config", "_name_or_path", "architectures", "model_type", "tokenizer_class",
    "transformers.js_config", "transformers_version", "unsloth_fixed", "unsloth_version",
    // Types: each tensor says its own.
    "dtype", "torch_dtype", "use_bfloat16",
    // How to compute the same another way, or what else to return.
    "_attn_implementation", "_attn_implementation_autoset", "attn_implementation", "chunk_size_feed_forward",
    "gradient_checkpointing", "output_attentions", "output_hidden_states", "output_past", "pretraining_tp",
    "return_dict", "tf_legacy_loss", "tie_encoder_decoder", "torchscript", "use_cache",
    // Training.
    "attention_dropout", "initializer_range", "neftune_noise_alpha",
    // Tasks, and labels of heads that are not part of the model.
    "classifier_dropout", "finetuning_task", "_num_labels", "id2label", "label2id", "num_labels", "problem_type",
    "task_specific_params",
    // Generation: GenerationDefaults reads these; no step of the model depends on them.
    "bad_words_ids", "begin_suppress_tokens", "bos_token_id", "decoder_start_token_id", "diversity_penalty",
    "do_sample", "early_stopping", "encoder_no_repeat_ngram_size", "eos_token_id",
    "exponential_decay_length_penalty", "forced_bos_token_id", "forced_eos_token_id", "length_penalty",
    "max_length", "max_new_tokens", "min_length", "min_p", "no_repeat_ngram_size", "num_beam_groups", "num_beams",
    "num_return_sequences", "output_scores", "pad_token_id", "prefix", "remove_invalid_values",
    "repetition_penalty", "return_dict_in_generate", "sep_token_id", "suppress_tokens", "temperature", "top_k",
    "top_p", "typical_p",
};
// clang-format on

bool isInert(std::string_view key) {
  return std::find(std::begin(inertTable), std::end(inertTable), key) != std::end(inertTable);
}

std::string shown(const json &value) {
  std::string text = value.dump(-1, ' ', /*ensure_ascii=*/true); // so that it may be cut anywhere
  return text.size() <= 60 ? text : text.substr(0, 57) + "...";
}

/// Something that stands for "not used": false, 0, "", [] or {}.
bool isOff(const json &value) {
  if (value.is_boolean()) return !value.get<bool>();
  if (value.is_number()) return value.get<double>() == 0;
  if (value.is_string()) return value.get_ref<const std::string &>().empty();
  return value.empty();
}
} // namespace

struct Config::State {
  json document;
  std::string place;
  Status error;
  std::set<std::string, std::less<>> read;    // full keys
  std::set<std::string, std::less<>> entered; // objects whose keys are read one by one
};

Config::Config(std::shared_ptr<State> state, const json *node, std::string prefix)
    : state_(std::move(state)), node_(node), prefix_(std::move(prefix)) {}

static Result<json> requireObject(Result<json> document, const std::string &place) {
  if (document && !document->is_object()) return Status(Code::Corrupt, place + ": not a JSON object");
  return document;
}

Result<Config> Config::open(const std::string &path) {
  auto document = requireObject(readJson(path, configLimits), path);
  if (!document) return document.status();
  auto state = std::make_shared<State>(State{std::move(*document), path, {}, {}, {}});
  return Config(state, &state->document, "");
}

Result<Config> Config::parse(std::string_view text, const std::string &place) {
  auto parsed = parseJson(text, configLimits);
  if (!parsed) return parsed.status().in(place);
  auto document = requireObject(std::move(parsed), place);
  if (!document) return document.status();
  auto state = std::make_shared<State>(State{std::move(*document), place, {}, {}, {}});
  return Config(state, &state->document, "");
}

bool Config::has(std::string_view key) const {
  auto at = node_->find(key);
  return at != node_->end() && !at->is_null();
}

bool Config::isObject(std::string_view key) const {
  auto at = node_->find(key);
  return at != node_->end() && at->is_object();
}

const json *Config::read(std::string_view key, bool required) {
  state_->read.insert(prefix_ + std::string(key));
  if (has(key)) return &*node_->find(key);
  if (required) fail(Code::Corrupt, key, "is missing");
  return nullptr;
}

std::optional<int64_t> Config::checkInteger(std::string_view key, const json &value, IntegerRange range) {
  double real = value.is_number() ? value.get<double>() : 0;
  if (!value.is_number() || real != std::floor(real)) {
    fail(Code::Corrupt, key, "is " + shown(value) + ", expected an integer");
    return std::nullopt;
  }
  // Beyond 2^53 a double is no longer exact, and no range goes that far.
  bool exact = std::fabs(real) <= 9007199254740992.0;
  int64_t integer = exact ? static_cast<int64_t>(real) : 0;
  if (exact && integer >= range.min && integer <= range.max) return integer;
  fail(Code::Corrupt, key,
       "is " + shown(value) + ", expected an integer from " + std::to_string(range.min) + " to " +
           std::to_string(range.max));
  return std::nullopt;
}

int64_t Config::integer(std::string_view key, IntegerRange range) {
  const json *value = read(key, true);
  return value ? checkInteger(key, *value, range).value_or(range.min) : range.min;
}

int64_t Config::integer(std::string_view key, IntegerRange range, int64_t fallback) {
  const json *value = read(key, false);
  return value ? checkInteger(key, *value, range).value_or(fallback) : fallback;
}

double Config::number(std::string_view key, NumberRange range) {
  return read(key, true) ? number(key, range, range.min) : range.min;
}

double Config::number(std::string_view key, NumberRange range, double fallback) {
  const json *value = read(key, false);
  if (!value) return fallback;
  double real = value->is_number() ? value->get<double>() : std::nan("");
  if (real >= range.min && real <= range.max) return real; // also false for NaN
  std::string from = json(range.min).dump(), to = json(range.max).dump();
  fail(Code::Corrupt, key, "is " + shown(*value) + ", expected a number from " + from + " to " + to);
  return fallback;
}

bool Config::boolean(std::string_view key) { return read(key, true) && boolean(key, false); }

bool Config::boolean(std::string_view key, bool fallback) {
  const json *value = read(key, false);
  if (!value) return fallback;
  if (value->is_boolean()) return value->get<bool>();
  fail(Code::Corrupt, key, "is " + shown(*value) + ", expected true or false");
  return fallback;
}

std::string Config::text(std::string_view key) { return read(key, true) ? text(key, "") : ""; }

std::string Config::text(std::string_view key, std::string_view fallback) {
  const json *value = read(key, false);
  if (!value) return std::string(fallback);
  if (value->is_string()) return value->get<std::string>();
  fail(Code::Corrupt, key, "is " + shown(*value) + ", expected a string");
  return std::string(fallback);
}

std::vector<int64_t> Config::integers(std::string_view key, IntegerRange range) {
  const json *value = read(key, false);
  std::vector<int64_t> list;
  if (!value) return list;
  if (!value->is_array()) {
    if (auto one = checkInteger(key, *value, range)) list.push_back(*one);
    return list;
  }
  for (const json &element : *value) {
    auto one = checkInteger(key, element, range);
    if (!one) return {};
    list.push_back(*one);
  }
  return list;
}

std::optional<Config> Config::nested(std::string_view key) {
  const json *value = read(key, false);
  if (!value) return std::nullopt;
  if (!value->is_object()) {
    fail(Code::Corrupt, key, "is " + shown(*value) + ", expected an object");
    return std::nullopt;
  }
  std::string path = prefix_ + std::string(key);
  state_->entered.insert(path);
  return Config(state_, value, path + ".");
}

void Config::require(std::string_view key, bool value, std::string_view why) {
  if (boolean(key, value) != value)
    fail(Code::Unsupported, key, std::string("is ") + (value ? "false" : "true") + ": " + std::string(why));
}

bool Config::isOn(std::string_view key) {
  const json *value = read(key, false);
  return value && !isOff(*value);
}

void Config::requireOff(std::string_view key, std::string_view why) {
  const json *value = read(key, false);
  if (value && !isOff(*value)) fail(Code::Unsupported, key, "is " + shown(*value) + ": " + std::string(why));
}

void Config::inert(std::initializer_list<std::string_view> keys) {
  for (std::string_view key : keys) state_->read.insert(prefix_ + std::string(key));
}

void Config::fail(Code code, std::string_view key, const std::string &what) {
  if (state_->error.ok())
    state_->error = Status(code, state_->place + ": " + inQuotes(prefix_ + std::string(key)) + " " + what);
}

Status Config::status() const { return state_->error; }

std::vector<std::string> Config::unread() const {
  std::vector<std::string> keys;
  auto visit = [&](auto &self, const json &object, const std::string &prefix) -> void {
    for (const auto &[key, value] : object.items()) {
      std::string path = prefix + key;
      if (state_->entered.contains(path))
        self(self, value, path + ".");
      else if (!value.is_null() && !state_->read.contains(path))
        keys.push_back(path);
    }
  };
  visit(visit, state_->document, "");
  return keys;
}

Status Config::finish() const {
  LATHE_TRY(status());
  std::vector<std::string> keys = unread();
  std::erase_if(keys, [](const std::string &key) { return isInert(key); });
  if (keys.empty()) return {};
  std::string list;
  for (size_t i = 0; i < std::min<size_t>(keys.size(), 8); ++i) list += (i ? ", " : "") + inQuotes(keys[i]);
  if (keys.size() > 8) list += ", …";
  return Status(
      Code::Unsupported,
      state_->place + ": " + list + (keys.size() == 1 ? " is not a key" : " are not keys") +
          " that this model family is known to have, and may change what it computes; remove what you know "
          "to have no effect, or set it to null");
}

} // namespace lathe
