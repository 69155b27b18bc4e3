#include "FakeCuda.h"

#include "Runtime/Cuda/Api.h"

#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <set>

using namespace lathe::cuda;
using lathe::test::FakeCuda;
using lathe::test::fakeCuda;

#define FAKE extern "C" __attribute__((visibility("default"))) CUresult

namespace {

constexpr CUresult kInvalidValue = 1, kNotFound = 500;

using Work = std::function<void()>;
struct FakeGraph {
  std::vector<Work> nodes;
};
struct FakeModule {
  std::set<std::unique_ptr<std::string>> functions;
};

/// All that was handed out.
struct State {
  std::map<uint64_t, uint64_t> deviceMemory, hostMemory; ///< begin -> bytes
  std::set<void *> handles;                              ///< streams, events, graphs, modules, linkers
  std::map<CUevent, int> pending;                        ///< recorded; how often it is still not ready
  size_t contexts = 0;
  std::vector<Work> queue; ///< of the stream: done when an event is waited for
  std::vector<Work> *capture = nullptr;
  std::string linked;
};
State state;
thread_local std::vector<CUcontext> currentContexts;

CUresult complain(const std::string &what) {
  fakeCuda().complaints.push_back(what);
  return kInvalidValue;
}

bool isInside(const std::map<uint64_t, uint64_t> &memory, uint64_t begin, uint64_t bytes) {
  auto after = memory.upper_bound(begin);
  if (after == memory.begin()) return false;
  auto piece = std::prev(after);
  return begin + bytes <= piece->first + piece->second;
}

template <typename T> T make() {
  void *handle = std::malloc(8);
  state.handles.insert(handle);
  return static_cast<T>(handle);
}

CUresult give(void *handle, const char *what) {
  if (!state.handles.erase(handle)) return complain(std::string(what) + " of something that is not there");
  std::free(handle);
  return CUDA_SUCCESS;
}

/// What goes into the stream: into a graph while one is captured.
CUresult enqueue(CUstream stream, const char *what, Work work) {
  if (currentContexts.empty()) return complain(std::string(what) + " without a context");
  if (!state.handles.count(stream)) return complain(std::string(what) + " on no stream");
  (state.capture ? *state.capture : state.queue).push_back(std::move(work));
  return CUDA_SUCCESS;
}

CUresult prohibitedInCapture(const char *what) {
  if (currentContexts.empty()) return complain(std::string(what) + " without a context");
  return state.capture ? complain(std::string(what) + " inside a capture") : CUDA_SUCCESS;
}

void copied(uint64_t bytes, bool inGraph) {
  if (inGraph)
    fakeCuda().graphCopies.push_back(bytes);
  else
    ++fakeCuda().tableCopies;
}

} // namespace

FakeCuda &lathe::test::fakeCuda() {
  static FakeCuda fake;
  return fake;
}

size_t FakeCuda::alive() const {
  return state.deviceMemory.size() + state.hostMemory.size() + state.handles.size() + state.contexts;
}

