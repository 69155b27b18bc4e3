// Which device an artifact runs on, what a session takes there, and what happens when it is lost.
#include "FakeDevices.h"
#include "ToyModel.h"

#include "Runtime/ChooseDevice.h"
#include "Runtime/MemoryPlan.h"
#include "Runtime/Session.h"

#include <cstring>

using namespace lathe;
using namespace lathe::toy;

namespace {

/// The toy's program for `target`, with two variants of code that nobody runs.
void addProgram(fb::HeaderT &header, std::vector<CodeImage> &images, const char *target,
                std::vector<const char *> names) {
  static std::vector<test::Bytes> code;
  auto program = std::make_unique<fb::ProgramT>(*header.programs[0]);
  program->target = target;
  for (auto &kernel : program->kernels)
    for (auto &item : kernel->classes) item->threads = 64;
  program->variants.resize(names.size());
  auto index = static_cast<uint32_t>(header.programs.size());
  for (uint32_t v = 0; v < names.size(); ++v) {
    fb::VariantT &variant = *program->variants[v];
    bool spirv = std::strcmp(target, "vulkan") == 0;
    variant.arch = spirv ? "spirv" : "nvptx64";
    variant.name = names[v];
    variant.features = {names[v]};
    for (uint64_t &entry : variant.entries)
      entry = spirv ? uint64_t(&entry - variant.entries.data()) * 20 : 0;
    test::Bytes bytes(spirv ? variant.entries.size() * 20 : 2);
    bytes[0] = std::byte('x');
    uint32_t magic = 0x07230203;
    for (size_t at = 0; spirv && at < bytes.size(); at += 20) std::memcpy(&bytes[at], &magic, sizeof magic);
    code.push_back(std::move(bytes));
    images.push_back({index, v, code.back()});
  }
  header.programs.push_back(std::move(program));
}

void addGpus(fb::HeaderT &header, std::vector<CodeImage> &images) {
  addProgram(header, images, "cuda", {"sm_80", "sm_90a"});
  addProgram(header, images, "vulkan", {"base"});
}

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

  Toy toy_{{.add = addGpus}};
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
    addGpus(header, images);
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

namespace {

class LostDevice : public DeviceChoiceTest {
protected:
  void SetUp() override {
    DeviceChoiceTest::SetUp();
    SessionOptions options;
    options.slots = 3;
    auto session = Session::create(load(recurrent_), options, fakeBackends());
    ASSERT_TRUE(session.ok()) << session.status().message();
    session_ = std::move(*session);
    ASSERT_EQ(session_->device().id(), "cuda:0");
    slot_ = *session_->pool().create();
  }
  Status feed(const Tokens &tokens) {
    std::vector<int32_t> slots(tokens.size(), slot_);
    StepBatch batch;
    batch.tokens = tokens;
    batch.slots = slots;
    return session_->step(batch);
  }
  Toy recurrent_{{.recurrent = true, .add = addGpus}};
  std::unique_ptr<Session> session_;
  int32_t slot_ = -1;
};

} // namespace

TEST_F(LostDevice, IsTheStatusOfEveryCall) {
  Tokens tokens = someTokens(70);
  ASSERT_TRUE(feed(tokens).ok());
  auto row = session_->result(0);
  ASSERT_TRUE(row.ok());
  EXPECT_EQ(Row(row->begin(), row->end()), expected(tokens, true));
  fakeMachine().runsLeft = 1;
  EXPECT_EQ(feed(someTokens(120)).code(), Code::DeviceLost) << "in the second chunk";
  EXPECT_EQ(session_->pool().positions(slot_), 70u + 96) << "the first chunk was complete";
  EXPECT_EQ(feed({1}).code(), Code::DeviceLost);
  EXPECT_EQ(session_->pool().positions(slot_), 70u + 96);
}

TEST_F(LostDevice, SlotsStayConsistent) {
  ASSERT_TRUE(feed(someTokens(70)).ok());
  BlockPool &pool = session_->pool();
  uint32_t free = pool.freeBlocks();
  std::vector<std::byte> saved(pool.saveBytes(slot_));
  ASSERT_TRUE(pool.save(slot_, 1, saved).ok());
  for (int calls = 0; calls < 3; ++calls) {
    fakeMachine().stateCallsLeft = calls;
    auto fork = pool.fork(slot_);
    EXPECT_EQ(fork.status().code(), Code::DeviceLost) << calls;
    EXPECT_EQ(pool.freeBlocks(), free) << calls;
    fakeMachine().stateCallsLeft = calls;
    EXPECT_EQ(pool.restore(saved, 1).status().code(), Code::DeviceLost) << calls;
    EXPECT_EQ(pool.freeBlocks(), free) << calls;
    fakeMachine().stateCallsLeft = calls;
    EXPECT_EQ(pool.save(slot_, 1, saved).code(), Code::DeviceLost) << calls;
  }
  fakeMachine().stateCallsLeft = 0;
  EXPECT_EQ(pool.create().status().code(), Code::DeviceLost);
  EXPECT_EQ(pool.truncate(slot_, 0).code(), Code::DeviceLost);
  fakeMachine().stateCallsLeft = 100;
  EXPECT_TRUE(pool.create().ok() && pool.create().ok()) << "no slot was lost on the way";
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
