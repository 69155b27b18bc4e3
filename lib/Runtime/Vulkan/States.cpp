#include "Runtime/Vulkan/States.h"

#include <algorithm>
#include <cstring>

namespace lathe::vulkan {

/// A part that is larger goes through the stage piece by piece.
static constexpr uint64_t kStageBytes = 4 << 20;

Result<std::unique_ptr<States>> States::create(Device &device, uint32_t blocks, uint64_t blockBytes,
                                               uint32_t slots, uint64_t fixedBytes) {
  std::unique_ptr<States> states(new States(device));
  states->blockBytes_ = blockBytes;
  states->fixedBytes_ = fixedBytes;
  if (Status status = states->make(blocks, slots); !status.ok()) return status;
  return states;
}

Status States::make(uint32_t blocks, uint32_t slots) {
  auto reserve = [&](Buffer &buffer, uint64_t bytes, Placement placement, const char *what) {
    auto made = Buffer::create(device_, bytes, placement, what);
    if (made) buffer = std::move(*made);
    return made.status();
  };
  LATHE_TRY(reserve(blocks_, blocks * blockBytes_, Placement::Device, "pool of growing states"));
  LATHE_TRY(reserve(fixed_, slots * fixedBytes_, Placement::Device, "fixed-size states"));
  uint64_t stage = std::min(std::max(blockBytes_, fixedBytes_), kStageBytes);
  LATHE_TRY(reserve(stage_, stage, Placement::Readback, "stage of the states"));
  auto task = Task::create(device_);
  if (!task) return task.status();
  task_ = std::move(*task);
  LATHE_TRY(task_.begin());
  task_.commands().clear(blocks_, 0, blocks_.bytes());
  task_.commands().clear(fixed_, 0, fixed_.bytes());
  return run();
}

Status States::run() {
  LATHE_TRY(task_.run());
  return device_.check();
}

Status States::clear(const Buffer &buffer, int32_t number, uint64_t bytes) {
  LATHE_TRY(task_.begin());
  task_.commands().clear(buffer, static_cast<uint64_t>(number) * bytes, bytes);
  return run();
}

Status States::copy(const Buffer &buffer, int32_t from, int32_t to, uint64_t bytes) {
  LATHE_TRY(task_.begin());
  task_.commands().copy(buffer, static_cast<uint64_t>(from) * bytes, buffer,
                        static_cast<uint64_t>(to) * bytes, bytes);
  return run();
}

Status States::read(const Buffer &buffer, int32_t number, std::span<std::byte> out) {
  uint64_t begin = static_cast<uint64_t>(number) * out.size();
  for (uint64_t done = 0; done < out.size();) {
    uint64_t piece = std::min<uint64_t>(out.size() - done, stage_.bytes());
    LATHE_TRY(task_.begin());
    task_.commands().copy(buffer, begin + done, stage_, 0, piece);
    task_.commands().barrierToHost();
    LATHE_TRY(run());
    std::memcpy(out.data() + done, stage_.data(), piece);
    done += piece;
  }
  return {};
}

Status States::write(const Buffer &buffer, int32_t number, std::span<const std::byte> in) {
  uint64_t begin = static_cast<uint64_t>(number) * in.size();
  for (uint64_t done = 0; done < in.size();) {
    uint64_t piece = std::min<uint64_t>(in.size() - done, stage_.bytes());
    std::memcpy(stage_.data(), in.data() + done, piece);
    LATHE_TRY(task_.begin());
    task_.commands().copy(stage_, 0, buffer, begin + done, piece);
    LATHE_TRY(run());
    done += piece;
  }
  return {};
}

} // namespace lathe::vulkan
