// Slots and sampling of the C interface.
#include "Runtime/CApi.h"

using namespace lathe;

struct lathe_sampler {
  std::shared_ptr<const LoadedModel> model;
  Sampler sampler;
};

/// Runs `body` on the session's pool once `slot` is known to be one.
template <typename Body> static lathe_status withSlot(const lathe_session *session, int32_t slot, Body body) {
  return guarded([&]() -> Status {
    if (!session) return invalid("the session is NULL");
    LATHE_TRY(session->session->checkSlot(slot));
    return body(session->session->pool());
  });
}

static Status takeSlot(Result<int32_t> made, int32_t *slot) {
  if (made) *slot = *made;
  return made.status();
}

lathe_status lathe_slot_create(lathe_session *session, int32_t *slot) {
  return guarded([&]() -> Status {
    if (!session || !slot) return invalid("the session or the place for the slot is NULL");
    return takeSlot(session->session->pool().create(), slot);
  });
}

void lathe_slot_release(lathe_session *session, int32_t slot) {
  if (session) session->session->pool().release(slot);
}

lathe_status lathe_slot_fork(lathe_session *session, int32_t source, int32_t *slot) {
  return withSlot(session, source, [&](BlockPool &pool) {
    if (!slot) return invalid("the place for the slot is NULL");
    return takeSlot(pool.fork(source), slot);
  });
}

lathe_status lathe_slot_truncate(lathe_session *session, int32_t slot, uint32_t positions) {
  return withSlot(session, slot, [&](BlockPool &pool) { return pool.truncate(slot, positions); });
}

lathe_status lathe_slot_position(const lathe_session *session, int32_t slot, uint32_t *positions) {
  return withSlot(session, slot, [&](const BlockPool &pool) {
    if (!positions) return invalid("the place for the position is NULL");
    *positions = pool.positions(slot);
    return Status();
  });
}

lathe_status lathe_slot_save_size(const lathe_session *session, int32_t slot, size_t *bytes) {
  return withSlot(session, slot, [&](const BlockPool &pool) {
    if (!bytes) return invalid("the place for the size is NULL");
    *bytes = pool.saveBytes(slot);
    return Status();
  });
}

lathe_status lathe_slot_save(const lathe_session *session, int32_t slot, void *buffer, size_t capacity,
                             size_t *bytes) {
  return withSlot(session, slot, [&](const BlockPool &pool) {
    if (!buffer) return invalid("the buffer is NULL");
    size_t needed = pool.saveBytes(slot);
    if (needed > capacity)
      return Status(Code::Full, "the slot takes " + std::to_string(needed) + " bytes, the buffer has " +
                                    std::to_string(capacity));
    LATHE_TRY(pool.save(slot, session->session->stateHash(), {static_cast<std::byte *>(buffer), capacity}));
    if (bytes) *bytes = needed;
    return Status();
  });
}

lathe_status lathe_slot_restore(lathe_session *session, const void *buffer, size_t bytes, int32_t *slot) {
  return guarded([&]() -> Status {
    if (!session || !buffer || !slot)
      return invalid("the session, the buffer or the place for the slot is NULL");
    std::span<const std::byte> saved(static_cast<const std::byte *>(buffer), bytes);
    return takeSlot(session->session->pool().restore(saved, session->session->stateHash()), slot);
  });
}

lathe_status lathe_sampling_defaults(const lathe_model *model, lathe_sampling *sampling) {
  return guarded([&]() -> Status {
    if (!model) return invalid("the model is NULL");
    lathe_sampling result = {};
    result.top_p = 1;
    result.repetition_penalty = 1;
    if (const fb::Generation *generation = model->model->header().generation()) {
      result.temperature = generation->do_sample() ? generation->temperature() : 0;
      result.top_k = generation->top_k();
      result.top_p = generation->top_p();
      result.min_p = generation->min_p();
      result.repetition_penalty = generation->repetition_penalty();
    }
    return writeSized(result, sampling);
  });
}

lathe_status lathe_sampler_create(lathe_model *model, const lathe_sampling *from, lathe_sampler **sampler) {
  return guarded([&]() -> Status {
    if (!model || !from || !sampler)
      return invalid("the model, the parameters or the place for the sampler is NULL");
    lathe_sampling sampling;
    LATHE_TRY(readSized(from, sampling));
    SamplingParameters parameters;
    parameters.temperature = sampling.temperature;
    parameters.topK = sampling.top_k;
    parameters.topP = sampling.top_p == 0 ? 1 : sampling.top_p;
    parameters.minP = sampling.min_p;
    parameters.repetitionPenalty = sampling.repetition_penalty == 0 ? 1 : sampling.repetition_penalty;
    parameters.seed = sampling.seed;
    LATHE_TRY(checkSampling(parameters));
    *sampler = new lathe_sampler{model->model, Sampler(parameters, model->model->header().vocabulary())};
    return {};
  });
}

void lathe_sampler_release(lathe_sampler *sampler) { delete sampler; }

lathe_status lathe_sample(lathe_sampler *sampler, const float *logits, const int32_t *history,
                          size_t history_count, int32_t *token, float *log_probability) {
  return guarded([&]() -> Status {
    if (!sampler || !logits || !token || (!history && history_count))
      return invalid("the sampler, the logits, the history or the place for the token is NULL");
    std::span<const float> row(logits, sampler->sampler.vocabulary());
    auto drawn = sampler->sampler.sample(row, {history, history_count});
    if (!drawn) return drawn.status();
    *token = *drawn;
    if (log_probability) *log_probability = static_cast<float>(logProbability(row, *drawn));
    return {};
  });
}

double lathe_log_probability(const float *logits, size_t columns, int32_t token) {
  if (!logits || token < 0 || static_cast<size_t>(token) >= columns) return -__builtin_inf();
  return logProbability({logits, columns}, token);
}
