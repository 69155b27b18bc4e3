#include "Runtime/Session.h"

#include "Artifact/Hash.h"

#include <cstdlib>

namespace lathe {

Result<std::unique_ptr<Session>> Session::create(std::shared_ptr<LoadedModel> model,
                                                 const SessionOptions &options,
                                                 std::span<const Backend> among) {
  auto device = chooseDevice(*model, options.device, options.variant, among);
  if (!device) return device.status();
  auto plan = planMemory(*model, *device, options);
  if (!plan) return plan.status();
  if (Status status = checkFits(*plan, *device); !status.ok()) return status;
  std::unique_ptr<Session> session(new Session(std::move(model), *device, *plan));
  if (Status status = session->load(options); !status.ok()) return status;
  return session;
}

Status Session::load(const SessionOptions &options) {
  const fb::Program &program = this->program();
  auto executor = device_.backend->create(device_.index, *model_, program, *device_.variant, plan_, options);
  if (!executor) return executor.status();
  executor_ = std::move(*executor);
  PoolShape shape = {plan_.slots, plan_.context, plan_.blocks, program.block_bytes(), program.fixed_bytes()};
  pool_ = std::make_unique<BlockPool>(shape, executor_->states());
  auto kept = Region::allocate(uint64_t(plan_.maxResults) * plan_.resultColumns * sizeof(float), "results");
  if (!kept) return kept.status();
  kept_ = std::move(*kept);
  auto draws = DrawTables::create(program.max_outputs(), model_->header().vocabulary());
  if (!draws) return draws.status();
  draws_ = std::move(*draws);
  rowsLeft_.resize(plan_.slots);
  cursor_.resize(plan_.slots);
  results_.reserve(plan_.maxResults);
  drawRows_.reserve(plan_.maxResults);
  tokens_.reserve(plan_.maxResults);
  std::string more = plan_.onDevice ? formatBytes(plan_.deviceNeeded()) + " of device memory"
                                    : std::to_string(plan_.threads) + " threads";
  model_->log(LogLevel::Info, device_.id() + ": variant " + device_.variant->name()->str() + ", " + more +
                                  ", context " + std::to_string(plan_.context) + ", " +
                                  formatBytes(plan_.hostNeeded()) + " of memory");
  return {};
}

uint64_t Session::stateHash() const {
  StreamingHash hash;
  auto add = [&](uint64_t number) { hash.update(std::as_bytes(std::span(&number, 1))); };
  add(model_->artifact().hash());
  for (const fb::State *state : *program().states()) {
    hash.update(std::as_bytes(std::span(state->name()->data(), state->name()->size())));
    for (uint64_t number : {uint64_t(state->kind()), state->offset(), state->bytes()}) add(number);
  }
  return hash.value();
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

Result<DrawnToken> Session::token(size_t index) const {
  if (index >= tokens_.size())
    return Status(Code::InvalidArgument, "the last batch drew " + std::to_string(tokens_.size()) +
                                             " tokens, there is no number " + std::to_string(index));
  if (tokens_[index].status.ok() && tokens_[index].token < 0)
    return Status(Code::InvalidArgument,
                  "the last batch was stopped before it drew token " + std::to_string(index));
  return tokens_[index];
}

Status Session::stopped() {
  cancel_.store(false, std::memory_order_relaxed);
  return Status(Code::Cancelled, "stopped on request");
}

} // namespace lathe
