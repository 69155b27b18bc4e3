// Models and what is known about them, in the C interface.
#include "Runtime/CApi.h"

using namespace lathe;

static const char *text(const flatbuffers::String *string) { return string ? string->c_str() : ""; }

/// The element of a header's list, or InvalidArgument.
template <typename List>
static Status find(const lathe_model *model, const List *list, size_t index,
                   typename List::return_type &element) {
  if (!list || index >= list->size())
    return invalid("there is no number " + std::to_string(index) + " of " +
                   std::to_string(list ? list->size() : 0));
  element = list->Get(static_cast<uint32_t>(index));
  return {};
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
    for (const fb::Variant *variant : *(*opened)->program().variants()) {
      std::string features;
      for (const flatbuffers::String *feature : *variant->features())
        features += (features.empty() ? "" : " ") + feature->str();
      handle->variantFeatures.push_back(std::move(features));
    }
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

static void describeProgram(const LoadedModel &model, lathe_model_info &info) {
  const fb::Program &program = model.program();
  info.target = text(program.target());
  info.max_rows = program.max_rows();
  info.max_outputs = program.max_outputs();
  info.arena_bytes = program.arena_bytes();
  info.block_bytes = program.block_bytes();
  info.fixed_bytes = program.fixed_bytes();
  info.has_fixed_state = program.fixed_bytes() != 0;
  info.variants = program.variants()->size();
  info.entries = program.entries()->size();
  info.states = program.states()->size();
  info.can_step = model.findEntry("step").has_value();
  if (auto entry = model.embedEntry())
    info.embedding_columns = program.entries()->Get(*entry)->result_columns();
  if (auto entry = model.findEntry("hidden"))
    info.hidden_columns = program.entries()->Get(*entry)->result_columns();
}

lathe_status lathe_model_get_info(const lathe_model *model, lathe_model_info *info) {
  return guarded([&]() -> Status {
    if (!model) return invalid("the model is NULL");
    lathe_model_info result = {};
    describeHeader(model->model->header(), result);
    describeProgram(*model->model, result);
    result.file_bytes = model->model->artifact().fileBytes();
    result.hash = model->model->artifact().hash();
    return writeSized(result, info);
  });
}

lathe_status lathe_model_get_weight(const lathe_model *model, size_t index, lathe_weight_info *info) {
  return guarded([&]() -> Status {
    if (!model) return invalid("the model is NULL");
    const fb::Weight *weight = nullptr;
    LATHE_TRY(find(model, model->model->header().weights(), index, weight));
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

lathe_status lathe_model_get_variant(const lathe_model *model, size_t index, lathe_variant_info *info) {
  return guarded([&]() -> Status {
    if (!model) return invalid("the model is NULL");
    const fb::Variant *variant = nullptr;
    LATHE_TRY(find(model, model->model->program().variants(), index, variant));
    lathe_variant_info result = {};
    result.name = text(variant->name());
    result.arch = text(variant->arch());
    result.features = model->variantFeatures[index].c_str();
    result.code_bytes = variant->bytes();
    result.runnable = runnable(*variant, model->model->features());
    return writeSized(result, info);
  });
}

lathe_status lathe_model_get_entry(const lathe_model *model, size_t index, lathe_entry_info *info) {
  return guarded([&]() -> Status {
    if (!model) return invalid("the model is NULL");
    const fb::Entry *entry = nullptr;
    LATHE_TRY(find(model, model->model->program().entries(), index, entry));
    lathe_entry_info result = {};
    result.name = text(entry->name());
    result.dispatches = entry->dispatches()->size();
    result.result_columns = entry->result_columns();
    return writeSized(result, info);
  });
}

lathe_status lathe_model_get_dispatch(const lathe_model *model, size_t entryIndex, size_t index,
                                      lathe_dispatch_info *info) {
  return guarded([&]() -> Status {
    if (!model) return invalid("the model is NULL");
    const fb::Program &program = model->model->program();
    const fb::Entry *entry = nullptr;
    const fb::Dispatch *dispatch = nullptr;
    LATHE_TRY(find(model, program.entries(), entryIndex, entry));
    LATHE_TRY(find(model, entry->dispatches(), index, dispatch));
    const fb::Kernel *kernel = program.kernels()->Get(dispatch->kernel());
    lathe_dispatch_info result = {};
    result.kernel = text(kernel->name());
    result.label = text(dispatch->label());
    result.bindings = dispatch->bindings()->size();
    result.classes = kernel->classes()->size();
    for (const fb::Binding *binding : *dispatch->bindings())
      if (binding->kind() == fb::BindingKind::Weight)
        result.weight_bytes +=
            model->model->artifact().weight(static_cast<uint32_t>(binding->value())).size();
    for (const fb::KernelClass *kernelClass : *kernel->classes())
      result.scratch_bytes = std::max(result.scratch_bytes, kernelClass->scratch_bytes());
    return writeSized(result, info);
  });
}

lathe_status lathe_model_get_state(const lathe_model *model, size_t index, lathe_state_info *info) {
  return guarded([&]() -> Status {
    if (!model) return invalid("the model is NULL");
    const fb::State *state = nullptr;
    LATHE_TRY(find(model, model->model->program().states(), index, state));
    lathe_state_info result = {};
    result.name = text(state->name());
    result.grows = state->kind() == fb::StateKind::Growing;
    result.bytes = state->bytes();
    return writeSized(result, info);
  });
}

lathe_status lathe_model_get_remark(const lathe_model *model, size_t index, lathe_remark_info *info) {
  return guarded([&]() -> Status {
    if (!model) return invalid("the model is NULL");
    const fb::Remark *remark = nullptr;
    LATHE_TRY(find(model, model->model->header().remarks(), index, remark));
    lathe_remark_info result = {};
    result.kind = text(remark->kind());
    result.pass = text(remark->pass());
    result.function = text(remark->function());
    result.location = text(remark->location());
    result.text = text(remark->text());
    return writeSized(result, info);
  });
}