FAKE cuInit(unsigned flags) { return fakeCuda().devices.empty() ? CUDA_ERROR_NO_DEVICE : CUDA_SUCCESS; }
FAKE cuDriverGetVersion(int *version) { return *version = fakeCuda().version, CUDA_SUCCESS; }
FAKE cuGetErrorName(CUresult error, const char **name) {
  static const std::map<CUresult, const char *> names = {{1, "CUDA_ERROR_INVALID_VALUE"},
                                                         {2, "CUDA_ERROR_OUT_OF_MEMORY"},
                                                         {218, "CUDA_ERROR_INVALID_PTX"},
                                                         {700, "CUDA_ERROR_ILLEGAL_ADDRESS"}};
  auto found = names.find(error);
  *name = found == names.end() ? nullptr : found->second;
  return *name ? CUDA_SUCCESS : kInvalidValue;
}
FAKE cuDeviceGetCount(int *count) { return *count = int(fakeCuda().devices.size()), CUDA_SUCCESS; }
FAKE cuDeviceGet(CUdevice *device, int ordinal) { return *device = ordinal + 40, CUDA_SUCCESS; }
static const lathe::test::FakeDevice &deviceOf(CUdevice device) {
  return fakeCuda().devices.at(size_t(device) - 40);
}
FAKE cuDeviceGetName(char *name, int bytes, CUdevice device) {
  if (deviceOf(device).broken) return CUDA_ERROR_NO_DEVICE;
  std::strncpy(name, deviceOf(device).name.c_str(), size_t(bytes) - 1);
  return CUDA_SUCCESS;
}
FAKE cuDeviceGetUuid_v2(CUuuid *uuid, CUdevice device) {
  std::memset(uuid->bytes, device, sizeof uuid->bytes);
  return CUDA_SUCCESS;
}
FAKE cuDeviceTotalMem_v2(size_t *bytes, CUdevice device) {
  return *bytes = deviceOf(device).memory, CUDA_SUCCESS;
}
FAKE cuDeviceGetAttribute(int *value, int attribute, CUdevice device) {
  const auto &of = deviceOf(device);
  std::map<int, int> values = {
      {CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X, 50}, // small, so that launches have rows
      {CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y, 65535},
      {CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, 4},
      {CU_DEVICE_ATTRIBUTE_INTEGRATED, 0},
      {CU_DEVICE_ATTRIBUTE_COMPUTE_MODE, of.prohibited ? CU_COMPUTEMODE_PROHIBITED : 0},
      {CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, of.major},
      {CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, of.minor}};
  *value = values.at(attribute);
  return CUDA_SUCCESS;
}
FAKE cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device) {
  ++state.contexts;
  *context = reinterpret_cast<CUcontext>(intptr_t(device));
  return CUDA_SUCCESS;
}
FAKE cuDevicePrimaryCtxRelease_v2(CUdevice) {
  if (state.contexts == 0) return complain("a context is released twice");
  --state.contexts;
  return CUDA_SUCCESS;
}
FAKE cuCtxPushCurrent_v2(CUcontext context) { return currentContexts.push_back(context), CUDA_SUCCESS; }
FAKE cuCtxPopCurrent_v2(CUcontext *context) {
  if (currentContexts.empty()) return complain("no context to pop");
  *context = currentContexts.back();
  currentContexts.pop_back();
  return CUDA_SUCCESS;
}
FAKE cuMemGetInfo_v2(size_t *free, size_t *total) {
  *free = fakeCuda().memoryLeft;
  *total = uint64_t(1) << 30;
  return prohibitedInCapture("cuMemGetInfo");
}
FAKE cuMemAlloc_v2(CUdeviceptr *address, size_t bytes) {
  if (CUresult result = prohibitedInCapture("cuMemAlloc")) return result;
  if (bytes > fakeCuda().memoryLeft) return CUDA_ERROR_OUT_OF_MEMORY;
  void *memory = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
  std::memset(memory, 0xff, bytes); // nothing is zero by itself
  *address = reinterpret_cast<uint64_t>(memory);
  state.deviceMemory[*address] = bytes;
  return CUDA_SUCCESS;
}
FAKE cuMemFree_v2(CUdeviceptr address) {
  if (currentContexts.empty() || !state.deviceMemory.erase(address))
    return complain("cuMemFree of no memory");
  std::free(reinterpret_cast<void *>(address));
  return CUDA_SUCCESS;
}
FAKE cuMemHostAlloc(void **data, size_t bytes, unsigned) {
  if (CUresult result = prohibitedInCapture("cuMemHostAlloc")) return result;
  *data = std::malloc(bytes);
  state.hostMemory[reinterpret_cast<uint64_t>(*data)] = bytes;
  return CUDA_SUCCESS;
}
FAKE cuMemFreeHost(void *data) {
  if (!state.hostMemory.erase(reinterpret_cast<uint64_t>(data)))
    return complain("cuMemFreeHost of no memory");
  std::free(data);
  return CUDA_SUCCESS;
}

