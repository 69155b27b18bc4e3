// Models and what is known about them, in the C interface.
#include "Runtime/CApi.h"

using namespace lathe;

/// The features of each variant.
static std::vector<std::string> joinFeatures(const fb::Program &program) {
  std::vector<std::string> all;
  for (const fb::Variant *variant : *program.variants()) {
    std::string features;
    for (const flatbuffers::String *feature : *variant->features())
      features += (features.empty() ? "" : " ") + feature->str();
    all.push_back(std::move(features));
  }
  return all;
}

lathe_status lathe_model_open(const char *path, const lathe_model_options *from, lathe_model **model) {
  return guarded([&]() -> Status {
    if (!path || !model) return invalid("the path or the place for the model is NULL");
    lathe_model_options options;
    LATHE_TRY(readSized(from, options));
    Logger logger;
    if (options.log)
      logger = [log = options.log, user = options.log_user](LogLevel level, const std::string &message) {
        log(user, static_cast<lathe_log_level>(level), message.c_str());
      };
    auto opened = LoadedModel::open(path, std::move(logger));
    if (!opened) return opened.status();
    auto handle = std::make_unique<lathe_model>();
    for (const fb::Program *program : *(*opened)->header().programs())
      handle->features.push_back(joinFeatures(*program));
    handle->model = std::move(*opened);
    *model = handle.release();
    return {};
  });
}

void lathe_model_release(lathe_model *model) { delete model; }

lathe_status lathe_model_verify(const lathe_model *model, lathe_progress_callback progress, void *user) {
  return guarded([&]() -> Status {
    if (!model) return invalid("the model is NULL");
    std::function<bool(uint64_t, uint64_t)> report;
    if (progress) report = [&](uint64_t done, uint64_t total) { return progress(user, done, total) == 0; };
    return model->model->artifact().verifyWeights(report);
  });
}

static void describeHeader(const fb::Header &header, lathe_model_info &info) {
  info.producer = text(header.producer());
  info.name = text(header.model_name());
  info.family = text(header.family());
  info.numerics = text(header.numerics());
  info.recipe = text(header.recipe());
  info.vocabulary = header.vocabulary();
  info.context = header.context();
  info.has_tokenizer = header.tokenizer_bytes() != 0;
  info.programs = header.programs()->size();
  info.weights = header.weights()->size();
  info.remarks = header.remarks() ? header.remarks()->size() : 0;
  for (const fb::Weight *weight : *header.weights()) {
    uint64_t elements;
    if (__builtin_mul_overflow(weight->rows(), weight->columns(), &elements)) continue;
    info.parameters += elements;
    info.weight_bytes += weight->bytes();
  }
  if (header.generation() && header.generation()->stop_tokens()) {
    info.stop_tokens = header.generation()->stop_tokens()->data();
    info.stop_token_count = header.generation()->stop_tokens()->size();
  }
}

/// What the model can, by its first program: entries of one name agree in all of them.
static void describeAbilities(const fb::Program &program, lathe_model_info &info) {
  info.has_fixed_state = program.fixed_bytes() != 0;
  info.can_step = findEntry(program, "step").has_value();
  if (auto entry = embedEntry(program))
    info.embedding_columns = program.entries()->Get(*entry)->result_columns();
  if (auto entry = findEntry(program, "hidden"))
    info.hidden_columns = program.entries()->Get(*entry)->result_columns();
}

lathe_status lathe_model_get_info(const lathe_model *model, lathe_model_info *info) {
  return guarded([&]() -> Status {
    if (!model) return invalid("the model is NULL");
    lathe_model_info result = {};
    describeHeader(model->model->header(), result);
    describeAbilities(*model->model->header().programs()->Get(0), result);
    result.file_bytes = model->model->artifact().fileBytes();
    result.hash = model->model->artifact().hash();
    return writeSized(result, info);
  });
}

lathe_status lathe_model_get_weight(const lathe_model *model, size_t index, lathe_weight_info *info) {
  return guarded([&]() -> Status {
    if (!model) return invalid("the model is NULL");
    const fb::Weight *weight = nullptr;
    LATHE_TRY(find(model->model->header().weights(), index, weight));
    lathe_weight_info result = {};
    result.name = text(weight->name());
    result.encoding = text(weight->encoding());
    result.rows = weight->rows();
    result.columns = weight->columns();
    result.offset = weight->offset();
    result.bytes = weight->bytes();
    result.bits = weight->logical_bits();
    result.error = weight->error();
    return writeSized(result, info);
  });
}

lathe_status lathe_model_get_remark(const lathe_model *model, size_t index, lathe_remark_info *info) {
  return guarded([&]() -> Status {
    if (!model) return invalid("the model is NULL");
    const fb::Remark *remark = nullptr;
    LATHE_TRY(find(model->model->header().remarks(), index, remark));
    lathe_remark_info result = {};
    result.kind = text(remark->kind());
    result.pass = text(remark->pass());
    result.function = text(remark->function());
    result.location = text(remark->location());
    result.text = text(remark->text());
    return writeSized(result, info);
  });
}
