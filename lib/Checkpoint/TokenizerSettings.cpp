#include "Checkpoint/TokenizerSettings.h"

#include "Checkpoint/Json.h"
#include "Support/MappedFile.h"
#include "Tokenizer/Utf8.h"

#include <algorithm>

using namespace lathe;
using namespace lathe::fb::tokenizer;
using nlohmann::json;

static constexpr size_t longestTemplate = 1 << 20;

static bool flag(const json &object, const char *key, bool missing) {
  auto found = object.find(key);
  return found != object.end() && found->is_boolean() ? found->get<bool>() : missing;
}
static std::optional<bool> optionalFlag(const json &object, const char *key) {
  auto found = object.find(key);
  return found != object.end() && found->is_boolean() ? std::optional(found->get<bool>()) : std::nullopt;
}
static std::string text(const json &object, const char *key) {
  auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

/// "<s>" or {"content": "<s>", "lstrip": …}; none for anything else.
static std::optional<AddedTokenT> readToken(const json &token, bool special) {
  AddedTokenT out;
  out.special = special;
  if (token.is_string()) {
    out.content = token.get<std::string>();
    return out;
  }
  if (!token.is_object() || text(token, "content").empty()) return std::nullopt;
  out.content = text(token, "content");
  out.lstrip = flag(token, "lstrip", false);
  out.rstrip = flag(token, "rstrip", false);
  out.single_word = flag(token, "single_word", false);
  out.special = flag(token, "special", special);
  out.normalized = flag(token, "normalized", !out.special);
  return out;
}

/// Roles and extra special tokens, which tokenizer_config.json and special_tokens_map.json both may hold.
static void readRoles(const json &object, TokenizerSettings &settings) {
  for (size_t i = 0; i < roleKeys.size(); ++i) {
    auto found = object.find(roleKeys[i]);
    if (found == object.end() || settings.roles[i].given) continue;
    settings.roles[i].given = true;
    settings.roles[i].token = readToken(*found, true);
  }
  // transformers 4 calls them additional, transformers 5 extra; there also as an object from a role's name.
  for (const char *key : {"additional_special_tokens", "extra_special_tokens"}) {
    auto list = object.find(key);
    if (list == object.end() || (!list->is_array() && !list->is_object())) continue;
    for (const json &token : *list)
      if (auto read = readToken(token, true)) settings.extra.push_back(std::move(*read));
  }
}

static Status readAddedDecoder(const json &config, TokenizerSettings &settings) {
  auto decoder = config.find("added_tokens_decoder");
  if (decoder == config.end() || !decoder->is_object()) return {};
  for (const auto &[key, value] : decoder->items()) {
    auto token = readToken(value, false);
    bool number = !key.empty() && key.size() < 10 && key.find_first_not_of("0123456789") == key.npos;
    if (!token || !number)
      return Status(Code::Corrupt,
                    "added_tokens_decoder: the entry " + inQuotes(key) + " is not an id and a token");
    settings.added.emplace_back(std::stoull(key), std::move(*token));
  }
  return {};
}

static void readChatTemplate(const json &config, TokenizerSettings &settings) {
  auto given = config.find("chat_template");
  if (given == config.end()) return;
  if (given->is_string()) settings.chatTemplate = given->get<std::string>();
  if (!given->is_array()) return;
  // Several by name: the one called default, else the first.
  for (const json &item : *given) {
    if (!item.is_object() || text(item, "template").empty()) continue;
    if (settings.chatTemplate.empty() || text(item, "name") == "default")
      settings.chatTemplate = text(item, "template");
  }
}

/// The document at `folder`/`name`, or an empty object where there is no such file.
static Result<json> readOptional(const std::string &folder, const char *name) {
  auto document = readJson(folder + "/" + name);
  if (!document && document.status().code() == Code::NotFound) return json::object();
  if (document && !document->is_object())
    return Status(Code::Corrupt, folder + "/" + name + ": not a JSON object");
  return document;
}

static Status readClassName(const std::string &folder, TokenizerSettings &settings) {
  if (!settings.className.empty()) return {};
  auto config = readOptional(folder, "config.json");
  if (!config) return config.status();
  settings.className = text(*config, "tokenizer_class");
  if (!settings.className.empty()) return {};
  std::string type = text(*config, "model_type");
  settings.className = type == "gpt2" ? "GPT2Tokenizer" : type == "qwen2" ? "Qwen2Tokenizer" : "";
  return {};
}

Result<TokenizerSettings> lathe::readTokenizerSettings(const std::string &folder) {
  TokenizerSettings settings;
  auto config = readOptional(folder, "tokenizer_config.json");
  if (!config) return config.status();
  settings.className = text(*config, "tokenizer_class");
  settings.addBos = optionalFlag(*config, "add_bos_token");
  settings.addEos = optionalFlag(*config, "add_eos_token");
  settings.legacy = optionalFlag(*config, "legacy");
  settings.addPrefixSpace = optionalFlag(*config, "add_prefix_space");
  settings.lowercase = optionalFlag(*config, "do_lower_case");
  settings.stripAccents = optionalFlag(*config, "strip_accents");
  settings.chineseCharacters = optionalFlag(*config, "tokenize_chinese_chars");
  LATHE_TRY(readAddedDecoder(*config, settings).in(folder + "/tokenizer_config.json"));
  readChatTemplate(*config, settings);
  readRoles(*config, settings);

  auto map = readOptional(folder, "special_tokens_map.json");
  if (!map) return map.status();
  readRoles(*map, settings);
  auto added = readOptional(folder, "added_tokens.json");
  if (!added) return added.status();
  for (const auto &[content, id] : added->items()) {
    if (!id.is_number_unsigned())
      return Status(Code::Corrupt,
                    folder + "/added_tokens.json: the id of " + inQuotes(content) + " is not a whole number");
    bool known =
        std::any_of(settings.added.begin(), settings.added.end(),
                    [&, &name = content](const auto &entry) { return entry.second.content == name; });
    if (known) continue;
    AddedTokenT token;
    token.content = content;
    token.normalized = true;
    settings.added.emplace_back(id.get<uint64_t>(), std::move(token));
  }
  std::sort(settings.added.begin(), settings.added.end(), [](const auto &a, const auto &b) {
    return a.first != b.first ? a.first < b.first : a.second.content < b.second.content;
  });

  auto chat = MappedFile::open(folder + "/chat_template.jinja");
  if (chat)
    settings.chatTemplate.assign(reinterpret_cast<const char *>(chat->bytes().data()), chat->bytes().size());
  if (settings.chatTemplate.size() > longestTemplate || !isUtf8(settings.chatTemplate))
    return Status(Code::Corrupt, folder + ": the chat template is not UTF-8 text of at most 1 MiB");
  LATHE_TRY(readClassName(folder, settings));
  return settings;
}

void lathe::defaultRole(TokenizerSettings &settings, TokenRole role, const char *content,
                        const TokenizerDraft &draft) {
  auto &target = settings.roles[static_cast<size_t>(role)];
  if (target.given || !draft.find(content)) return;
  target.token.emplace();
  target.token->content = content;
  target.token->special = true;
}

/// Adds a special token unless the draft already finds it in text: its flags there stand.
static Status addSpecial(const AddedTokenT &token, TokenizerDraft &draft) {
  for (const auto &added : draft.data.added_tokens)
    if (added->content == token.content) return {};
  AddedTokenT copy = token;
  copy.special = true;
  return draft.addToken(std::move(copy), std::nullopt);
}

Status lathe::applySettings(const TokenizerSettings &settings, TokenizerDraft &draft) {
  for (const auto &[id, token] : settings.added) {
    AddedTokenT copy = token;
    // added_tokens.json does not say which are special: those with a role, or listed as special, are.
    for (const auto &role : settings.roles)
      if (role.token && role.token->content == copy.content)
        copy.special = true, copy.normalized = role.token->normalized;
    for (const auto &extra : settings.extra)
      if (extra.content == copy.content) copy.special = true, copy.normalized = extra.normalized;
    LATHE_TRY(draft.addToken(std::move(copy), id));
  }
  SpecialIdsT &ids = *draft.data.specials;
  int32_t *targets[] = {&ids.bos, &ids.eos, &ids.unknown, &ids.pad, &ids.cls, &ids.sep, &ids.mask};
  for (size_t i = 0; i < settings.roles.size(); ++i) {
    const auto &role = settings.roles[i];
    if (role.given) *targets[i] = -1;
    if (!role.token || role.token->content.empty()) continue;
    LATHE_TRY(addSpecial(*role.token, draft));
    *targets[i] = static_cast<int32_t>(*draft.find(role.token->content));
  }
  for (const AddedTokenT &token : settings.extra) LATHE_TRY(addSpecial(token, draft));
  draft.data.chat_template = settings.chatTemplate;
  return {};
}
