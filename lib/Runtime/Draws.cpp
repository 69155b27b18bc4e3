// The part of a step that draws tokens.
#include "Runtime/Draws.h"

#include "Runtime/Session.h"

namespace lathe {

Result<DrawTables> DrawTables::create(uint32_t maxOutputs, uint32_t vocabulary) {
  DrawTables tables;
  auto histories = Region::allocate(maxOutputs * historyBytes(vocabulary), "histories of draws");
  if (!histories) return histories.status();
  tables.histories_ = std::move(*histories);
  tables.vocabulary_ = vocabulary;
  tables.outputs_.reserve(maxOutputs);
  tables.kernelDraws_.reserve(maxOutputs);
  return tables;
}

void DrawTables::add(const Draw &draw, size_t number) {
  TokenRules rules = {{}, draw.allowed};
  if (draw.sampler->parameters().repetitionPenalty != 1) {
    auto *memory = histories_.data() + outputs_.size() * historyBytes(vocabulary_);
    std::span<uint32_t> bits(reinterpret_cast<uint32_t *>(memory), wordsOfTokens(vocabulary_));
    assignTokens(bits, vocabulary_, draw.history);
    rules.penalized = bits;
  }
  outputs_.push_back({draw, rules, number});
  const SamplingParameters &parameters = draw.sampler->parameters();
  KernelDraw kernelDraw = {};
  kernelDraw.temperature = parameters.temperature == 0 ? 1 : parameters.temperature;
  kernelDraw.penalty = parameters.repetitionPenalty;
  kernelDraw.penalizedWords = static_cast<int32_t>(rules.penalized.size());
  kernelDraw.allowedWords = static_cast<int32_t>(rules.allowed.size());
  kernelDraw.penalized = rules.penalized.data();
  kernelDraw.allowed = rules.allowed.data();
  kernelDraws_.push_back(kernelDraw);
}

Status Session::checkDraws(const StepBatch &batch, size_t wanted) {
  size_t tokens = want_ == Want::Token ? wanted : 0;
  if (batch.draws.size() != tokens)
    return Status(Code::InvalidArgument, "the batch has " + std::to_string(batch.draws.size()) +
                                             " draws for " + std::to_string(tokens) +
                                             " rows that want a token");
  if (tokens == 0) return {};
  for (const Draw &draw : batch.draws)
    if (draw.sampler->vocabulary() != model_->header().vocabulary())
      return Status(Code::InvalidArgument, "a sampler is for another vocabulary");
  drawRows_.clear();
  // The last row of each slot is the first one from behind. Cursors are free until rows are looked for.
  std::fill(cursor_.begin(), cursor_.end(), 0);
  for (size_t row = batch.tokens.size(); row-- > 0;)
    if (batch.wants ? batch.wants[row] != 0 : cursor_[static_cast<size_t>(batch.slots[row])]++ == 0)
      drawRows_.push_back(row);
  std::reverse(drawRows_.begin(), drawRows_.end());
  tokens_.resize(tokens);
  return {};
}

void Session::addDraw(const StepBatch &batch, size_t row) {
  auto number = std::lower_bound(drawRows_.begin(), drawRows_.end(), row) - drawRows_.begin();
  draws_.add(batch.draws[static_cast<size_t>(number)], static_cast<size_t>(number));
}

static DrawnToken refused(const Status &status) { return {status, -1, std::nullopt}; }

template <typename Logits>
static DrawnToken drawnFrom(const Logits &logits, int32_t token, const DrawTables::Output &output) {
  DrawnToken drawn = {{}, token, std::nullopt};
  if (output.draw.logProbability) drawn.logProbability = logProbability(logits, token);
  return drawn;
}

static DrawnToken drawFromRow(const DrawTables::Output &output, std::span<const float> row, double random) {
  auto token = output.draw.sampler->sample(row, output.rules, random);
  return token ? drawnFrom(row, *token, output) : refused(token.status());
}

/// A row whose logits are no numbers has a status in place of a token: it is in its sequence all the same.
Status Session::drawTokens() {
  auto outputs = draws_.outputs();
  uint32_t vocabulary = model_->header().vocabulary();
  bool fromCandidates = program().entries()->Get(entry_)->source_columns() != 0;
  for (uint32_t i = 0; i < outputs.size(); ++i) {
    const DrawTables::Output &output = outputs[i];
    DrawnToken &drawn = tokens_[output.number];
    std::span<const float> row(wantedResult(i), resultColumns_);
    double random = output.draw.sampler->next();
    if (!fromCandidates) {
      drawn = drawFromRow(output, row, random);
      continue;
    }
    TopLogits top = TopLogits::of(row);
    auto token = output.draw.sampler->sample(top, output.rules, random);
    if (!token || *token) {
      drawn = token ? drawnFrom(top, **token, output) : refused(token.status());
      continue;
    }
    auto source = executor_->source(entry_, static_cast<int32_t>(i));
    if (!source) return source.status();
    drawn = drawFromRow(output, {*source, vocabulary}, random);
  }
  return {};
}

} // namespace lathe
