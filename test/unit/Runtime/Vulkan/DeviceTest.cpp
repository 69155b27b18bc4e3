// What an opened device gives, and how it fails.
#include "VulkanToy.h"

#include "Runtime/Vulkan/Commands.h"
#include "Runtime/Vulkan/Uploader.h"

#include <cstring>

using namespace lathe;
using namespace lathe::toy;
using namespace lathe::vulkan;

namespace {
class VulkanDevice : public VulkanTest {
protected:
  void SetUp() override {
    VulkanTest::SetUp();
    if (IsSkipped()) return;
    flatbuffers::FlatBufferBuilder builder;
    fb::VariantT variant;
    builder.Finish(fb::Variant::Pack(builder, &variant));
    auto *none = flatbuffers::GetRoot<fb::Variant>(builder.GetBufferPointer())->features();
    auto instance = Instance::shared();
    auto opened = Device::open(**instance, (*instance)->devices()[0], *none);
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    device_ = std::move(*opened);
  }
  void TearDown() override {
    device_.reset();
    VulkanTest::TearDown();
  }
  /// The functions that the device calls, to be replaced by ones that fail.
  Api &api() { return const_cast<Api &>(device_->api()); }

  std::unique_ptr<Device> device_;
};
} // namespace

TEST_F(VulkanDevice, BuffersStartWhereWeightsCan) {
  for (Placement placement : {Placement::Device, Placement::Upload, Placement::Readback}) {
    auto buffer = Buffer::create(*device_, 1000, placement, "test");
    ASSERT_TRUE(buffer.ok()) << buffer.status().message();
    EXPECT_EQ(buffer->address() % kBufferStart, 0u);
    EXPECT_EQ(buffer->address() != 0, placement == Placement::Device);
    if (placement != Placement::Device) EXPECT_NE(buffer->data(), nullptr);
  }
  auto none = Buffer::create(*device_, 0, Placement::Device, "test");
  ASSERT_TRUE(none.ok());
  EXPECT_EQ(none->bytes(), 0u);
}

TEST_F(VulkanDevice, TooLargeABufferSaysWhatThereIs) {
  auto huge =
      Buffer::create(*device_, largestBuffer(*device_) + 1, Placement::Device, "pool of growing states");
  ASSERT_FALSE(huge.ok());
  EXPECT_EQ(huge.status().code(), Code::OutOfMemory);
  EXPECT_NE(huge.status().message().find("in one piece, the pool of growing states takes"), std::string::npos)
      << huge.status().message();
}

TEST_F(VulkanDevice, OutOfDeviceMemoryIsNoCrash) {
  auto real = api().AllocateMemory;
  api().AllocateMemory = [](VkDevice, const VkMemoryAllocateInfo *, const VkAllocationCallbacks *,
                            VkDeviceMemory *) { return VK_ERROR_OUT_OF_DEVICE_MEMORY; };
  auto buffer = Buffer::create(*device_, 1000, Placement::Device, "arena");
  api().AllocateMemory = real;
  ASSERT_FALSE(buffer.ok());
  EXPECT_EQ(buffer.status().code(), Code::OutOfMemory);
  EXPECT_NE(buffer.status().message().find("left for the arena"), std::string::npos)
      << buffer.status().message();
}

TEST_F(VulkanDevice, StagingTakesTurns) {
  setenv("LATHE_VULKAN_STAGING", "1", 1);
  auto to = Buffer::create(*device_, 1000, Placement::Device, "test");
  auto back = Buffer::create(*device_, 1000, Placement::Readback, "test");
  auto uploader = Uploader::create(*device_, 100);
  unsetenv("LATHE_VULKAN_STAGING");
  ASSERT_TRUE(to.ok() && back.ok() && uploader.ok());
  std::vector<std::byte> bytes(1000);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = std::byte(i * 7 % 251);
  for (size_t at = 0; at < 1000; at += 100)
    ASSERT_TRUE(uploader->write(*to, at, std::span(bytes).subspan(at, 100)).ok());
  ASSERT_TRUE(uploader->finish().ok());
  auto task = Task::create(*device_);
  ASSERT_TRUE(task.ok() && task->begin().ok());
  task->commands().copy(*to, 0, *back, 0, 1000);
  task->commands().barrierToHost();
  ASSERT_TRUE(task->run().ok());
  EXPECT_EQ(std::memcmp(back->data(), bytes.data(), 1000), 0);
}

TEST_F(VulkanDevice, ALostDeviceStaysLost) {
  auto task = Task::create(*device_);
  ASSERT_TRUE(task.ok() && task->begin().ok() && task->run().ok());
  ASSERT_TRUE(task->begin().ok());
  auto real = api().QueueSubmit;
  api().QueueSubmit = [](VkQueue, uint32_t, const VkSubmitInfo *, VkFence) { return VK_ERROR_DEVICE_LOST; };
  EXPECT_EQ(task->run().code(), Code::DeviceLost);
  api().QueueSubmit = real;
  ASSERT_TRUE(task->begin().ok());
  Status again = task->run();
  EXPECT_EQ(again.code(), Code::DeviceLost);
  EXPECT_NE(again.message().find("open a new one"), std::string::npos) << again.message();
  EXPECT_EQ(device_->check().code(), Code::DeviceLost);
}

TEST_F(VulkanDevice, ADeviceThatNeverAnswersIsLost) {
  auto task = Task::create(*device_);
  ASSERT_TRUE(task.ok() && task->begin().ok());
  auto real = api().WaitForFences;
  api().WaitForFences = [](VkDevice, uint32_t, const VkFence *, VkBool32, uint64_t) { return VK_TIMEOUT; };
  Status status = task->run();
  api().WaitForFences = real;
  EXPECT_EQ(status.code(), Code::DeviceLost);
  EXPECT_NE(status.message().find("does not answer"), std::string::npos) << status.message();
  EXPECT_TRUE(device_->hangs());
}
