#include "Runtime/MemoryPlan.h"

#include "Artifact/KernelABI.h"
#include "Runtime/CpuFeatures.h"
#include "Runtime/Draws.h"
#include "Runtime/WorkGrid.h"

#include <algorithm>

namespace lathe {

static constexpr uint32_t kDefaultContext = 4096;
static constexpr uint32_t kMaxSlots = 1u << 16;
static constexpr uint64_t kMaxBlocks = uint64_t(1) << 30;

/// Sums and products that stay at the top where they would wrap: such a plan never fits.
static uint64_t times(uint64_t a, uint64_t b) {
  uint64_t product;
  return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}
static uint64_t plus(uint64_t a, uint64_t b) { return a > UINT64_MAX - b ? UINT64_MAX : a + b; }

uint64_t MemoryPlan::deviceNeeded() const {
  if (!onDevice) return 0;
  uint64_t program = plus(plus(plus(pool, fixed), plus(arena, scratch)), tables);
  return plus(program, plus(weights, code));
}

uint64_t MemoryPlan::hostNeeded() const {
  return onDevice ? host : plus(plus(plus(pool, fixed), plus(arena, scratch)), host);
}

static uint64_t blocksOf(uint64_t positions) { return (positions + kBlockPositions - 1) / kBlockPositions; }

static Status resolveOptions(const LoadedModel &model, const fb::Program &program,
                             const SessionOptions &options, MemoryPlan &plan) {
  uint32_t modelContext = model.header().context();
  if (options.context > modelContext)
    return Status(Code::InvalidArgument, "a context of " + std::to_string(options.context) +
                                             " positions is more than the model's " +
                                             std::to_string(modelContext));
  if (options.slots > kMaxSlots)
    return Status(Code::InvalidArgument, "more than " + std::to_string(kMaxSlots) + " slots");
  plan.context = options.context ? options.context : std::min(modelContext, kDefaultContext);
  plan.slots = std::max(options.slots, 1u);
  unsigned cores = usableCores();
  plan.threads = options.threads ? std::min(options.threads, cores) : cores;
  if (plan.onDevice) plan.threads = 1;
  uint64_t perSlot = blocksOf(plan.context), all = perSlot * plan.slots;
  uint64_t blocks = options.poolPositions ? std::min(blocksOf(options.poolPositions), all) : all;
  if (all > kMaxBlocks)
    return Status(Code::InvalidArgument, "slots times context is beyond what a pool can hold");
  plan.blocks = program.block_bytes() ? static_cast<uint32_t>(blocks) : 0;
  return {};
}

/// A thread's scratch serves all kernels in turn; a device's serves every work item of a launch at once.
static void planScratch(const fb::Program &program, MemoryPlan &plan) {
  for (const fb::Kernel *kernel : *program.kernels())
    for (uint32_t i = 0; i < kernel->classes()->size(); ++i) {
      const fb::KernelClass &kernelClass = *kernel->classes()->Get(i);
      if (!plan.onDevice) {
        plan.scratchPerThread = std::max(plan.scratchPerThread, kernelClass.scratch_bytes());
        continue;
      }
      auto items =
          static_cast<uint64_t>(workItems(gridOf(kernelClass), mostCounts(program, *kernel, i, plan.slots)));
      plan.scratch = std::max(plan.scratch, times(items, kernelClass.scratch_bytes()));
    }
  if (plan.onDevice) return;
  // Whole pages, so that threads share neither a line nor a prefetched neighbour.
  plan.scratchPerThread = alignUp(plan.scratchPerThread, 4096);
  plan.scratch = times(plan.scratchPerThread, plan.threads);
}

static void planResults(const fb::Program &program, MemoryPlan &plan) {
  plan.maxResults = std::max(program.max_outputs(), plan.slots);
  for (const fb::Entry *entry : *program.entries()) {
    plan.resultColumns = std::max(plan.resultColumns, entry->result_columns());
    uint64_t rows =
        entry->result_domain() == fb::RowDomain::Outputs ? program.max_outputs() : program.max_rows();
    plan.resultBytes =
        std::max(plan.resultBytes, times(rows, uint64_t(entry->result_columns()) * sizeof(float)));
    plan.sourceBytes = std::max(plan.sourceBytes, uint64_t(entry->source_columns()) * sizeof(float));
  }
  if (plan.sourceBytes)
    plan.drawBytes = times(program.max_outputs(), sizeof(KernelDraw) + 2 * (plan.sourceBytes / 32 + 32));
}

/// What a batch takes as tables: on the host, and again on a device.
static uint64_t tableBytes(const fb::Program &program, const MemoryPlan &plan) {
  uint64_t tables = times(plus(times(plan.slots, blocksOf(plan.context)), plan.blocks), 2 * sizeof(int32_t));
  return plus(tables, program.max_rows() * (8 * sizeof(int32_t) + sizeof(KernelSegment)));
}

static MachineMemory limited(MachineMemory memory, uint64_t limit) {
  if (limit == 0) return memory;
  return {std::min(memory.available, limit), std::min(memory.total, limit)};
}

Result<MemoryPlan> planMemory(const LoadedModel &model, const ChosenDevice &device,
                              const SessionOptions &options) {
  const fb::Program &program = *device.program;
  MemoryPlan plan;
  plan.onDevice = device.backend->kind != DeviceKind::Cpu;
  if (Status status = resolveOptions(model, program, options, plan); !status.ok()) return status;
  plan.weights = model.header().weights_bytes();
  for (const fb::Variant *variant : *program.variants())
    if (!device.variant || variant == device.variant) plan.code = std::max(plan.code, variant->bytes());
  plan.pool = times(plan.blocks, program.block_bytes());
  plan.fixed = times(plan.slots, program.fixed_bytes());
  plan.arena = program.arena_bytes();
  planScratch(program, plan);
  planResults(program, plan);
  uint64_t tables = tableBytes(program, plan);
  plan.host = plus(times(times(plan.maxResults, plan.resultColumns), sizeof(float)), tables);
  plan.host =
      plus(plan.host, times(program.max_outputs(), DrawTables::historyBytes(model.header().vocabulary())));
  plan.hostMemory = machineMemory();
  if (!plan.onDevice) {
    plan.hostMemory = limited(plan.hostMemory, options.memoryLimit);
    return plan;
  }
  plan.tables = plus(tables, plan.drawBytes);
  plan.host = plus(plan.host, plus(plan.tables, plus(plan.resultBytes, plan.sourceBytes)));
  if (auto memory = device.backend->memory(device.index))
    plan.deviceMemory = limited(*memory, options.memoryLimit);
  return plan;
}

/// "; a context of 2048 positions would fit", where shrinking the pool is enough.
static std::string advice(const MemoryPlan &plan, const fb::Program &program, uint64_t needed,
                          uint64_t room) {
  std::string where = plan.onDevice ? "another --device" : "a machine with more memory";
  std::string fallback = ": use a smaller context, fewer slots, or " + where;
  uint64_t others = needed - std::min(needed, plan.pool);
  if (plan.blocks == 0) return ": use fewer slots, or " + where;
  if (others >= room)
    return plan.onDevice ? ": compile the model with fewer bits a weight, or use " + where : fallback;
  uint64_t positions = (room - others) / program.block_bytes() / plan.slots * kBlockPositions;
  positions = std::min<uint64_t>(positions, plan.context);
  if (positions == 0) return fallback;
  return ": a context of " + std::to_string(positions) + " positions would fit" +
         (plan.slots > 1 ? " with " + std::to_string(plan.slots) + " slots" : "");
}

static std::string stateParts(const MemoryPlan &plan) {
  return formatBytes(plan.pool) + " of state for " + std::to_string(plan.slots) + " x " +
         std::to_string(plan.context) + " positions, " + formatBytes(plan.fixed) + " of fixed state, " +
         formatBytes(plan.arena) + " of arena, " + formatBytes(plan.scratch) + " of scratch";
}

static Status checkDevice(const MemoryPlan &plan, const ChosenDevice &device) {
  uint64_t needed = plan.deviceNeeded();
  if (needed <= plan.deviceMemory.available) return {};
  return Status(Code::OutOfMemory, "this takes " + formatBytes(needed) + " of the memory of " + device.id() +
                                       " (" + formatBytes(plan.weights) + " of weights, " + stateParts(plan) +
                                       "), but only " + formatBytes(plan.deviceMemory.available) +
                                       " of its " + formatBytes(plan.deviceMemory.total) + " are to be had" +
                                       advice(plan, *device.program, needed, plan.deviceMemory.available));
}

Status checkFits(const MemoryPlan &plan, const ChosenDevice &device) {
  if (plan.onDevice) LATHE_TRY(checkDevice(plan, device));
  uint64_t needed = plan.hostNeeded();
  std::string tables = formatBytes(plan.host) + " of tables";
  std::string parts = plan.onDevice ? tables : stateParts(plan) + ", " + tables;
  if (needed > plan.hostMemory.available)
    return Status(Code::OutOfMemory, "this takes " + formatBytes(needed) + " of memory (" + parts +
                                         "), but only " + formatBytes(plan.hostMemory.available) +
                                         " are to be had" +
                                         advice(plan, *device.program, needed, plan.hostMemory.available));
  if (!plan.onDevice && plus(plan.weights, needed) > plan.hostMemory.total) {
    std::string message = "weights of " + formatBytes(plan.weights) + " and " + formatBytes(needed) +
                          " of memory (" + parts + ") don't fit into " + formatBytes(plan.hostMemory.total);
    uint64_t total = plan.hostMemory.total, room = total > plan.weights ? total - plan.weights : 0;
    return Status(Code::OutOfMemory, message + (room == 0 ? ": compile the model with fewer bits a weight"
                                                          : advice(plan, *device.program, needed, room)));
  }
  return {};
}

} // namespace lathe
