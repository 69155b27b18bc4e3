// How the matrices of a program are stored, as a recipe.
#pragma once

#include "Exec/ExecDialect.h"

#include <string>

namespace lathe {

/// The recipe (passes/Compress/Recipe.h) that gives these weights again, whatever led to them: a preset, a
/// recipe, passes of the user's own, an edited dump. One rule a line: the names that differ from most, then
/// `*` for the rest. A weight that no rule can ask for, such as a factor of low rank, is a line of comment.
/// Empty where there are no matrices.
std::string describeRecipe(exec::ProgramOp program);

} // namespace lathe
