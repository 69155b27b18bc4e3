// Weights in fewer bits, as expressions.
#ifndef LATHE_COMPRESS_PASSES_TD
#define LATHE_COMPRESS_PASSES_TD

include "mlir/Pass/PassBase.td"

def QuantizeWeightsPass : Pass<"lathe-quantize-weights", "mlir::ModuleOp"> {
  let summary = "choose an encoding for every matrix that kernels read";
  let description = [{
    Inserts `lathe.quantize` between a plain matrix and the `linear` and `embedding` ops that use it. The first rule of
    the recipe that matches the name of a matrix decides; what no rule matches follows `weights`:

    - `keep`: as the checkpoint stores it;
    - `f32`, `f16`, `bf16`: every matrix in that type;
    - `int8`: every matrix in 8 bits, a scale for each row or, with `group`, for each group of columns;
    - `int4`: tables and the head in int8 with a scale for each row; other matrices in groups of `group` columns, with
      the scale of least squared error. Matrices that lose more than the others get 5, 6 or 8 bits: where the relative
      error exceeds 1.35 times the median, or 0.13 in groups of at most 128.

    A matrix of several parts takes one encoding, as do matrices that one linear takes together; where rules disagree,
    the one of more bits wins. Vectors become f32: they are few bytes, and kernels read them as they are. Each matrix
    gets a remark with the error that it pays (on a sample of 512 rows) and the bytes that it saves. With
    `integer-products` an encoding whose integer codes can't be multiplied by int8 activations is refused: its groups must
    be whole units of the packed layout.

    Recipe, one rule a line (or between semicolons), `#` for comments: `PATTERN -> ENCODING`, a glob over the names of params
    and a preset (`int2` .. `int8` with `group N`, `channel` or `tensor`, `affine`, `mse` or `rtn`, `bitmap`; `nf4`, `mxfp4`,
    `q4_k`, `f32`, `f16`, `bf16`, `keep`) or an encoding in `< >`; `prune SHARE` before it sets the smallest magnitudes to zero
    first.
  }];
  let options = [
    Option<"weights", "weights", "std::string", "\"keep\"", "keep, f32, f16, bf16, int8 or int4">,
    Option<"group", "group", "std::string", "\"\"", "columns that share a scale: a number, or channel">,
    Option<"recipe", "recipe", "std::string", "\"\"", "rules, PATTERN -> ENCODING, in lines or between semicolons">,
    Option<"checkpoint", "checkpoint", "std::string", "\"\"", "the folder that params come from, in lathe-opt">,
    Option<"threads", "threads", "unsigned", "0", "threads that read weights; 0: one for each CPU">,
    Option<"integerProducts", "integer-products", "bool", "false",
           "products will be of int8 activations where codes are integers">,
  ];
  let dependentDialects = ["lathe::LatheDialect"];
}

def PruneWeightsPass : Pass<"lathe-prune-weights", "mlir::ModuleOp"> {
  let summary = "set the smallest magnitudes of matrices to zero";
  let description = [{
    Inserts `lathe.prune` in front of what becomes of a plain matrix whose name matches `pattern`: to a `share` of its
    elements, or below a `threshold`. `lathe-quantize-weights` behind it with a `bitmap` encoding stores only what is left.
    A remark tells what it costs in error, and warns where the storage would not shrink: a bitmap takes a bit for every
    element, and zeros save no time on a CPU.
  }];
  let options = [
    Option<"share", "share", "double", "-1", "share of the elements that become zero, in [0, 1)">,
    Option<"threshold", "threshold", "double", "-1", "magnitude below which elements become zero">,
    Option<"pattern", "pattern", "std::string", "\"*\"", "a glob over the names of params">,
    Option<"checkpoint", "checkpoint", "std::string", "\"\"", "the folder that params come from, in lathe-opt">,
    Option<"threads", "threads", "unsigned", "0", "threads that read weights; 0: one for each CPU">,
  ];
  let dependentDialects = ["lathe::LatheDialect"];
}

def LowRankPass : Pass<"lathe-low-rank", "mlir::ModuleOp"> {
  let summary = "replace a product by two of a low rank";
  let description = [{
    Rewrites `linear(x, W)` of a matrix whose name matches `pattern` into `linear(linear(x, R), L)` with W ~ L R of the
    given `rank`, or of the least rank that keeps the share `energy` of the squared singular values. Done where it
    saves elements, N K > r (N + K), or with `force`. With `residual` W itself stays, in the encoding named by it, and L R
    makes up for what that encoding loses: W ~ Q + L R.
  }];
  let options = [
    Option<"rank", "rank", "int64_t", "0", "the rank; 0: from the energy">,
    Option<"energy", "energy", "double", "0", "share of the squared singular values to keep, in (0, 1)">,
    Option<"pattern", "pattern", "std::string", "\"*\"", "a glob over the names of params">,
    Option<"residual", "residual", "std::string", "\"\"", "encoding of W where L R is a correction">,
    Option<"force", "force", "bool", "false", "also where nothing is saved">,
    Option<"checkpoint", "checkpoint", "std::string", "\"\"", "the folder that params come from, in lathe-opt">,
    Option<"threads", "threads", "unsigned", "0", "threads that read weights; 0: one for each CPU">,
  ];
  let dependentDialects = ["lathe::LatheDialect"];
}

#endif
