#include "Sequence.h"

namespace lathe::tool {

Sequence::Sequence(lathe_session *session, lathe_sampler *sampler) : session_(session), sampler_(sampler) {
  check(lathe_slot_create(session_, &slot_));
}

Sequence::~Sequence() { lathe_slot_release(session_, slot_); }

lathe_status Sequence::step(std::span<const int32_t> tokens, size_t count) {
  slots_.assign(count, slot_);
  lathe_draw draw = LATHE_INIT(lathe_draw);
  draw.sampler = sampler_;
  draw.history = tokens.data();
  draw.history_count = tokens.size();
  const lathe_draw *draws[] = {&draw};
  lathe_batch batch = LATHE_INIT(lathe_batch);
  batch.rows = count;
  batch.tokens = tokens.last(count).data();
  batch.slots = slots_.data();
  batch.draws = draws;
  batch.draw_count = 1;
  return lathe_step(session_, &batch);
}

int32_t Sequence::token() const {
  int32_t token;
  check(lathe_session_token(session_, 0, &token, nullptr));
  return token;
}

void Sequence::clear() { check(lathe_slot_truncate(session_, slot_, 0)); }

} // namespace lathe::tool
