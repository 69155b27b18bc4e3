#include "Compiler/EffectiveRecipe.h"

#include "Compress/Encodings.h"
#include "Compress/Matrices.h"

#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace lathe;

namespace {

/// Whether a rule finds this as a matrix to choose for: params, put together.
bool isChosenFrom(Value weight) {
  Operation *op = weight.getDefiningOp();
  if (isa<ParamOp>(op)) return true;
  return isa<ConcatOp, TransposeOp, RowsOp>(op) && llvm::all_of(op->getOperands(), isChosenFrom);
}

/// What a rule says of a stored matrix; nothing where none can.
std::optional<EncodingChoice> choiceOf(Value weight) {
  EncodingChoice choice;
  if (auto quantize = weight.getDefiningOp<QuantizeOp>()) {
    choice = {quantize.getResult().getType().getEncoding(), quantize.getClip()};
    weight = quantize.getWeight();
  }
  if (auto prune = weight.getDefiningOp<PruneOp>()) {
    if (!prune.getShare()) return std::nullopt;
    choice.pruned = prune.getShare()->convertToDouble();
    weight = prune.getWeight();
  }
  if (!isChosenFrom(weight)) return std::nullopt;
  // Said by name rather than as "keep", since another checkpoint of this model may be stored otherwise.
  EncodingAttr stored = cast<WeightType>(weight.getType()).getEncoding();
  if (!choice.encoding && stored.isPlain()) choice.encoding = stored;
  return choice;
}

/// A name as a pattern that matches it, in a line where some characters mean something.
std::string patternOf(StringRef name) {
  std::string pattern = name.str();
  for (char &c : pattern)
    if (StringRef("*?[]{}\\;#>").contains(c) || isspace(static_cast<unsigned char>(c))) c = '?';
  return pattern;
}

} // namespace

std::string lathe::describeRecipe(exec::ProgramOp program) {
  llvm::MapVector<StringRef, std::string> rules; // of each name; empty: no rule asks for it
  std::vector<std::vector<std::string>> names;   // keep what `rules` refers to
  for (auto stored : program.getBody().getOps<exec::WeightOp>()) {
    if (cast<WeightType>(stored.getType()).isVector()) continue;
    Value weight = stored.getBody().front().getTerminator()->getOperand(0);
    if (auto pack = weight.getDefiningOp<PackOp>()) weight = pack.getWeight();
    std::optional<EncodingChoice> choice = choiceOf(weight);
    std::string text = choice ? describeChoice(*choice) : "";
    names.push_back(paramNames(weight));
    for (const std::string &name : names.back()) {
      auto [known, isNew] = rules.insert({name, text});
      // One param in two matrices, which a recipe can't tell apart.
      if (!isNew && known->second != text) known->second.clear();
    }
  }
  llvm::MapVector<StringRef, unsigned> counts;
  for (const auto &[name, text] : rules)
    if (!text.empty()) ++counts[text];
  const auto *most = llvm::max_element(counts, [](auto &a, auto &b) { return a.second < b.second; });
  std::string recipe;
  for (const auto &[name, text] : rules) {
    if (text.empty())
      recipe += "# " + name.str() + ": stored in a form that no rule asks for\n";
    else if (text != most->first)
      recipe += patternOf(name) + " -> " + text + "\n";
  }
  if (most != counts.end()) recipe += "* -> " + most->first.str() + "\n";
  return recipe;
}
