// What a Vulkan device refuses, and what it says.
#include "VulkanToy.h"

#include "Runtime/Vulkan/Instance.h"
#include "Runtime/Vulkan/PipelineCache.h"

#include <cstring>
#include <filesystem>

using namespace lathe;
using namespace lathe::toy;

class VulkanRefusal : public VulkanTest {
protected:
  static void expectRefused(const Toy &toy, lathe_status status, const std::string &part) {
    std::string message;
    EXPECT_EQ(openSession(toy, "vulkan", message), status) << message;
    EXPECT_NE(message.find(part), std::string::npos) << message;
  }
};

TEST_F(VulkanRefusal, FeaturesThatTheDeviceLacks) {
  auto toy = vulkanToy({}, [](fb::ProgramT &program, VulkanImage &) {
    program.variants[0]->features = {"shaderInt64", "warpDrive", "timeTravel"};
  });
  expectRefused(*toy, LATHE_UNSUPPORTED, "'base' needs warpDrive, timeTravel");
}

TEST_F(VulkanRefusal, ADeviceThatIsNotThere) {
  auto toy = vulkanToy();
  lathe_session_options options = LATHE_INIT(lathe_session_options);
  options.device = "vulkan:77";
  lathe_session *session = nullptr;
  EXPECT_EQ(lathe_session_create(toy->model(), &options, &session), LATHE_NOT_FOUND);
  EXPECT_NE(std::string(lathe_last_error()).find("vulkan:77"), std::string::npos) << lathe_last_error();
}

TEST_F(VulkanRefusal, TooLittleMemory) {
  auto toy = vulkanToy();
  lathe_session_options options = LATHE_INIT(lathe_session_options);
  options.memory_limit = 40000;
  std::string message;
  EXPECT_EQ(openSession(*toy, "vulkan", message, options), LATHE_OUT_OF_MEMORY);
  EXPECT_NE(message.find("vulkan:0"), std::string::npos) << message;
}

// The first class of the first kernel: "gather".
static void setWord(VulkanImage &image, size_t index, uint32_t word) {
  std::memcpy(image.bytes.data() + index * 4, &word, sizeof word);
}
static uint32_t word(const VulkanImage &image, size_t index) {
  uint32_t word;
  std::memcpy(&word, image.bytes.data() + index * 4, sizeof word);
  return word;
}
/// Where the first instruction `opcode` is.
static size_t findInstruction(const VulkanImage &image, uint32_t opcode) {
  size_t at = 5;
  while ((word(image, at) & 0xffff) != opcode) at += word(image, at) >> 16;
  return at;
}

TEST_F(VulkanRefusal, DamagedModules) {
  struct {
    const char *message;
    void (*damage)(VulkanImage &);
  } cases[] = {
      {"an instruction that leaves it", [](VulkanImage &image) { setWord(image, 5, 0); }},
      {"an instruction that leaves it", [](VulkanImage &image) { setWord(image, 5, 0xffff0011); }},
      {"no entry point",
       [](VulkanImage &image) {
         size_t at = findInstruction(image, 15);
         setWord(image, at, (word(image, at) & 0xffff0000) | 1); // OpUndef
       }},
      {"another entry point than 'main'",
       [](VulkanImage &image) { setWord(image, findInstruction(image, 15) + 3, 0x61616161); }},
      {"does not compute", [](VulkanImage &image) { setWord(image, findInstruction(image, 15) + 1, 0); }},
      {"work groups of 64 x 1 x 1 threads, the kernel says 32",
       [](VulkanImage &image) { setWord(image, findInstruction(image, 16) + 3, 64); }},
  };
  for (auto &item : cases) {
    auto toy = vulkanToy({}, [&](fb::ProgramT &, VulkanImage &image) { item.damage(image); });
    expectRefused(*toy, LATHE_CORRUPT, item.message);
    expectRefused(*toy, LATHE_CORRUPT, "kernel 'gather', class 0");
  }
}

TEST_F(VulkanRefusal, WhatTheValidationLayerComplainsAbout) {
  // The modules use 64-bit integers; the variant does not ask for them.
  auto toy = vulkanToy({}, [](fb::ProgramT &program, VulkanImage &) { program.variants[0]->features = {}; });
  expectRefused(*toy, LATHE_INTERNAL, "validation layer says");
}

/// The one file that a session has left in the cache.
static std::filesystem::path cacheFile() {
  std::filesystem::path found;
  std::filesystem::path folder = std::filesystem::path(std::getenv("XDG_CACHE_HOME")) / "lathe";
  for (auto &entry : std::filesystem::directory_iterator(folder)) {
    EXPECT_TRUE(found.empty()) << entry.path();
    found = entry.path();
  }
  return found;
}

TEST_F(VulkanRefusal, DamagedPipelineCachesAreMadeAnew) {
  auto toy = vulkanToy();
  std::string message;
  ASSERT_EQ(openSession(*toy, "vulkan", message), LATHE_OK) << message;
  std::filesystem::path path = cacheFile();
  test::Bytes good = test::readFile(path);
  ASSERT_GE(good.size(), 24u + 32u);
  for (size_t damage : {0ul, 9ul, 17ul, good.size() - 1}) {
    test::Bytes bad = good;
    bad[damage] ^= std::byte(1);
    test::writeFile(path, bad);
    ASSERT_EQ(openSession(*toy, "vulkan", message), LATHE_OK) << message;
    test::Bytes again = test::readFile(cacheFile());
    EXPECT_EQ(again.size(), good.size()) << damage;
    EXPECT_NE(again, bad) << damage;
  }
  test::writeFile(path, {});
  ASSERT_EQ(openSession(*toy, "vulkan", message), LATHE_OK) << message;
  // A folder that can't be made costs time only.
  std::string cache = std::getenv("XDG_CACHE_HOME");
  setenv("XDG_CACHE_HOME", "/proc/no/such/folder", 1);
  EXPECT_EQ(openSession(*toy, "vulkan", message), LATHE_OK) << message;
  setenv("XDG_CACHE_HOME", cache.c_str(), 1);
}
