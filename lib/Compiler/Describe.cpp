#include "Compiler/Describe.h"

#include "Checkpoint/Generation.h"
#include "Checkpoint/TokenizerReader.h"
#include "Lathe/ModelInfo.h"
#include "Tokenizer/Tokenizer.h"

#include <algorithm>
#include <filesystem>

using namespace lathe;

Result<std::vector<std::byte>> lathe::describeTokenizer(const Checkpoint &checkpoint, const CompileOptions &options) {
  Result<std::vector<std::byte>> tokenizer = readTokenizer(checkpoint.folder());
  if (tokenizer.ok() || tokenizer.status().code() != Code::NotFound) return tokenizer;
  if (options.log) options.log("warning: " + tokenizer.status().message() + "; the artifact will take token ids, not text");
  return std::vector<std::byte>();
}

/// The checkpoint's own sampling and stop tokens: the union of its files, texts resolved by its tokenizer.
static Status describeGeneration(const Checkpoint &checkpoint, std::span<const std::byte> tokenizer,
                                 const CompileOptions &options, fb::HeaderT &header) {
  Result<GenerationDefaults> read = GenerationDefaults::read(checkpoint.folder());
  if (!read.ok()) return read.status();
  auto generation = std::make_unique<fb::GenerationT>();
  generation->do_sample = read->doSample;
  generation->temperature = float(read->temperature.value_or(1.0));
  generation->top_k = int32_t(read->topK.value_or(0));
  generation->top_p = float(read->topP.value_or(1.0));
  generation->min_p = float(read->minP.value_or(0.0));
  generation->repetition_penalty = float(read->repetitionPenalty.value_or(1.0));
  generation->max_length = int32_t(read->maxLength.value_or(0));
  std::vector<int64_t> stops = read->stopTokens;
  if (!tokenizer.empty()) {
    Result<Tokenizer> loaded = Tokenizer::load(tokenizer);
    if (!loaded.ok()) return loaded.status();
    for (const std::string &text : read->stopTexts)
      if (int32_t id = loaded->find(text); id >= 0) stops.push_back(id);
  }
  std::sort(stops.begin(), stops.end());
  stops.erase(std::unique(stops.begin(), stops.end()), stops.end());
  for (int64_t id : stops)
    if (id >= 0 && id < int64_t(header.vocabulary)) generation->stop_tokens.push_back(int32_t(id));
  for (const std::string &setting : read->ignored)
    if (options.log) options.log("warning: generation setting \"" + setting + "\" is not applied");
  header.generation = std::move(generation);
  return {};
}

Status lathe::describeModel(mlir::ModuleOp module, const Checkpoint *checkpoint, std::span<const std::byte> tokenizer,
                            const CompileOptions &options, fb::HeaderT &header) {
  std::optional<ModelInfo> info = getModelInfo(module);
  if (!info) return Status(Code::InvalidArgument, "the module has no attribute lathe.model; dump it with --compile-to");
  header.producer = "lathe " LATHE_VERSION;
  std::filesystem::path folder(checkpoint ? checkpoint->folder() : options.model);
  folder = std::filesystem::absolute(folder).lexically_normal();
  header.model_name = folder.has_filename() ? folder.filename().string() : folder.parent_path().filename().string();
  header.family = info->family;
  header.vocabulary = uint32_t(info->vocabulary);
  header.context = uint32_t(info->context);
  return checkpoint ? describeGeneration(*checkpoint, tokenizer, options, header) : Status();
}

void lathe::describeRemarks(const std::vector<Remark> &remarks, fb::HeaderT &header) {
  for (const Remark &remark : remarks) {
    auto table = std::make_unique<fb::RemarkT>();
    table->kind = stringifyRemarkKind(remark.kind).str();
    table->pass = remark.pass;
    table->function = remark.function;
    table->location = remark.location;
    table->text = remark.text;
    header.remarks.push_back(std::move(table));
  }
}
