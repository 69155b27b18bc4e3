// Slots of the C interface.
#include "Runtime/CApi.h"

using namespace lathe;

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
