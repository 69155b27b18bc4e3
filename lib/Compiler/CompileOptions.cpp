#include "Compiler/CompileOptions.h"

#include "Compress/Recipe.h"

using namespace mlir;
using namespace lathe;

Status lathe::checkOptions(const CompileOptions &options) {
  auto refuse = [](const std::string &text) { return Status(Code::InvalidArgument, text); };
  if (!options.pipeline.empty())
    for (const auto &[name, value] : {std::pair("--weights", options.weights),
                                      {"--group", options.group},
                                      {"--recipe", options.recipe},
                                      {"--activations", options.activations},
                                      {"--cache", options.cache}})
      if (!value.empty())
        return refuse(std::string(name) +
                      " is for the phases that --pipeline takes the place of: give it to a pass "
                      "there, as in lathe-compress{weights=int4}");
  bool integers = options.weights == "int8" || options.weights == "int4" || !options.recipe.empty();
  if (!options.group.empty() && !integers)
    return refuse("--group is for integer weights: give --weights int8 or int4, or a recipe");
  if (options.compileTo && options.emit != Emit::Artifact)
    return refuse("--compile-to writes the IR behind a phase, --emit another form: give one of them");
  return {};
}

Status lathe::checkStart(const CompileOptions &options, Phase behind) {
  struct {
    const char *name;
    bool given;
    Phase phase; ///< the last one that reads it
  } all[] = {{"--cache", !options.cache.empty(), Phase::Graph},
             {"--activations", !options.activations.empty(),
              hasNarrowActivations(options) ? Phase::Graph : Phase::Compress},
             {"--weights", !options.weights.empty(), Phase::Compress},
             {"--group", !options.group.empty(), Phase::Compress},
             {"--recipe", !options.recipe.empty(), Phase::Compress},
             {"--pipeline", !options.pipeline.empty(), Phase::Lower},
             {"--max-rows", options.maxRows != 0, Phase::Lower},
             {"--max-outputs", options.maxOutputs != 0, Phase::Lower}};
  for (const auto &option : all)
    if (option.given && option.phase <= behind)
      return Status(Code::InvalidArgument, options.model + ": " + option.name + " has no effect behind the " +
                                               stringifyPhase(behind).str() +
                                               " phase: give it where that dump is made, or leave it out");
  return {};
}

bool lathe::hasNarrowActivations(const CompileOptions &options) {
  return options.activations == "bf16" || options.activations == "f16";
}

static bool isF32(EncodingAttr encoding) { return encoding.isPlain() && encoding.getCodes().isF32(); }

std::string lathe::defaultCacheType(const CompileOptions &options, ModuleOp module) {
  bool storedNarrow = false;
  module.walk([&](ParamOp param) {
    WeightType type = param.getResult().getType();
    storedNarrow |= !type.isVector() && !isF32(type.getEncoding());
  });
  std::string error; // of a recipe that is wrong; lathe-quantize-weights tells it
  std::optional<Recipe> recipe = Recipe::parse(options.recipe, 64, module.getContext(), error);
  bool narrow = false, everything = false;
  if (recipe)
    for (const RecipeRule &rule : recipe->rules()) {
      narrow |= rule.choice.encoding ? !isF32(rule.choice.encoding) : storedNarrow;
      everything |= rule.pattern == "*";
    }
  if (!everything) narrow |= options.weights.empty() ? storedNarrow : options.weights != "f32";
  return narrow ? "bf16" : "f32";
}
