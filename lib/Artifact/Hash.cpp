#include "Artifact/Hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace lathe {

uint64_t hashBytes(std::span<const std::byte> bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

StreamingHash::StreamingHash() : state_(XXH3_createState()) {
  XXH3_64bits_reset(static_cast<XXH3_state_t *>(state_));
}
StreamingHash::~StreamingHash() { XXH3_freeState(static_cast<XXH3_state_t *>(state_)); }
void StreamingHash::update(std::span<const std::byte> bytes) {
  XXH3_64bits_update(static_cast<XXH3_state_t *>(state_), bytes.data(), bytes.size());
}
uint64_t StreamingHash::value() const {
  return XXH3_64bits_digest(static_cast<const XXH3_state_t *>(state_));
}

} // namespace lathe
