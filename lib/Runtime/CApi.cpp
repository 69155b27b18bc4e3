// Versions, errors, memory plans and sessions of the C interface.
#include "Runtime/CApi.h"

#include <cstdlib>
#include <utility>

using namespace lathe;

static thread_local std::string lastError;

lathe_status lathe::fail(const Status &status) {
  try {
    lastError = status.message();
  } catch (const std::bad_alloc &) {
    lastError.clear();
  }
  return static_cast<lathe_status>(status.code());
}

static_assert(int(Code::Internal) == LATHE_INTERNAL && int(Code::DeviceLost) == LATHE_DEVICE_LOST &&
                  int(Code::Full) == LATHE_FULL && int(Code::Io) == LATHE_IO &&
                  int(Code::InvalidArgument) == LATHE_INVALID_ARGUMENT &&
                  int(Code::Corrupt) == LATHE_CORRUPT && int(Code::NotFound) == LATHE_NOT_FOUND &&
                  int(Code::Unsupported) == LATHE_UNSUPPORTED &&
                  int(Code::OutOfMemory) == LATHE_OUT_OF_MEMORY && int(Code::Cancelled) == LATHE_CANCELLED,
              "both interfaces use the same codes");

uint32_t lathe_api_version(void) { return LATHE_API_VERSION; }
const char *lathe_version(void) { return LATHE_VERSION_STRING; }
const char *lathe_last_error(void) { return lastError.c_str(); }

const char *lathe_status_name(lathe_status status) {
  switch (status) {
  case LATHE_OK:
    return "ok";
  case LATHE_INVALID_ARGUMENT:
    return "invalid argument";
  case LATHE_NOT_FOUND:
    return "not found";
  case LATHE_CORRUPT:
    return "corrupt";
  case LATHE_UNSUPPORTED:
    return "unsupported";
  case LATHE_OUT_OF_MEMORY:
    return "out of memory";
  case LATHE_FULL:
    return "full";
  case LATHE_CANCELLED:
    return "cancelled";
  case LATHE_IO:
    return "input/output error";
  case LATHE_INTERNAL:
    return "internal error";
  case LATHE_DEVICE_LOST:
    return "device lost";
  }
  return "unknown status";
}

static Status readSessionOptions(const lathe_session_options *from, SessionOptions &to) {
  lathe_session_options options;
  LATHE_TRY(readSized(from, options));
  to.threads = options.threads;
  to.context = options.context;
  to.slots = options.slots;
  to.poolPositions = options.pool_positions;
  to.memoryLimit = options.memory_limit;
  to.preload = options.preload != 0;
  if (options.variant) to.variant = options.variant;
  if (const char *forced = std::getenv("LATHE_VARIANT"); forced && to.variant.empty()) to.variant = forced;
  auto device = parseDevice(options.device ? options.device : "");
  if (!device) return device.status();
  to.device = *device;
  if (options.progress)
    to.progress = [callback = options.progress, user = options.progress_user](uint64_t done, uint64_t total) {
      return callback(user, done, total) == 0;
    };
  return {};
}

lathe_status lathe_session_plan(const lathe_model *model, const lathe_session_options *from,
                                lathe_memory *memory) {
  return guarded([&]() -> Status {
    if (!model) return invalid("the model is NULL");
    SessionOptions options;
    LATHE_TRY(readSessionOptions(from, options));
    auto device = chooseProgram(*model->model, options.device, options.variant);
    if (!device) return device.status();
    auto plan = planMemory(*model->model, *device, options);
    if (!plan) return plan.status();
    lathe_memory result = {};
    result.weights = plan->weights;
    result.code = plan->code;
    result.pool = plan->pool;
    result.fixed = plan->fixed;
    result.arena = plan->arena;
    result.scratch = plan->scratch;
    result.host = plan->host;
    result.needed = plan->hostNeeded();
    result.available = plan->hostMemory.available;
    result.total = plan->hostMemory.total;
    result.tables = plan->tables;
    result.device_needed = plan->deviceNeeded();
    result.device_available = plan->deviceMemory.available;
    result.device_total = plan->deviceMemory.total;
    return writeSized(result, memory);
  });
}

