#include "Runtime/MemoryPlan.h"

#include "Artifact/KernelABI.h"

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

uint64_t MemoryPlan::needed() const { return plus(plus(plus(pool, fixed), plus(arena, scratch)), host); }

static uint64_t blocksOf(uint64_t positions) { return (positions + kBlockPositions - 1) / kBlockPositions; }

static Status resolveOptions(const LoadedModel &model, const SessionOptions &options, MemoryPlan &plan) {
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
  uint64_t perSlot = blocksOf(plan.context), all = perSlot * plan.slots;
  uint64_t blocks = options.poolPositions ? std::min(blocksOf(options.poolPositions), all) : all;
  if (all > kMaxBlocks)
    return Status(Code::InvalidArgument, "slots times context is beyond what a pool can hold");
  plan.blocks = model.program().block_bytes() ? static_cast<uint32_t>(blocks) : 0;
  return {};
}

Result<MemoryPlan> planMemory(const LoadedModel &model, const SessionOptions &options) {
  const fb::Program &program = model.program();
  MemoryPlan plan;
  if (Status status = resolveOptions(model, options, plan); !status.ok()) return status;
  plan.weights = model.header().weights_bytes();
  for (const fb::Variant *variant : *program.variants()) plan.code = std::max(plan.code, variant->bytes());
  plan.pool = times(plan.blocks, program.block_bytes());
  plan.fixed = times(plan.slots, program.fixed_bytes());
  plan.arena = program.arena_bytes();
  for (const fb::Kernel *kernel : *program.kernels())
    for (const fb::KernelClass *kernelClass : *kernel->classes())
      plan.scratchPerThread = std::max(plan.scratchPerThread, kernelClass->scratch_bytes());
  // Whole pages, so that threads share neither a line nor a prefetched neighbour.
  plan.scratchPerThread = alignUp(plan.scratchPerThread, 4096);
  plan.scratch = times(plan.scratchPerThread, plan.threads);
  plan.maxResults = std::max(program.max_outputs(), plan.slots);
  for (const fb::Entry *entry : *program.entries())
    plan.resultColumns = std::max(plan.resultColumns, entry->result_columns());
  uint64_t tables = times(times(plan.slots, blocksOf(plan.context)) + plan.blocks, 2 * sizeof(int32_t));
  uint64_t batch = program.max_rows() * (8 * sizeof(int32_t) + sizeof(KernelSegment));
  plan.host = plus(plus(times(times(plan.maxResults, plan.resultColumns), sizeof(float)), tables), batch);

  MachineMemory machine = machineMemory();
  plan.available = machine.available;
  plan.total = machine.total;
  if (options.memoryLimit) {
    plan.available = std::min(plan.available, options.memoryLimit);
    plan.total = std::min(plan.total, options.memoryLimit);
  }
  return plan;
}

/// "; a context of 2048 positions would fit", where shrinking the pool is enough.
static std::string advice(const MemoryPlan &plan, const LoadedModel &model, uint64_t room) {
  std::string fallback = ": use a smaller context, fewer slots, or a machine with more memory";
  uint64_t others = plus(plus(plan.fixed, plan.arena), plus(plan.scratch, plan.host));
  if (plan.blocks == 0) return ": use fewer slots, or a machine with more memory";
  if (others >= room) return fallback;
  uint64_t positions = (room - others) / model.program().block_bytes() / plan.slots * kBlockPositions;
  positions = std::min<uint64_t>(positions, plan.context);
  if (positions == 0) return fallback;
  return ": a context of " + std::to_string(positions) + " positions would fit" +
         (plan.slots > 1 ? " with " + std::to_string(plan.slots) + " slots" : "");
}

Status checkFits(const MemoryPlan &plan, const LoadedModel &model) {
  uint64_t needed = plan.needed();
  std::string parts = formatBytes(plan.pool) + " of state for " + std::to_string(plan.slots) + " x " +
                      std::to_string(plan.context) + " positions, " + formatBytes(plan.fixed) +
                      " of fixed state, " + formatBytes(plan.arena) + " of arena, " +
                      formatBytes(plan.scratch) + " of scratch, " + formatBytes(plan.host) + " of tables";
  if (needed > plan.available)
    return Status(Code::OutOfMemory, "this takes " + formatBytes(needed) + " of memory (" + parts +
                                         "), but only " + formatBytes(plan.available) + " are to be had" +
                                         advice(plan, model, plan.available));
  if (plus(plan.weights, needed) > plan.total) {
    std::string message = "weights of " + formatBytes(plan.weights) + " and " + formatBytes(needed) +
                          " of memory (" + parts + ") don't fit into " + formatBytes(plan.total);
    uint64_t room = plan.total > plan.weights ? plan.total - plan.weights : 0;
    return Status(Code::OutOfMemory, message + (room == 0 ? ": compile the model with fewer bits a weight"
                                                          : advice(plan, model, room)));
  }
  return {};
}

} // namespace lathe