static CUresult copy(uint64_t to, bool toDevice, uint64_t from, bool fromDevice, uint64_t bytes,
                     CUstream stream) {
  if (!isInside(toDevice ? state.deviceMemory : state.hostMemory, to, bytes) ||
      !isInside(fromDevice ? state.deviceMemory : state.hostMemory, from, bytes))
    return complain("a copy of " + std::to_string(bytes) +
                    " bytes leaves its memory, or memory that is pinned");
  bool inGraph = state.capture != nullptr;
  return enqueue(stream, "copy", [=] {
    copied(bytes, inGraph);
    std::memcpy(reinterpret_cast<void *>(to), reinterpret_cast<void *>(from), bytes);
  });
}
FAKE cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t bytes, CUstream stream) {
  return copy(to, true, reinterpret_cast<uint64_t>(from), false, bytes, stream);
}
FAKE cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t bytes, CUstream stream) {
  CUresult result = copy(reinterpret_cast<uint64_t>(to), false, from, true, bytes, stream);
  if (result != CUDA_SUCCESS) return result;
  return enqueue(stream, "a copy", [bytes] { fakeCuda().bytesBack += bytes; });
}
FAKE cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream) {
  return copy(to, true, from, true, bytes, stream);
}
FAKE cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t bytes, CUstream stream) {
  if (!isInside(state.deviceMemory, to, bytes)) return complain("cuMemsetD8Async leaves its memory");
  return enqueue(stream, "cuMemsetD8Async", [=] { std::memset(reinterpret_cast<void *>(to), value, bytes); });
}

FAKE cuStreamCreate(CUstream *stream, unsigned) {
  return *stream = make<CUstream>(), prohibitedInCapture("cuStreamCreate");
}
FAKE cuStreamDestroy_v2(CUstream stream) { return give(stream, "cuStreamDestroy"); }
FAKE cuStreamBeginCapture_v2(CUstream, int) {
  if (state.capture) return complain("a capture inside a capture");
  state.capture = new std::vector<Work>();
  return CUDA_SUCCESS;
}
static std::map<void *, std::shared_ptr<FakeGraph>> graphs;
FAKE cuStreamEndCapture(CUstream, CUgraph *graph) {
  if (!state.capture) return complain("no capture to end");
  *graph = make<CUgraph>();
  graphs[*graph] = std::make_shared<FakeGraph>(FakeGraph{std::move(*state.capture)});
  delete std::exchange(state.capture, nullptr);
  return CUDA_SUCCESS;
}
FAKE cuGraphInstantiateWithFlags(CUgraphExec *exec, CUgraph graph, unsigned long long) {
  ++fakeCuda().graphsMade;
  *exec = make<CUgraphExec>();
  graphs[*exec] = graphs.at(graph);
  return CUDA_SUCCESS;
}
FAKE cuGraphLaunch(CUgraphExec exec, CUstream stream) {
  ++fakeCuda().graphLaunches;
  if (state.capture) return complain("cuGraphLaunch inside a capture");
  return enqueue(stream, "cuGraphLaunch", [graph = graphs.at(exec)] {
    for (const Work &node : graph->nodes) node();
  });
}
FAKE cuGraphExecDestroy(CUgraphExec exec) { return graphs.erase(exec), give(exec, "cuGraphExecDestroy"); }
FAKE cuGraphDestroy(CUgraph graph) { return graphs.erase(graph), give(graph, "cuGraphDestroy"); }

FAKE cuEventCreate(CUevent *event, unsigned) { return *event = make<CUevent>(), CUDA_SUCCESS; }
FAKE cuEventRecord(CUevent event, CUstream stream) {
  if (!state.handles.count(event) || state.capture) return complain("cuEventRecord at the wrong time");
  state.pending[event] = 2;
  return CUDA_SUCCESS;
}
// Nothing is done before somebody has waited for it.
FAKE cuEventQuery(CUevent event) {
  auto found = state.pending.find(event);
  if (found == state.pending.end()) return complain("cuEventQuery of an event that was not recorded");
  if (--found->second > 0) return CUDA_ERROR_NOT_READY;
  state.pending.erase(found);
  for (const Work &work : std::exchange(state.queue, {})) work();
  return std::exchange(fakeCuda().failure, 0);
}
FAKE cuEventDestroy_v2(CUevent event) { return state.pending.erase(event), give(event, "cuEventDestroy"); }