lathe_status lathe_session_create(lathe_model *model, const lathe_session_options *from,
                                  lathe_session **session) {
  return guarded([&]() -> Status {
    if (!model || !session) return invalid("the model or the place for the session is NULL");
    SessionOptions options;
    LATHE_TRY(readSessionOptions(from, options));
    auto made = Session::create(model->model, options);
    if (!made) return made.status();
    std::string device = (*made)->device().id();
    std::vector<Draw> draws((*made)->plan().maxResults);
    *session = new lathe_session{std::move(*made), std::move(device), std::move(draws)};
    return {};
  });
}

void lathe_session_release(lathe_session *session) { delete session; }

lathe_status lathe_session_get_info(const lathe_session *session, lathe_session_info *info) {
  return guarded([&]() -> Status {
    if (!session) return invalid("the session is NULL");
    const MemoryPlan &plan = session->session->plan();
    const ChosenDevice &device = session->session->device();
    lathe_session_info result = {};
    result.variant = device.variant->name()->c_str();
    result.device = session->device.c_str();
    result.target = device.program->target()->c_str();
    result.max_rows = device.program->max_rows();
    result.max_outputs = device.program->max_outputs();
    result.threads = plan.threads;
    result.context = plan.context;
    result.slots = plan.slots;
    result.max_results = plan.maxResults;
    result.pool_positions = uint64_t(plan.blocks) * kBlockPositions;
    result.pool_positions_free = uint64_t(session->session->pool().freeBlocks()) * kBlockPositions;
    return writeSized(result, info);
  });
}

void lathe_session_cancel(lathe_session *session) {
  if (session) session->session->cancel();
}

static Status readDraws(const lathe_batch &batch, std::vector<Draw> &draws) {
  if (batch.draw_count && !batch.draws) return invalid("the draws are NULL");
  if (batch.draw_count > draws.size())
    return invalid("the batch has " + std::to_string(batch.draw_count) + " draws, a session keeps " +
                   std::to_string(draws.size()) + " tokens at most: cut it up");
  for (size_t i = 0; i < batch.draw_count; ++i) LATHE_TRY(readDraw(batch.draws[i], draws[i]));
  return {};
}

lathe_status lathe_step(lathe_session *session, const lathe_batch *from) {
  return guarded([&]() -> Status {
    lathe_batch batch;
    if (!session || !from) return invalid("the session or the batch is NULL");
    LATHE_TRY(readSized(from, batch));
    if (batch.rows != 0 && (!batch.tokens || !batch.slots))
      return invalid("the batch has no tokens or no slots");
    StepBatch step;
    step.tokens = {batch.tokens, batch.rows};
    step.slots = {batch.slots, batch.rows};
    step.wants = batch.wants;
    step.result = batch.result;
    step.resultUser = batch.result_user;
    LATHE_TRY(readDraws(batch, session->draws));
    step.draws = {session->draws.data(), batch.draw_count};
    return session->session->step(step);
  });
}

lathe_status lathe_session_result(lathe_session *session, size_t index, float **values, size_t *columns) {
  return guarded([&]() -> Status {
    if (!session || !values) return invalid("the session or the place for the values is NULL");
    auto result = session->session->result(index);
    if (!result) return result.status();
    *values = result->data();
    if (columns) *columns = result->size();
    return {};
  });
}

lathe_status lathe_embed(lathe_session *session, const lathe_embed_batch *from) {
  return guarded([&]() -> Status {
    lathe_embed_batch batch;
    if (!session || !from) return invalid("the session or the batch is NULL");
    LATHE_TRY(readSized(from, batch));
    if (batch.sequences == 0) return {};
    if (!batch.tokens || !batch.lengths || !batch.vectors)
      return invalid("the batch lacks tokens, lengths or vectors");
    return session->session->embed({batch.lengths, batch.sequences}, batch.tokens, batch.vectors);
  });
}
