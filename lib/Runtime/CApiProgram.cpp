// Programs of a model, in the C interface.
#include "Runtime/CApi.h"

using namespace lathe;

/// Runs `body` on program number `index`.
template <typename Body> static lathe_status withProgram(const lathe_model *model, size_t index, Body body) {
  return guarded([&]() -> Status {
    if (!model) return invalid("the model is NULL");
    const fb::Program *program = nullptr;
    LATHE_TRY(find(model->model->header().programs(), index, program));
    return body(*program);
  });
}

lathe_status lathe_model_get_program(const lathe_model *model, size_t index, lathe_program_info *info) {
  return withProgram(model, index, [&](const fb::Program &program) {
    lathe_program_info result = {};
    result.target = text(program.target());
    result.max_rows = program.max_rows();
    result.max_outputs = program.max_outputs();
    result.arena_bytes = program.arena_bytes();
    result.block_bytes = program.block_bytes();
    result.fixed_bytes = program.fixed_bytes();
    result.variants = program.variants()->size();
    result.entries = program.entries()->size();
    result.states = program.states()->size();
    return writeSized(result, info);
  });
}

lathe_status lathe_model_get_variant(const lathe_model *model, size_t programIndex, size_t index,
                                     lathe_variant_info *info) {
  return withProgram(model, programIndex, [&](const fb::Program &program) -> Status {
    const fb::Variant *variant = nullptr;
    LATHE_TRY(find(program.variants(), index, variant));
    lathe_variant_info result = {};
    result.name = text(variant->name());
    result.arch = text(variant->arch());
    result.features = model->features[programIndex][index].c_str();
    result.code_bytes = variant->bytes();
    result.runnable = runsHere(model->model->kinds()[programIndex], *variant);
    return writeSized(result, info);
  });
}

lathe_status lathe_model_get_entry(const lathe_model *model, size_t programIndex, size_t index,
                                   lathe_entry_info *info) {
  return withProgram(model, programIndex, [&](const fb::Program &program) -> Status {
    const fb::Entry *entry = nullptr;
    LATHE_TRY(find(program.entries(), index, entry));
    lathe_entry_info result = {};
    result.name = text(entry->name());
    result.dispatches = entry->dispatches()->size();
    result.result_columns = entry->result_columns();
    return writeSized(result, info);
  });
}

lathe_status lathe_model_get_dispatch(const lathe_model *model, size_t programIndex, size_t entryIndex,
                                      size_t index, lathe_dispatch_info *info) {
  return withProgram(model, programIndex, [&](const fb::Program &program) -> Status {
    const fb::Entry *entry = nullptr;
    const fb::Dispatch *dispatch = nullptr;
    LATHE_TRY(find(program.entries(), entryIndex, entry));
    LATHE_TRY(find(entry->dispatches(), index, dispatch));
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
    for (const fb::KernelClass *kernelClass : *kernel->classes()) {
      result.scratch_bytes = std::max(result.scratch_bytes, kernelClass->scratch_bytes());
      result.threads = std::max(result.threads, kernelClass->threads());
      if (kernelClass->join())
        result.join_threads = std::max(result.join_threads, kernelClass->join()->threads());
    }
    return writeSized(result, info);
  });
}

lathe_status lathe_model_get_state(const lathe_model *model, size_t programIndex, size_t index,
                                   lathe_state_info *info) {
  return withProgram(model, programIndex, [&](const fb::Program &program) -> Status {
    const fb::State *state = nullptr;
    LATHE_TRY(find(program.states(), index, state));
    lathe_state_info result = {};
    result.name = text(state->name());
    result.grows = state->kind() == fb::StateKind::Growing;
    result.bytes = state->bytes();
    return writeSized(result, info);
  });
}
