#include "Runtime/Session.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>

namespace lathe {

Result<std::unique_ptr<Session>> Session::create(std::shared_ptr<LoadedModel> model,
                                                 const SessionOptions &options) {
  auto plan = planMemory(*model, options);
  if (!plan) return plan.status();
  if (Status status = checkFits(*plan, *model); !status.ok()) return status;
  std::unique_ptr<Session> session(new Session(std::move(model), *plan));
  if (Status status = session->load(options); !status.ok()) return status;
  return session;
}

Status Session::load(const SessionOptions &options) {
  const fb::Program &program = model_->program();
  std::string name = options.variant;
  if (const char *forced = std::getenv("LATHE_VARIANT"); forced && name.empty()) name = forced;
  auto variant = chooseVariant(program, model_->features(), name);
  if (!variant) return variant.status();
  variant_ = (*variant)->name()->str();
  for (const flatbuffers::String *feature : *(*variant)->features())
    if (!enableFeature(feature->string_view()))
      return Status(Code::Unsupported, "the system does not let this process use " + feature->str() +
                                           ": choose another variant");
  auto image = MappedCode::map(model_->artifact(), **variant);
  if (!image) return image.status();

  ExecutorMemory memory;
  LATHE_TRY(reserveMemory(memory));
  LATHE_TRY(preload(options));
  PoolShape shape = {plan_.slots, plan_.context, plan_.blocks, program.block_bytes(), program.fixed_bytes()};
  pool_ = std::make_unique<BlockPool>(shape, memory.blocks, memory.fixed);
  threads_ = std::make_unique<ThreadPool>(plan_.threads);
  executor_ = std::make_unique<Executor>(model_->artifact(), program, **variant, std::move(*image), memory,
                                         *threads_);
  rowsLeft_.resize(plan_.slots);
  cursor_.resize(plan_.slots);
  results_.reserve(plan_.maxResults);
  model_->log(LogLevel::Info, "variant " + variant_ + ", " + std::to_string(plan_.threads) +
                                  " threads, context " + std::to_string(plan_.context) + ", " +
                                  formatBytes(plan_.needed()) + " of memory");
  return {};
}

Status Session::reserveMemory(ExecutorMemory &memory) {
  auto reserve = [](Region &region, uint64_t bytes, const char *what) -> Status {
    auto made = Region::allocate(bytes, what);
    if (made) region = std::move(*made);
    return made.status();
  };
  LATHE_TRY(reserve(blocks_, plan_.pool, "pool of growing states"));
  LATHE_TRY(reserve(fixed_, plan_.fixed, "fixed-size states"));
  LATHE_TRY(reserve(arena_, plan_.arena, "arena"));
  LATHE_TRY(reserve(scratch_, plan_.scratch, "scratch of the threads"));
  LATHE_TRY(reserve(kept_, uint64_t(plan_.maxResults) * plan_.resultColumns * sizeof(float), "results"));
  memory = {arena_.data(), blocks_.data(), fixed_.data(), scratch_.data(), plan_.scratchPerThread};
  return {};
}

/// Faults pages of a mapping in, for reading.
static void touch(std::span<const std::byte> bytes) {
#ifdef MADV_POPULATE_READ
  auto begin = reinterpret_cast<uintptr_t>(bytes.data()) & ~uintptr_t(4095);
  auto end = reinterpret_cast<uintptr_t>(bytes.data()) + bytes.size();
  if (madvise(reinterpret_cast<void *>(begin), end - begin, MADV_POPULATE_READ) == 0) return;
#endif
  for (size_t i = 0; i < bytes.size(); i += 4096) static_cast<void>(*(volatile const std::byte *)&bytes[i]);
}

Status Session::preload(const SessionOptions &options) const {
  if (!options.preload) return {};
  auto weights = model_->artifact().weightSection();
  constexpr size_t piece = size_t(64) << 20;
  for (size_t done = 0; done < weights.size();) {
    auto part = weights.subspan(done, std::min(piece, weights.size() - done));
    touch(part);
    done += part.size();
    if (options.progress && !options.progress(done, weights.size()))
      return Status(Code::Cancelled, "loading was stopped");
  }
  return {};
}

Status Session::checkSlot(int32_t slot) const {
  if (pool_->valid(slot)) return {};
  return Status(Code::InvalidArgument, "there is no slot " + std::to_string(slot));
}

Result<std::span<float>> Session::result(size_t index) const {
  if (index >= results_.size())
    return Status(Code::InvalidArgument, "the last batch kept " + std::to_string(results_.size()) +
                                             " results, there is no number " + std::to_string(index));
  return std::span<float>(results_[index].values, resultColumns_);
}

Status Session::stopped() {
  cancel_.store(false, std::memory_order_relaxed);
  return Status(Code::Cancelled, "stopped on request");
}

} // namespace lathe
