#include "Checkpoint/TokenizerReader.h"

#include "Checkpoint/Json.h"
#include "Checkpoint/TokenizerSettings.h"
#include "Checkpoint/TokenizerSources.h"
#include "Support/MappedFile.h"

#include <filesystem>

using namespace lathe;
using namespace lathe::fb::tokenizer;

// Gemma 3's tokenizer.json, the largest in use, has 33 MB and 1.4 million values.
static constexpr JsonLimits jsonLimits = {.bytes = 64 << 20, .values = 3 << 20, .depth = 32};
static constexpr size_t largestText = 64 << 20;

static std::string_view textOf(const MappedFile &file) {
  return {reinterpret_cast<const char *>(file.bytes().data()), file.bytes().size()};
}

static Result<MappedFile> openText(const std::string &path) {
  auto file = MappedFile::open(path);
  if (file && file->bytes().size() > largestText)
    return Status(Code::Corrupt,
                  path + ": larger than " + std::to_string(largestText) + " bytes, the most that is read");
  return file;
}

/// [bos] text [eos], as the settings or else the class want it.
static void setBosEos(const TokenizerSettings &settings, bool bosByDefault, TokenizerDraft &draft) {
  const SpecialIdsT &ids = *draft.data.specials;
  if (settings.addBos.value_or(bosByDefault) && ids.bos >= 0)
    draft.data.prefix_ids = {static_cast<uint32_t>(ids.bos)};
  if (settings.addEos.value_or(false) && ids.eos >= 0)
    draft.data.suffix_ids = {static_cast<uint32_t>(ids.eos)};
}

static Status fromJson(const std::string &path, const TokenizerSettings &settings, TokenizerDraft &draft) {
  auto document = readJson(path, jsonLimits);
  if (!document) return document.status();
  LATHE_TRY(readTokenizerJson(*document, draft).in(path));
  return applySettings(settings, draft).in(path);
}

static Status fromSentencePiece(const std::string &path, const TokenizerSettings &settings,
                                TokenizerDraft &draft) {
  auto file = openText(path);
  if (!file) return file.status();
  // "legacy" is how transformers began: each part between special tokens gets the dummy prefix.
  PrependScheme scheme = settings.legacy.value_or(true) ? PrependScheme::Always : PrependScheme::First;
  if (!settings.addPrefixSpace.value_or(true)) scheme = PrependScheme::Never;
  LATHE_TRY(readSentencePiece(textOf(*file), draft, scheme).in(path));
  LATHE_TRY(applySettings(settings, draft).in(path));
  setBosEos(settings, /*bosByDefault=*/true, draft);
  return {};
}

static Status fromVocabularyAndMerges(const std::string &folder, TokenizerSettings &settings,
                                      TokenizerDraft &draft) {
  auto vocabulary = readJson(folder + "/vocab.json", jsonLimits);
  if (!vocabulary) return vocabulary.status();
  auto merges = openText(folder + "/merges.txt");
  if (!merges) return merges.status();
  LATHE_TRY(readVocabularyAndMerges(*vocabulary, textOf(*merges), settings.className,
                                    settings.addPrefixSpace.value_or(false), draft)
                .in(folder));
  const char *end = "<|endoftext|>";
  if (settings.className.starts_with("GPT2")) {
    defaultRole(settings, TokenRole::Bos, end, draft);
    defaultRole(settings, TokenRole::Unknown, end, draft);
  } else {
    defaultRole(settings, TokenRole::Pad, end, draft);
  }
  defaultRole(settings, TokenRole::Eos, end, draft);
  LATHE_TRY(applySettings(settings, draft).in(folder));
  setBosEos(settings, /*bosByDefault=*/false, draft);
  return {};
}

static Status fromVocabularyText(const std::string &path, TokenizerSettings &settings,
                                 TokenizerDraft &draft) {
  auto file = openText(path);
  if (!file) return file.status();
  BertOptions options;
  options.lowercase = settings.lowercase.value_or(true);
  options.stripAccents = settings.stripAccents.value_or(options.lowercase);
  options.chineseCharacters = settings.chineseCharacters.value_or(true);
  LATHE_TRY(readVocabularyText(textOf(*file), options, draft).in(path));
  defaultRole(settings, TokenRole::Unknown, "[UNK]", draft);
  defaultRole(settings, TokenRole::Sep, "[SEP]", draft);
  defaultRole(settings, TokenRole::Pad, "[PAD]", draft);
  defaultRole(settings, TokenRole::Cls, "[CLS]", draft);
  defaultRole(settings, TokenRole::Mask, "[MASK]", draft);
  LATHE_TRY(applySettings(settings, draft).in(path));
  const SpecialIdsT &ids = *draft.data.specials;
  if (ids.cls < 0 || ids.sep < 0) return Status(Code::Corrupt, path + ": has no [CLS] or no [SEP]");
  draft.data.prefix_ids = {static_cast<uint32_t>(ids.cls)};
  draft.data.suffix_ids = {static_cast<uint32_t>(ids.sep)};
  return {};
}

Result<std::vector<std::byte>> lathe::readTokenizer(const std::string &folder) {
  auto has = [&](const char *name) {
    std::error_code error;
    return std::filesystem::exists(folder + "/" + name, error);
  };
  bool merged = has("vocab.json") && has("merges.txt");
  if (!has("tokenizer.json") && !has("tokenizer.model") && !merged && !has("vocab.txt"))
    return Status(Code::NotFound, folder +
                                      ": has no tokenizer (tokenizer.json, tokenizer.model, vocab.json with "
                                      "merges.txt, or vocab.txt)");
  auto settings = readTokenizerSettings(folder);
  if (!settings) return settings.status();
  TokenizerDraft draft;
  Status status;
  std::string source = folder + (has("tokenizer.json")    ? "/tokenizer.json"
                                 : has("tokenizer.model") ? "/tokenizer.model"
                                 : merged                 ? ""
                                                          : "/vocab.txt");
  if (has("tokenizer.json"))
    status = fromJson(source, *settings, draft);
  else if (has("tokenizer.model"))
    status = fromSentencePiece(source, *settings, draft);
  else if (merged)
    status = fromVocabularyAndMerges(folder, *settings, draft);
  else
    status = fromVocabularyText(source, *settings, draft);
  LATHE_TRY(status);
  auto bytes = draft.finish();
  if (!bytes) return bytes.status().in(source);
  return bytes;
}
