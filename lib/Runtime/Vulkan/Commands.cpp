#include "Runtime/Vulkan/Commands.h"

namespace lathe::vulkan {

Result<Commands> Commands::create(Device &device) {
  Commands commands;
  commands.device_ = &device;
  VkCommandBufferAllocateInfo info = {VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO};
  info.commandPool = device.commandPool();
  info.level = VK_COMMAND_BUFFER_LEVEL_PRIMARY;
  info.commandBufferCount = 1;
  LATHE_VULKAN_TRY(device.api().AllocateCommandBuffers(device.handle(), &info, &commands.handle_),
                   "making a command buffer");
  return commands;
}

Commands::~Commands() {
  if (!device_ || !handle_ || device_->hangs()) return;
  api().FreeCommandBuffers(device_->handle(), device_->commandPool(), 1, &handle_);
}

Status Commands::begin() {
  VkCommandBufferBeginInfo info = {VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
  LATHE_VULKAN_TRY(api().BeginCommandBuffer(handle_, &info), "recording commands");
  barrier();
  return {};
}

/// Everything that kernels and copies have written is seen by those that follow.
void Commands::barrier() {
  constexpr VkPipelineStageFlags stages =
      VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT;
  VkMemoryBarrier barrier = {VK_STRUCTURE_TYPE_MEMORY_BARRIER};
  barrier.srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT;
  barrier.dstAccessMask = VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT |
                          VK_ACCESS_TRANSFER_READ_BIT | VK_ACCESS_TRANSFER_WRITE_BIT;
  api().CmdPipelineBarrier(handle_, stages, stages, 0, 1, &barrier, 0, nullptr, 0, nullptr);
}

void Commands::barrierToHost() {
  VkMemoryBarrier barrier = {VK_STRUCTURE_TYPE_MEMORY_BARRIER};
  barrier.srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT;
  barrier.dstAccessMask = VK_ACCESS_HOST_READ_BIT;
  api().CmdPipelineBarrier(handle_, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_PIPELINE_STAGE_HOST_BIT, 0, 1,
                           &barrier, 0, nullptr, 0, nullptr);
}

void Commands::copy(const Buffer &from, uint64_t fromOffset, const Buffer &to, uint64_t toOffset,
                    uint64_t bytes) {
  if (bytes == 0) return;
  VkBufferCopy region = {from.start() + fromOffset, to.start() + toOffset, bytes};
  api().CmdCopyBuffer(handle_, from.handle(), to.handle(), 1, &region);
}

void Commands::clear(const Buffer &buffer, uint64_t offset, uint64_t bytes) {
  if (bytes == 0) return;
  api().CmdFillBuffer(handle_, buffer.handle(), buffer.start() + offset, bytes, 0);
}

void Commands::dispatch(VkPipeline pipeline, VkPipelineLayout layout,
                        std::span<const VkDeviceAddress> addresses, uint32_t groupsX, uint32_t groupsY) {
  api().CmdBindPipeline(handle_, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
  api().CmdPushConstants(handle_, layout, VK_SHADER_STAGE_COMPUTE_BIT, 0,
                         static_cast<uint32_t>(addresses.size_bytes()), addresses.data());
  api().CmdDispatch(handle_, groupsX, groupsY, 1);
}

Status Commands::end() {
  LATHE_VULKAN_TRY(api().EndCommandBuffer(handle_), "recording commands");
  return {};
}

Result<Fence> Fence::create(Device &device) {
  Fence fence;
  fence.device_ = &device;
  VkFenceCreateInfo info = {VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
  LATHE_VULKAN_TRY(device.api().CreateFence(device.handle(), &info, nullptr, &fence.handle_),
                   "making a fence");
  return fence;
}

Fence::~Fence() {
  // Whatever the work uses is given back next: it must have ended.
  if (pending_) static_cast<void>(wait());
  if (!device_ || !handle_ || device_->hangs()) return;
  device_->api().DestroyFence(device_->handle(), handle_, nullptr);
}

Status Fence::submit(std::span<const VkCommandBuffer> commands) {
  LATHE_TRY(device_->submit(commands, handle_));
  pending_ = true;
  return {};
}

Status Fence::wait() {
  if (!pending_) return {};
  pending_ = false;
  return device_->wait(handle_);
}

Result<Task> Task::create(Device &device) {
  Task task;
  auto commands = Commands::create(device);
  if (!commands) return commands.status();
  auto fence = Fence::create(device);
  if (!fence) return fence.status();
  task.commands_ = std::move(*commands);
  task.fence_ = std::move(*fence);
  return task;
}

Status Task::start() {
  LATHE_TRY(commands_.end());
  VkCommandBuffer handle = commands_.handle();
  return fence_.submit({&handle, 1});
}

} // namespace lathe::vulkan
