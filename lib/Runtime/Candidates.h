// The tokens that may come next, from the likeliest on.
#pragma once

#include "Runtime/TokenSet.h"
#include "Support/Status.h"

#include <vector>

namespace lathe {

/// Which tokens a draw changes or leaves out; an empty set changes nothing, and allows all.
struct TokenRules {
  TokenBits penalized; ///< the distinct tokens of the history
  TokenBits allowed;
};

/// What a device found in a row of logits: the result of `lathe.top_logits`, one row.
struct TopLogits {
  std::span<const float> tokens; ///< ids, from the likeliest behind the rules; -1 behind the last one
  std::span<const float> logits; ///< of these tokens, as the row has them
  float total;                   ///< sum of exp((x - largest x) / temperature) over what the rules leave
  float largest, mass; ///< of the row as it is: the largest logit, sum of exp(x - largest) or 0, where
                       ///< the row holds NaN or +infinity, or nothing above -infinity

  /// From a row of 2 * count + 3 numbers.
  static TopLogits of(std::span<const float> row);
};

struct Candidate {
  int32_t token;
  float logit; ///< behind the penalty
};

/// A list in the order of logits, ties by id, that is sorted only as far as it is looked at. Memory for one
/// vocabulary, taken once.
class Candidates {
public:
  explicit Candidates(uint32_t vocabulary) : vocabulary_(vocabulary) { list_.reserve(vocabulary); }

  /// Every token of a row whose logit is above -infinity. Fails with InvalidArgument where a logit is NaN or
  /// +infinity, or none is left.
  Status load(std::span<const float> row, const TokenRules &rules, float penalty);
  /// What a device found. The penalty is computed anew from the logits, so that the same token has the same
  /// weight wherever it was found.
  Status load(const TopLogits &top, const TokenRules &rules, float penalty);

  uint32_t vocabulary() const { return vocabulary_; }
  /// Of the list, which holds every token that has a probability where it is complete.
  size_t size() const { return list_.size(); }
  bool complete() const { return complete_; }
  /// The `index`-th likeliest.
  const Candidate &operator[](size_t index) {
    if (index >= sorted_) sort(index + 1);
    return list_[index];
  }
  /// exp((logit - largest) / temperature): 1 for the likeliest.
  double weight(const Candidate &candidate, float temperature) const;
  /// The sum of all tokens' weights, of those too that the list does not hold.
  double total(float temperature) const;

private:
  void add(int32_t token, float logit, const TokenRules &rules, float penalty);
  void sort(size_t count);

  uint32_t vocabulary_;
  std::vector<Candidate> list_;
  size_t sorted_ = 0;
  bool complete_ = true;
  float largest_ = 0;
  double total_ = 0; ///< where the list is not complete
};

} // namespace lathe
