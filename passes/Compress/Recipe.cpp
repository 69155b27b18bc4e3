#include "Compress/Recipe.h"

using namespace lathe;
using llvm::StringRef;

std::optional<Recipe> Recipe::parse(StringRef text, int64_t group, mlir::MLIRContext *context,
                                    std::string &error) {
  Recipe recipe;
  unsigned number = 0;
  llvm::SmallVector<StringRef> lines;
  text.split(lines, '\n');
  for (StringRef line : lines) {
    ++number;
    auto fail = [&](const std::string &what) {
      error = "line " + std::to_string(number) + " of the recipe: " + what;
      return std::nullopt;
    };
    llvm::SmallVector<StringRef> rules;
    line.split('#').first.split(rules, ';');
    for (StringRef rule : rules) {
      rule = rule.trim();
      if (rule.empty()) continue;
      auto [pattern, encoding] = rule.split("->");
      pattern = pattern.trim();
      if (pattern.empty() || !rule.contains("->"))
        return fail("expected \"PATTERN -> ENCODING\", got \"" + rule.str() + "\"");
      auto glob = llvm::GlobPattern::create(pattern);
      if (!glob) return fail("\"" + pattern.str() + "\" is no pattern: " + llvm::toString(glob.takeError()));
      std::string why;
      std::optional<EncodingChoice> choice = parseEncoding(encoding, group, context, why);
      if (!choice) return fail(why);
      recipe.rules_.push_back({pattern.str(), std::move(*glob), *choice, number});
    }
  }
  return recipe;
}

const RecipeRule *Recipe::find(StringRef name) const {
  for (const RecipeRule &rule : rules_)
    if (rule.glob.match(name)) return &rule;
  return nullptr;
}
