// Which of a program's variants a device is given, by its features.
#include "Runtime/Variant.h"
#include "Runtime/Vulkan/Features.h"

#include <gtest/gtest.h>

using namespace lathe;
using vulkan::Features;

namespace {

class VulkanVariants : public testing::Test {
protected:
  VulkanVariants() {
    fb::ProgramT program;
    program.target = "vulkan";
    add(program, "vulkan1.2", {"shaderInt8"});
    add(program, "vulkan1.3", {"shaderInt8", "integerDotProduct"});
    builder_.Finish(fb::Program::Pack(builder_, &program));
  }

  /// The name of the variant, or what keeps the device from any.
  std::string choice(std::vector<std::string> features, const std::string &name = "") {
    Features device(std::move(features));
    auto chosen =
        chooseVariant(*flatbuffers::GetRoot<fb::Program>(builder_.GetBufferPointer()), name, "vulkan:0",
                      [&](const fb::Variant &variant) { return vulkan::whyNot(variant, device); });
    return chosen ? (*chosen)->name()->str() : chosen.status().message();
  }

private:
  flatbuffers::FlatBufferBuilder builder_;

  static void add(fb::ProgramT &program, const char *name, std::vector<std::string> features) {
    auto variant = std::make_unique<fb::VariantT>();
    variant->arch = "spirv";
    variant->name = name;
    variant->features = std::move(features);
    program.variants.push_back(std::move(variant));
  }
};

TEST_F(VulkanVariants, TheLastThatTheDeviceHasTheFeaturesOf) {
  EXPECT_EQ(choice({"shaderInt8", "integerDotProduct"}), "vulkan1.3");
  EXPECT_EQ(choice({"shaderInt8"}), "vulkan1.2");
  EXPECT_EQ(choice({"shaderInt8", "integerDotProduct"}, "vulkan1.2"), "vulkan1.2");
}

TEST_F(VulkanVariants, SayWhatADeviceLacks) {
  EXPECT_EQ(choice({"shaderInt8"}, "vulkan1.3"),
            "vulkan:0 can't run the variant: 'vulkan1.3' needs integerDotProduct");
  EXPECT_NE(choice({}).find("'vulkan1.2' needs shaderInt8; 'vulkan1.3' needs shaderInt8, integerDotProduct"),
            std::string::npos)
      << choice({});
}

// Features are asked for by name; one that a device may have is switched on in the struct of its version.
TEST(VulkanFeatures, DotProductsAreAFeatureOfVulkan13) {
  vulkan::FeatureChain chain(VK_API_VERSION_1_3);
  enable(chain, "integerDotProduct");
  EXPECT_EQ(chain.core13.shaderIntegerDotProduct, VK_TRUE);
  EXPECT_EQ(chain.core12.pNext, &chain.core13);
  EXPECT_EQ(vulkan::FeatureChain(VK_API_VERSION_1_2).core12.pNext, nullptr);
}

} // namespace
