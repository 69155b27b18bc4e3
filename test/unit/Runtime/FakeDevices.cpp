#include "FakeDevices.h"

#include "Runtime/CpuBackend.h"
#include "Runtime/LoadedModel.h"
#include "Runtime/MemoryPlan.h"

#include <cstdlib>
#include <cstring>

namespace lathe::toy {

FakeMachine &fakeMachine() {
  static FakeMachine machine;
  return machine;
}

DeviceInfo fakeDevice(DeviceKind kind, uint32_t index, const char *name, const char *unusable,
                      bool emulated) {
  DeviceInfo info;
  info.kind = kind;
  info.index = index;
  info.name = name;
  info.unusable = unusable;
  info.emulated = emulated;
  return info;
}

/// The toy's program for `target`, with two variants of code that nobody runs.
static void addProgram(fb::HeaderT &header, std::vector<CodeImage> &images, const char *target,
                       std::vector<const char *> names) {
  static std::vector<std::vector<std::byte>> code;
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
    std::vector<std::byte> bytes(spirv ? variant.entries.size() * 20 : 2);
    bytes[0] = std::byte('x');
    uint32_t magic = 0x07230203;
    for (size_t at = 0; spirv && at < bytes.size(); at += 20) std::memcpy(&bytes[at], &magic, sizeof magic);
    code.push_back(std::move(bytes));
    images.push_back({index, v, code.back()});
  }
  header.programs.push_back(std::move(program));
}

void addGpuPrograms(fb::HeaderT &header, std::vector<CodeImage> &images) {
  addProgram(header, images, "cuda", {"sm_80", "sm_90a"});
  addProgram(header, images, "vulkan", {"base"});
}

static void append(DeviceList &list, const DeviceList &more) {
  list.devices.insert(list.devices.end(), more.devices.begin(), more.devices.end());
  list.notes.insert(list.notes.end(), more.notes.begin(), more.notes.end());
}
static void listFakeCuda(DeviceList &list) { append(list, fakeMachine().cuda); }
static void listFakeVulkan(DeviceList &list) { append(list, fakeMachine().vulkan); }

static Result<MachineMemory> fakeMemory(uint32_t) { return MachineMemory{fakeMachine().memory, 1ull << 40}; }

static std::string whyNotOnFakeCuda(uint32_t, const fb::Variant &variant) {
  auto needed = static_cast<unsigned>(std::atoi(variant.name()->c_str() + 3));
  return needed <= fakeMachine().capability ? "" : "needs a newer GPU";
}
static std::string whyNotOnFakeVulkan(uint32_t, const fb::Variant &) { return ""; }

namespace {

Status lost() { return Status(Code::DeviceLost, "the device was lost"); }

/// The CPU's states behind a device that may be lost.
class FakeStates final : public StateMemory {
public:
  explicit FakeStates(StateMemory &real) : real_(real) {}
  Status clearBlock(int32_t block) override { return alive() ? real_.clearBlock(block) : lost(); }
  Status copyBlock(int32_t from, int32_t to) override { return alive() ? real_.copyBlock(from, to) : lost(); }
  Status clearFixed(int32_t slot) override { return alive() ? real_.clearFixed(slot) : lost(); }
  Status copyFixed(int32_t from, int32_t to) override { return alive() ? real_.copyFixed(from, to) : lost(); }
  Status readBlock(int32_t block, std::span<std::byte> out) override {
    return alive() ? real_.readBlock(block, out) : lost();
  }
  Status writeBlock(int32_t block, std::span<const std::byte> in) override {
    return alive() ? real_.writeBlock(block, in) : lost();
  }
  Status readFixed(int32_t slot, std::span<std::byte> out) override {
    return alive() ? real_.readFixed(slot, out) : lost();
  }
  Status writeFixed(int32_t slot, std::span<const std::byte> in) override {
    return alive() ? real_.writeFixed(slot, in) : lost();
  }

private:
  static bool alive() { return fakeMachine().stateCallsLeft-- > 0; }
  StateMemory &real_;
};

class FakeExecutor final : public Executor {
public:
  explicit FakeExecutor(std::unique_ptr<Executor> real) : real_(std::move(real)), states_(real_->states()) {}
  Result<bool> run(uint32_t entry, const KernelBatch &batch, const std::atomic<bool> *cancel) override {
    EXPECT_NE(batch.blockTables, nullptr) << "devices copy them whatever the entry";
    if (fakeMachine().runsLeft-- <= 0) return lost();
    return real_->run(entry, batch, cancel);
  }
  float *result(uint32_t entry, int32_t row) override { return real_->result(entry, row); }
  Result<const float *> source(uint32_t entry, int32_t row) override {
    return fakeMachine().runsLeft > 0 ? real_->source(entry, row) : lost();
  }
  StateMemory &states() override { return states_; }

private:
  std::unique_ptr<Executor> real_;
  FakeStates states_;
};

Result<std::unique_ptr<Executor>> createFakeExecutor(uint32_t, const LoadedModel &model, const fb::Program &,
                                                     const fb::Variant &, const MemoryPlan &plan,
                                                     const SessionOptions &options) {
  const fb::Program &cpu = *model.program(DeviceKind::Cpu);
  MemoryPlan onHost = plan;
  onHost.scratchPerThread = onHost.scratch = 1 << 16;
  auto real = createCpuExecutor(0, model, cpu, *cpu.variants()->Get(0), onHost, options);
  if (!real) return real;
  return std::unique_ptr<Executor>(new FakeExecutor(std::move(*real)));
}

constexpr Backend kFakeBackends[] = {
    {DeviceKind::Cuda, listFakeCuda, fakeMemory, whyNotOnFakeCuda, createFakeExecutor},
    {DeviceKind::Vulkan, listFakeVulkan, fakeMemory, whyNotOnFakeVulkan, createFakeExecutor},
    {DeviceKind::Cpu, listCpu, cpuMemory, whyNotOnCpu, createCpuExecutor},
};

} // namespace

std::span<const Backend> fakeBackends() { return kFakeBackends; }

} // namespace lathe::toy
