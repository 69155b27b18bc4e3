// Which device an artifact runs on, and what a session takes there.
#include "FakeDevices.h"
#include "ToyModel.h"

#include "Runtime/ChooseDevice.h"
#include "Runtime/MemoryPlan.h"

using namespace lathe;
using namespace lathe::toy;

namespace {

class DeviceChoiceTest : public testing::Test {
protected:
  void SetUp() override {
    fakeMachine() = {};
    fakeMachine().cuda.devices = {fakeDevice(DeviceKind::Cuda, 0, "an H100"),
                                  fakeDevice(DeviceKind::Cuda, 1, "a T4")};
    fakeMachine().vulkan.devices = {fakeDevice(DeviceKind::Vulkan, 0, "a Radeon"),
                                    fakeDevice(DeviceKind::Vulkan, 1, "llvmpipe", "", true)};
  }
  static std::shared_ptr<LoadedModel> load(const Toy &toy) {
    auto model = LoadedModel::open(toy.path(), {});
    EXPECT_TRUE(model.ok()) << model.status().message();
    return *model;
  }
  /// "cuda:0 sm_90a", or the message.
  std::string chosen(const std::string &device, const std::string &variant = "") {
    auto choice = parseDevice(device);
    if (!choice) return choice.status().message();
    auto found = chooseDevice(*model_, *choice, variant, fakeBackends());
    return found ? found->id() + " " + found->variant->name()->str() : found.status().message();
  }
  static bool has(const std::string &text, const char *part) { return text.find(part) != std::string::npos; }

  Toy toy_{{.add = addGpuPrograms}};
  std::shared_ptr<LoadedModel> model_ = load(toy_);
};

} // namespace

TEST(Device, NamesAreRead) {
  auto is = [](const char *text, std::optional<DeviceKind> kind, uint32_t index) {
    auto choice = parseDevice(text);
    return choice && choice->kind == kind && choice->index == index;
  };
  EXPECT_TRUE(is("", std::nullopt, 0) && is("auto", std::nullopt, 0));
  EXPECT_TRUE(is("cpu", DeviceKind::Cpu, 0) && is("cpu:0", DeviceKind::Cpu, 0));
  EXPECT_TRUE(is("cuda", DeviceKind::Cuda, 0) && is("cuda:12", DeviceKind::Cuda, 12));
  EXPECT_TRUE(is("vulkan:1", DeviceKind::Vulkan, 1));
  for (const char *text :
       {"gpu", "CUDA", "cuda:", "cuda:-1", "cuda:1x", "cpu:1", ":1", "auto:0", "cuda:99999999999"})
    EXPECT_EQ(parseDevice(text).status().code(), Code::InvalidArgument) << text;
}

TEST_F(DeviceChoiceTest, AutoPrefersCudaThenARealGpuThenTheCpu) {
  EXPECT_EQ(chosen("auto"), "cuda:0 sm_90a");
  fakeMachine().capability = 80;
  EXPECT_EQ(chosen("auto"), "cuda:0 sm_80") << "the last that runs";
  fakeMachine().capability = 75;
  EXPECT_EQ(chosen("auto"), "vulkan:0 base") << "no variant runs on the CUDA devices";
  fakeMachine().capability = 90;
  fakeMachine().cuda.devices[0].unusable = "the driver is too old";
  EXPECT_EQ(chosen("auto"), "cuda:1 sm_90a");
  fakeMachine().cuda = {{}, {{DeviceKind::Cuda, "libcuda.so.1 not found"}}};
  EXPECT_EQ(chosen("auto"), "vulkan:0 base");
  fakeMachine().vulkan.devices.erase(fakeMachine().vulkan.devices.begin());
  EXPECT_EQ(chosen("auto"), "cpu popcnt") << "an emulated GPU is asked for by name";
  EXPECT_EQ(chosen("vulkan:1"), "vulkan:1 base");
}

TEST_F(DeviceChoiceTest, AVariantNamesItsDevice) {
  EXPECT_EQ(chosen("auto", "base"), "vulkan:0 base") << "the CPU has one of this name, too";
  EXPECT_EQ(chosen("auto", "popcnt"), "cpu popcnt");
  EXPECT_EQ(chosen("cpu", "base"), "cpu base");
  EXPECT_TRUE(
      has(chosen("cuda", "popcnt"), "no variant 'popcnt' for cuda:0; the artifact has: sm_80, sm_90a"))
      << chosen("cuda", "popcnt");
}

