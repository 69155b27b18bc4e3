#include "Checkpoint/EmbeddingConfig.h"

#include "Checkpoint/Config.h"
#include "Checkpoint/FamilyConfig.h"
#include "Checkpoint/Json.h"

#include <filesystem>

namespace lathe {

using nlohmann::json;

namespace {
Status corrupt(std::string message) { return Status(Code::Corrupt, std::move(message)); }

bool exists(const std::string &path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

/// Before sentence-transformers 5 each kind has a flag of its own; from then on "pooling_mode" names it.
Result<Pooling> readPooling(const std::string &path) {
  auto config = Config::open(path);
  if (!config) return config.status();
  struct Entry {
    const char *flag, *name;
    std::optional<Pooling> pooling;
  };
  const Entry entries[] = {
      {"pooling_mode_mean_tokens", "mean", Pooling::Mean},
      {"pooling_mode_cls_token", "cls", Pooling::Cls},
      {"pooling_mode_max_tokens", "max", Pooling::Max},
      {"pooling_mode_lasttoken", "lasttoken", Pooling::LastToken},
      {"pooling_mode_mean_sqrt_len_tokens", "mean_sqrt_len_tokens", std::nullopt},
      {"pooling_mode_weightedmean_tokens", "weightedmean", std::nullopt},
  };
  std::string named = config->text("pooling_mode", "");
  const Entry *chosen = nullptr;
  for (const Entry &entry : entries) {
    if (!config->boolean(entry.flag, false) && named != entry.name) continue;
    if (chosen && chosen != &entry)
      config->fail(Code::Unsupported, entry.flag,
                   "is set beside '" + std::string(chosen->flag) +
                       "'; several poolings at once are not supported");
    chosen = &entry;
  }
  config->inert({"word_embedding_dimension", "embedding_dimension", "include_prompt"});
  LATHE_TRY(config->finish());
  if (!chosen) return corrupt(path + ": names no pooling that is known");
  if (!chosen->pooling)
    return Status(Code::Unsupported, path + ": pooling '" + chosen->name +
                                         "' is not supported; mean, cls, max and lasttoken are");
  return *chosen->pooling;
}

/// The tokenizer's limit and the prompts, which lie beside modules.json.
Status readSettings(const std::string &folder, EmbeddingConfig &embedding) {
  if (std::string path = folder + "/sentence_bert_config.json"; exists(path)) {
    auto config = Config::open(path);
    if (!config) return config.status();
    if (int64_t most = config->integer("max_seq_length", positionCount, 0)) embedding.maxTokens = most;
    embedding.lowercase = config->boolean("do_lower_case", false);
    LATHE_TRY(config->status());
  }
  if (std::string path = folder + "/config_sentence_transformers.json"; exists(path)) {
    auto config = Config::open(path);
    if (!config) return config.status();
    config->requireOff("default_prompt_name", "a prompt in front of every text is not supported");
    LATHE_TRY(config->status());
  }
  return {};
}

Status readModule(const std::string &folder, const json &module, EmbeddingConfig &embedding, bool &pooled) {
  auto type = module.find("type");
  if (type == module.end() || !type->is_string()) return corrupt("a module has no 'type'");
  std::string name = type->get<std::string>();
  name = name.substr(name.rfind('.') == std::string::npos ? 0 : name.rfind('.') + 1);
  if (name == "Transformer") return {};
  if (name == "Normalize") {
    embedding.normalize = true;
    return {};
  }
  if (name != "Pooling")
    return Status(Code::Unsupported, "the module " + inQuotes(name) +
                                         " is not supported; Transformer, Pooling and " + "Normalize are");
  if (pooled) return Status(Code::Unsupported, "several Pooling modules are not supported");
  auto path = module.find("path");
  if (path == module.end() || !path->is_string()) return corrupt("the Pooling module has no 'path'");
  const std::string &inside = path->get_ref<const std::string &>();
  if (!isPlainFileName(inside))
    return corrupt("the path " + inQuotes(inside) + " is not a folder beside modules.json");
  auto pooling = readPooling(folder + "/" + inside + "/config.json");
  if (!pooling) return pooling.status();
  embedding.pooling = *pooling;
  pooled = true;
  return {};
}
} // namespace

Result<EmbeddingConfig> EmbeddingConfig::read(const std::string &folder) {
  EmbeddingConfig embedding;
  LATHE_TRY(readSettings(folder, embedding));
  std::string path = folder + "/modules.json";
  if (!exists(path)) return embedding;
  embedding.declared = true;
  auto modules = readJson(path);
  if (!modules) return modules.status();
  if (!modules->is_array()) return corrupt(path + ": not a list of modules");
  bool pooled = false;
  for (const json &module : *modules) {
    if (!module.is_object()) return corrupt(path + ": not a list of modules");
    LATHE_TRY(readModule(folder, module, embedding, pooled).in(path));
  }
  if (!pooled) return corrupt(path + ": has no Pooling module; without one there is no vector for a text");
  return embedding;
}

} // namespace lathe
