#include "Runtime/Candidates.h"

#include <cmath>
#include <limits>

namespace lathe {

static constexpr float kInfinity = std::numeric_limits<float>::infinity();

static Status noNumbers() {
  return Status(Code::InvalidArgument, "the logits hold NaN or infinity, or are all minus infinity");
}

TopLogits TopLogits::of(std::span<const float> row) {
  size_t count = (row.size() - 3) / 2;
  auto sums = row.subspan(2 * count);
  return {row.first(count), row.subspan(count, count), sums[0], sums[1], sums[2]};
}

void Candidates::add(int32_t token, float logit, const TokenRules &rules, float penalty) {
  if (logit == -kInfinity || (!rules.allowed.empty() && !contains(rules.allowed, token))) return;
  if (!rules.penalized.empty() && contains(rules.penalized, token)) {
    float changed = logit > 0 ? logit / penalty : logit * penalty;
    logit = std::clamp(changed, std::numeric_limits<float>::lowest(), std::numeric_limits<float>::max());
  }
  largest_ = list_.empty() ? logit : std::max(largest_, logit);
  list_.push_back({token, logit});
}

static Status noneAllowed() {
  return Status(Code::InvalidArgument, "none of the allowed tokens has a probability");
}

Status Candidates::load(std::span<const float> row, const TokenRules &rules, float penalty) {
  list_.clear();
  sorted_ = 0;
  complete_ = true;
  bool bad = false, any = false;
  for (size_t i = 0; i < row.size(); ++i) {
    bad |= !(row[i] <= std::numeric_limits<float>::max());
    any |= row[i] != -kInfinity;
    add(static_cast<int32_t>(i), row[i], rules, penalty);
  }
  if (bad || !any) return noNumbers();
  return list_.empty() ? noneAllowed() : Status();
}

Status Candidates::load(const TopLogits &top, const TokenRules &rules, float penalty) {
  list_.clear();
  sorted_ = 0;
  if (!(top.mass > 0)) return noNumbers();
  size_t count = 0;
  for (; count < top.tokens.size() && top.tokens[count] != -1; ++count) {
    float token = top.tokens[count];
    if (!(token >= 0 && token < static_cast<float>(vocabulary_)) || !std::isfinite(top.logits[count]))
      return Status(Code::Internal, "the device gave a token that does not exist");
    add(static_cast<int32_t>(token), top.logits[count], rules, penalty);
  }
  complete_ = count < top.tokens.size() || count == vocabulary_;
  total_ = top.total;
  return list_.empty() ? noneAllowed() : Status();
}

/// In growing pieces: usually the first one is enough.
void Candidates::sort(size_t count) {
  count = std::min(list_.size(), std::max({count, 4 * sorted_, size_t(64)}));
  auto at = [&](size_t index) { return list_.begin() + static_cast<ptrdiff_t>(index); };
  std::partial_sort(at(sorted_), at(count), list_.end(), [](const Candidate &a, const Candidate &b) {
    return a.logit != b.logit ? a.logit > b.logit : a.token < b.token;
  });
  sorted_ = count;
}

double Candidates::weight(const Candidate &candidate, float temperature) const {
  // The difference first: it is at most 0, so no temperature overflows it.
  return std::exp(double((candidate.logit - largest_) / temperature));
}

double Candidates::total(float temperature) const {
  if (!complete_) return total_;
  double sum = 0;
  for (const Candidate &candidate : list_) sum += weight(candidate, temperature);
  return sum;
}

} // namespace lathe