TEST_F(DeviceChoiceTest, RefusalsSayWhatToDo) {
  EXPECT_TRUE(has(chosen("cuda:7"), "no cuda:7: 'lathe devices' lists")) << chosen("cuda:7");
  fakeMachine().cuda.devices[1].unusable = "compute capability 5.0 is too old";
  EXPECT_TRUE(has(chosen("cuda:1"), "cuda:1 (a T4): compute capability 5.0")) << chosen("cuda:1");
  fakeMachine().cuda = {{}, {{DeviceKind::Cuda, "libcuda.so.1 not found"}}};
  EXPECT_TRUE(has(chosen("cuda"), "no cuda:0: libcuda.so.1 not found")) << chosen("cuda");
  fakeMachine().capability = 75;
  fakeMachine().cuda = {{fakeDevice(DeviceKind::Cuda, 0, "a T4")}, {}};
  EXPECT_TRUE(has(chosen("cuda"), "'sm_80' needs a newer GPU")) << chosen("cuda");

  Toy plain;
  model_ = load(plain);
  EXPECT_TRUE(has(chosen("vulkan"), "compile the model with --target cpu,vulkan")) << chosen("vulkan");
  EXPECT_EQ(chosen("auto"), "cpu popcnt");
}

TEST_F(DeviceChoiceTest, ArtifactsForGpusAlone) {
  Toy toy({.add = [](fb::HeaderT &header, std::vector<CodeImage> &images) {
    addGpuPrograms(header, images);
    header.programs.erase(header.programs.begin());
    images.erase(images.begin(), images.end() - 3);
    for (CodeImage &image : images) --image.program;
  }});
  model_ = load(toy);
  EXPECT_EQ(chosen("auto"), "cuda:0 sm_90a");
  EXPECT_TRUE(has(chosen("cpu"), "--target cuda,vulkan,cpu")) << chosen("cpu");
  fakeMachine().cuda = {{}, {{DeviceKind::Cuda, "libcuda.so.1 not found"}}};
  fakeMachine().vulkan.devices.erase(fakeMachine().vulkan.devices.begin());
  std::string message = chosen("auto");
  for (const char *part : {"libcuda.so.1 not found", "--device vulkan:1", "--target cuda,vulkan,cpu"})
    EXPECT_TRUE(has(message, part)) << message;
  auto planned = chooseProgram(*model_, {}, "", fakeBackends());
  ASSERT_TRUE(planned.ok()) << "a plan needs no device";
  EXPECT_EQ(planned->id(), "cuda:0");
}

TEST_F(DeviceChoiceTest, PlansTellHostFromDevice) {
  auto device = chooseDevice(*model_, {DeviceKind::Cuda, 0}, "", fakeBackends());
  ASSERT_TRUE(device.ok());
  SessionOptions options;
  options.context = 130;
  options.slots = 3;
  auto plan = planMemory(*model_, *device, options);
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  EXPECT_TRUE(plan->onDevice);
  EXPECT_EQ(plan->pool, 3u * 3 * 2048);
  EXPECT_EQ(plan->scratch, uint64_t(kMaxRows * kDim) * sizeof(float))
      << "of the launch with the most work items";
  EXPECT_EQ(plan->deviceNeeded(), plan->weights + plan->code + plan->pool + plan->fixed + plan->arena +
                                      plan->scratch + plan->tables);
  EXPECT_EQ(plan->hostNeeded(), plan->host);
  EXPECT_TRUE(checkFits(*plan, *device).ok());
  fakeMachine().memory = 20000;
  plan = planMemory(*model_, *device, options);
  Status full = checkFits(*plan, *device);
  EXPECT_EQ(full.code(), Code::OutOfMemory);
  EXPECT_TRUE(has(full.message(), "memory of cuda:0") && has(full.message(), "fewer bits")) << full.message();
  options.slots = 1;
  options.context = 1000;
  fakeMachine().memory = planMemory(*model_, *device, options)->deviceNeeded() - 8 * 2048;
  plan = planMemory(*model_, *device, options);
  full = checkFits(*plan, *device);
  EXPECT_TRUE(has(full.message(), "a context of 512 positions would fit")) << full.message();
}

TEST(Devices, AreListedWithReasons) {
  std::vector<std::string> ids;
  auto take = [](void *user, const lathe_device_info *device) {
    static_cast<std::vector<std::string> *>(user)->push_back(device->id);
    EXPECT_TRUE(*device->name || *device->unusable) << device->id;
    EXPECT_EQ(device->struct_size, sizeof *device);
    return 0;
  };
  ASSERT_EQ(lathe_devices(take, &ids), LATHE_OK) << lathe_last_error();
  EXPECT_EQ(std::count(ids.begin(), ids.end(), "cpu"), 1);
  for (const char *kind : {"cuda", "vulkan"})
    EXPECT_TRUE(std::any_of(ids.begin(), ids.end(), [&](auto &id) { return id.starts_with(kind); })) << kind;
  EXPECT_EQ(lathe_devices([](void *, const lathe_device_info *) { return 1; }, nullptr), LATHE_CANCELLED);
  EXPECT_EQ(lathe_devices(nullptr, nullptr), LATHE_INVALID_ARGUMENT);
}
