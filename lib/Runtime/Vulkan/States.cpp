#include "Runtime/Vulkan/States.h"

namespace lathe::vulkan {

Result<std::unique_ptr<States>> States::create(Device &device, uint32_t blocks, uint64_t blockBytes,
                                               uint32_t slots, uint64_t fixedBytes) {
  std::unique_ptr<States> states(new States(device, blockBytes, fixedBytes));
  if (Status status = states->make(blocks, slots); !status.ok()) return status;
  return states;
}

Status States::make(uint32_t blocks, uint32_t slots) {
  auto reserve = [&](Buffer &buffer, uint64_t bytes, Placement placement, const char *what) {
    auto made = Buffer::create(device_, bytes, placement, what);
    if (made) buffer = std::move(*made);
    return made.status();
  };
  LATHE_TRY(reserve(blocks_, blocks * blockBytes(), Placement::Device, "pool of growing states"));
  LATHE_TRY(reserve(fixed_, slots * fixedBytes(), Placement::Device, "fixed-size states"));
  LATHE_TRY(reserve(stage_, stageBytes(), Placement::Readback, "stage of the states"));
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

Status States::clear(Pool pool, uint64_t offset, uint64_t bytes) {
  LATHE_TRY(task_.begin());
  task_.commands().clear(of(pool), offset, bytes);
  return run();
}

Status States::copy(Pool pool, uint64_t from, uint64_t to, uint64_t bytes) {
  LATHE_TRY(task_.begin());
  task_.commands().copy(of(pool), from, of(pool), to, bytes);
  return run();
}

Status States::toStage(Pool pool, uint64_t offset, uint64_t bytes) {
  LATHE_TRY(task_.begin());
  task_.commands().copy(of(pool), offset, stage_, 0, bytes);
  task_.commands().barrierToHost();
  return run();
}

Status States::fromStage(Pool pool, uint64_t offset, uint64_t bytes) {
  LATHE_TRY(task_.begin());
  task_.commands().copy(stage_, 0, of(pool), offset, bytes);
  return run();
}

} // namespace lathe::vulkan