FAKE cuLinkCreate_v2(unsigned, int *, void **, CUlinkState *linker) {
  *linker = make<CUlinkState>();
  return CUDA_SUCCESS;
}
FAKE cuLinkAddData_v2(CUlinkState, int type, void *data, size_t bytes, const char *, unsigned, int *,
                      void **) {
  ++fakeCuda().links;
  auto *text = static_cast<const char *>(data);
  if (type != CU_JIT_INPUT_PTX || text[bytes - 1] != '\0') return complain("PTX without a NUL at its end");
  if (!fakeCuda().linker || !fakeCuda().compilerLog.empty()) return CUDA_ERROR_INVALID_PTX;
  state.linked = "cubin of " + std::string(text);
  return CUDA_SUCCESS;
}
FAKE cuLinkComplete(CUlinkState, void **image, size_t *bytes) {
  *image = state.linked.data();
  *bytes = state.linked.size() + 1;
  return CUDA_SUCCESS;
}
FAKE cuLinkDestroy(CUlinkState linker) {
  state.linked.assign(state.linked.size(), '?'); // what was linked is gone
  return give(linker, "cuLinkDestroy");
}

static std::map<void *, FakeModule> modules;
FAKE cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned count, int *options, void **values) {
  bool isText = std::strncmp(static_cast<const char *>(image), "//", 2) == 0;
  if (!isText && std::strncmp(static_cast<const char *>(image), "cubin of ", 9) != 0)
    return CUDA_ERROR_NO_BINARY_FOR_GPU;
  if (isText && !fakeCuda().compilerLog.empty()) {
    for (unsigned i = 0; i < count; ++i)
      if (options[i] == CU_JIT_ERROR_LOG_BUFFER)
        std::strcpy(static_cast<char *>(values[i]), fakeCuda().compilerLog.c_str());
    return CUDA_ERROR_INVALID_PTX;
  }
  *module = make<CUmodule>();
  modules[*module];
  return CUDA_SUCCESS;
}
FAKE cuModuleUnload(CUmodule module) { return modules.erase(module), give(module, "cuModuleUnload"); }
FAKE cuModuleGetFunction(CUfunction *function, CUmodule module, const char *name) {
  if (fakeCuda().parameters(name) == 0) return kNotFound;
  auto added = modules.at(module).functions.insert(std::make_unique<std::string>(name));
  *function = reinterpret_cast<CUfunction>(added.first->get());
  return CUDA_SUCCESS;
}
FAKE cuLaunchKernel(CUfunction function, unsigned groupsX, unsigned groupsY, unsigned groupsZ,
                    unsigned threadsX, unsigned threadsY, unsigned threadsZ, unsigned sharedBytes,
                    CUstream stream, void **arguments, void **extra) {
  std::string name = *reinterpret_cast<std::string *>(function);
  if (groupsX == 0 || groupsX > 50 || groupsY == 0 || groupsZ != 1 || threadsX == 0 || threadsX % 32 != 0 ||
      threadsY != 1 || threadsZ != 1 || sharedBytes != 0 || extra)
    return complain(name + " is launched with an impossible shape");
  std::vector<uint64_t> addresses;
  for (size_t i = 0; i < fakeCuda().parameters(name); ++i) {
    uint64_t address = *static_cast<uint64_t *>(arguments[i]);
    if (!isInside(state.deviceMemory, address, 1))
      return complain(name + " takes address " + std::to_string(i) + " outside of device memory");
    addresses.push_back(address);
  }
  return enqueue(stream, "cuLaunchKernel", [=] {
    ++fakeCuda().kernelLaunches;
    fakeCuda().run({name, groupsX, groupsY, threadsX, addresses});
  });
}
