// Any bytes as a saved slot: what is restored is saved as the same bytes again, and can be gone on from.
//
// The image is restored as it is, which mostly fails at its hash, and once more with artifact and hash set
// right.
#include "../unit/Runtime/ToyModel.h"
#include "Artifact/Hash.h"

#include <cstdlib>
#include <cstring>

using namespace lathe;
using namespace lathe::toy;

namespace {

// Of the image's header: see lib/Runtime/SlotImage.cpp.
constexpr size_t kArtifact = 16, kHash = 40, kHeader = 48;

class Images {
public:
  Images() : toy_({.recurrent = true}), run_(toy_, /*slots=*/2, /*threads=*/1, /*poolPositions=*/256) {
    std::vector<std::byte> empty = save(run_.slot());
    std::memcpy(&artifact_, empty.data() + kArtifact, sizeof artifact_);
  }

  void restore(std::span<const std::byte> image) {
    int32_t slot = -1;
    if (lathe_slot_restore(run_.get(), image.data(), image.size(), &slot) != LATHE_OK) return;
    if (save(slot) != std::vector<std::byte>(image.begin(), image.end())) std::abort();
    run_.step(someTokens(2), {slot, slot}); // FULL where the pool has no room
    lathe_slot_release(run_.get(), slot);
  }

  void fix(std::span<std::byte> image) const {
    if (image.size() < kHeader) return;
    std::memcpy(image.data() + kArtifact, &artifact_, sizeof artifact_);
    StreamingHash hash;
    hash.update(image.first(kHash));
    hash.update(image.subspan(kHeader));
    uint64_t value = hash.value();
    std::memcpy(image.data() + kHash, &value, sizeof value);
  }

private:
  std::vector<std::byte> save(int32_t slot) {
    size_t bytes = 0;
    if (lathe_slot_save_size(run_.get(), slot, &bytes) != LATHE_OK) std::abort();
    std::vector<std::byte> image(bytes);
    if (lathe_slot_save(run_.get(), slot, image.data(), bytes, nullptr) != LATHE_OK) std::abort();
    return image;
  }

  Toy toy_;
  Runner run_;
  uint64_t artifact_ = 0;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static Images images;
  std::vector<std::byte> image(size);
  if (size) std::memcpy(image.data(), data, size);
  images.restore(image);
  images.fix(image);
  images.restore(image);
  return 0;
}
