// A recipe: which matrices are stored how, by name.
#pragma once

#include "Compress/Encodings.h"

#include "llvm/Support/GlobPattern.h"

namespace lathe {

/// One line: `*.down_proj.weight -> int8 channel`.
struct RecipeRule {
  std::string pattern; ///< a glob over the names of params; `*` also matches dots
  llvm::GlobPattern glob;
  EncodingChoice choice;
  unsigned line;
};

class Recipe {
public:
  /// Rules in lines (or between semicolons); `#` starts a comment. `group` is that of integers that name
  /// none. `error` names the line and says what is allowed.
  static std::optional<Recipe> parse(llvm::StringRef text, int64_t group, mlir::MLIRContext *context,
                                     std::string &error);

  /// The first rule that matches a name; null where none does.
  const RecipeRule *find(llvm::StringRef name) const;
  llvm::ArrayRef<RecipeRule> rules() const { return rules_; }

private:
  std::vector<RecipeRule> rules_;
};

} // namespace lathe
