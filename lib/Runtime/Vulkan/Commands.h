// Command buffers, and work that is recorded anew each time.
#pragma once

#include "Runtime/Vulkan/Buffer.h"

namespace lathe::vulkan {

/// A command buffer of a device's pool. The device outlives it.
class Commands {
public:
  Commands() = default;
  static Result<Commands> create(Device &device);
  Commands(Commands &&other) noexcept { swap(other); }
  Commands &operator=(Commands &&other) noexcept {
    swap(other);
    return *this;
  }
  ~Commands();

  VkCommandBuffer handle() const { return handle_; }

  /// What is recorded sees all that was written before on the queue.
  Status begin();
  void barrier();
  /// From `from + fromOffset` to `to + toOffset`.
  void copy(const Buffer &from, uint64_t fromOffset, const Buffer &to, uint64_t toOffset, uint64_t bytes);
  /// Zeros; a multiple of 4 at a multiple of 4.
  void clear(const Buffer &buffer, uint64_t offset, uint64_t bytes);
  void dispatch(VkPipeline pipeline, VkPipelineLayout layout, std::span<const VkDeviceAddress> addresses,
                uint32_t groupsX, uint32_t groupsY);
  /// The host sees what was written, once it has waited.
  void barrierToHost();
  Status end();

private:
  void swap(Commands &other) noexcept {
    std::swap(device_, other.device_);
    std::swap(handle_, other.handle_);
  }
  const Api &api() const { return device_->api(); }

  Device *device_ = nullptr;
  VkCommandBuffer handle_ = VK_NULL_HANDLE;
};

/// Tells when queued work is done. The device outlives it.
class Fence {
public:
  Fence() = default;
  static Result<Fence> create(Device &device);
  Fence(Fence &&other) noexcept { swap(other); }
  Fence &operator=(Fence &&other) noexcept {
    swap(other);
    return *this;
  }
  ~Fence();

  Status submit(std::span<const VkCommandBuffer> commands);
  /// Returns at once where nothing was submitted since the last wait.
  Status wait();

private:
  void swap(Fence &other) noexcept {
    std::swap(device_, other.device_);
    std::swap(handle_, other.handle_);
    std::swap(pending_, other.pending_);
  }

  Device *device_ = nullptr;
  VkFence handle_ = VK_NULL_HANDLE;
  bool pending_ = false;
};

/// One piece of work after the other, each recorded, run and waited for.
class Task {
public:
  static Result<Task> create(Device &device);
  Commands &commands() { return commands_; }
  Status begin() { return commands_.begin(); }
  Status start();
  Status wait() { return fence_.wait(); }
  Status run() {
    LATHE_TRY(start());
    return wait();
  }

private:
  Commands commands_;
  Fence fence_;
};

} // namespace lathe::vulkan
