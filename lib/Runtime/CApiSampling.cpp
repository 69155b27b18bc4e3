// Sampling of the C interface.
#include "Runtime/CApi.h"

using namespace lathe;

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
    uint32_t vocabulary = model->model->header().vocabulary();
    *sampler = new lathe_sampler{model->model, Sampler(parameters, vocabulary),
                                 std::vector<uint32_t>(wordsOfTokens(vocabulary))};
    return {};
  });
}

void lathe_sampler_release(lathe_sampler *sampler) { delete sampler; }

Status lathe::readDraw(const lathe_draw *from, Draw &to) {
  lathe_draw draw;
  if (!from) return invalid("a draw is NULL");
  LATHE_TRY(readSized(from, draw));
  if (!draw.sampler || (!draw.history && draw.history_count))
    return invalid("the sampler or the history of a draw is NULL");
  to.sampler = &draw.sampler->sampler;
  to.history = {draw.history, draw.history_count};
  to.allowed = {};
  if (draw.allowed) to.allowed = {draw.allowed, wordsOfTokens(to.sampler->vocabulary())};
  to.logProbability = draw.log_probability != 0;
  return {};
}

lathe_status lathe_sample_draw(const lathe_draw *from, const float *logits, int32_t *token,
                               float *log_probability) {
  return guarded([&]() -> Status {
    Draw draw;
    if (!logits || !token) return invalid("the logits or the place for the token is NULL");
    LATHE_TRY(readDraw(from, draw));
    Sampler &sampler = *draw.sampler;
    std::vector<uint32_t> &history = from->sampler->history;
    assignTokens(history, sampler.vocabulary(), draw.history);
    std::span<const float> row(logits, sampler.vocabulary());
    auto drawn = sampler.sample(row, {history, draw.allowed}, sampler.next());
    if (!drawn) return drawn.status();
    *token = *drawn;
    if (log_probability) *log_probability = static_cast<float>(logProbability(row, *drawn));
    return {};
  });
}

lathe_status lathe_sample(lathe_sampler *sampler, const float *logits, const int32_t *history,
                          size_t history_count, int32_t *token, float *log_probability) {
  lathe_draw draw = {};
  draw.struct_size = sizeof draw;
  draw.sampler = sampler;
  draw.history = history;
  draw.history_count = history_count;
  return lathe_sample_draw(&draw, logits, token, log_probability);
}

lathe_status lathe_session_token(lathe_session *session, size_t index, int32_t *token,
                                 float *log_probability) {
  return guarded([&]() -> Status {
    if (!session || !token) return invalid("the session or the place for the token is NULL");
    auto drawn = session->session->token(index);
    if (!drawn) return drawn.status();
    LATHE_TRY(drawn->status);
    if (log_probability && !drawn->logProbability)
      return invalid("the draw did not ask for the log probability of its token");
    *token = drawn->token;
    if (log_probability) *log_probability = static_cast<float>(*drawn->logProbability);
    return {};
  });
}

double lathe_log_probability(const float *logits, size_t columns, int32_t token) {
  if (!logits || token < 0 || static_cast<size_t>(token) >= columns) return -__builtin_inf();
  return logProbability({logits, columns}, token);
}
