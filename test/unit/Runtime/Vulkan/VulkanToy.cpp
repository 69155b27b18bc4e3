#include "VulkanToy.h"

#include "Runtime/Vulkan/Instance.h"

#include <cstdlib>
#include <cstring>
#include <filesystem>

// What drivers and the validation layer keep to the end of the process.
extern "C" __attribute__((visibility("default"))) const char *__lsan_default_suppressions() {
  return "leak:libVkLayer_khronos_validation\nleak:libvulkan\n";
}

namespace lathe::toy {

namespace {
/// Before anything opens Vulkan.
struct Environment {
  Environment() {
    cache = std::filesystem::temp_directory_path() / ("lathe-vulkan-test-" + std::to_string(getpid()));
    setenv("LATHE_VULKAN_VALIDATION", "1", 1);
    setenv("XDG_CACHE_HOME", cache.c_str(), 1);
  }
  ~Environment() { std::filesystem::remove_all(cache); }
  std::filesystem::path cache;
} environment;
} // namespace

VulkanImage::VulkanImage() {
  // In the order of KernelIndex. Most modules serve both classes of their kernel; of the head see splitHead.
  for (const char *name : {"gather", "gather", "append", "append", "attend", "attend", "recur", "recur",
                           "parts", "head", "join", "pool", "pool", "copy", "copy"}) {
    test::Bytes module = test::readFile(std::string(TOY_SPIRV) + "/" + name + ".spv");
    entries.push_back(bytes.size());
    bytes.insert(bytes.end(), module.begin(), module.end());
  }
}

static std::unique_ptr<fb::ProgramT> vulkanProgram(const fb::ProgramT &cpu) {
  auto program = std::make_unique<fb::ProgramT>(cpu);
  program->target = "vulkan";
  for (auto &kernel : program->kernels)
    for (auto &item : kernel->classes) item->threads = 32;
  splitHead(*program);
  auto variant = std::make_unique<fb::VariantT>();
  variant->arch = "spirv";
  variant->name = "base";
  variant->features = {"bufferDeviceAddress", "shaderInt64"};
  program->variants.clear();
  program->variants.push_back(std::move(variant));
  return program;
}

std::unique_ptr<Toy> vulkanToy(ToyOptions options, const VulkanEdit &edit) {
  VulkanImage image;
  options.add = [&](fb::HeaderT &header, std::vector<CodeImage> &images) {
    header.programs.push_back(vulkanProgram(*header.programs[0]));
    fb::ProgramT &program = *header.programs.back();
    if (edit) edit(program, image);
    program.variants[0]->entries = image.entries;
    images.push_back({1, 0, image.bytes});
  };
  return std::make_unique<Toy>(options);
}

void VulkanTest::SetUp() {
  auto instance = vulkan::Instance::shared();
  if (!instance) GTEST_SKIP() << "no Vulkan here: " << instance.status().message();
  if ((*instance)->devices().empty()) GTEST_SKIP() << "no Vulkan device here";
  const vulkan::PhysicalDevice &device = (*instance)->devices()[0];
  if (!device.unusable.empty()) GTEST_SKIP() << device.properties.deviceName << ": " << device.unusable;
}

void VulkanTest::TearDown() {
  auto instance = vulkan::Instance::shared();
  if (!instance) return;
  Status silent = (*instance)->complaint();
  EXPECT_TRUE(silent.ok()) << silent.message();
}

} // namespace lathe::toy
