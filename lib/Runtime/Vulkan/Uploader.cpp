#include "Runtime/Vulkan/Uploader.h"

#include <cstdlib>
#include <cstring>

namespace lathe::vulkan {

Result<Uploader> Uploader::create(Device &device, uint64_t pieceBytes) {
  Uploader uploader(device, pieceBytes);
  const char *staging = std::getenv("LATHE_VULKAN_STAGING");
  uploader.alwaysStage_ = staging && std::strcmp(staging, "1") == 0;
  return uploader;
}

Result<Uploader::Stage> Uploader::makeStage() {
  auto buffer = Buffer::create(*device_, pieceBytes_, Placement::Upload, "staging buffer");
  if (!buffer) return buffer.status();
  auto task = Task::create(*device_);
  if (!task) return task.status();
  return Stage{std::move(*buffer), std::move(*task)};
}

Status Uploader::write(const Buffer &to, uint64_t offset, std::span<const std::byte> bytes) {
  assert(bytes.size() <= pieceBytes_ && "the caller cuts pieces");
  if (to.data() && !alwaysStage_) {
    std::memcpy(to.data() + offset, bytes.data(), bytes.size());
    return {};
  }
  while (stages_.size() < 2) {
    auto stage = makeStage();
    if (!stage) return stage.status();
    stages_.push_back(std::move(*stage));
  }
  Stage &stage = stages_[next_];
  next_ = 1 - next_;
  LATHE_TRY(stage.task.wait());
  std::memcpy(stage.buffer.data(), bytes.data(), bytes.size());
  LATHE_TRY(stage.task.begin());
  stage.task.commands().copy(stage.buffer, 0, to, offset, bytes.size());
  return stage.task.start();
}

Status Uploader::finish() {
  for (Stage &stage : stages_) LATHE_TRY(stage.task.wait());
  return device_->check();
}

} // namespace lathe::vulkan
