// From the model to a program.
#ifndef LATHE_LOWER_PASSES_TD
#define LATHE_LOWER_PASSES_TD

include "mlir/Pass/PassBase.td"

def SplitEntriesPass : Pass<"lathe-split-entries", "mlir::ModuleOp"> {
  let summary = "give every result of a model a function of its own";
  let description = [{
    A function with several results (logits and, named by the result's attribute `lathe.entry`, hidden states) becomes one
    function for each, with the work that its result needs. Writes to states stay in all of them. What they share is
    shared again by lathe-to-exec: equal weights and equal kernels exist once in a program.
  }];
}

def PackWeightsPass : Pass<"lathe-pack-weights", "mlir::func::FuncOp"> {
  let summary = "give every matrix that a kernel reads the packed layout";
  let description = [{
    Inserts `lathe.pack` between a matrix and the `linear` and `embedding` ops that use it. A matrix with several
    users, such as tied embeddings, is packed and stored once.
  }];
  let dependentDialects = ["lathe::LatheDialect"];
}

def FormDispatchesPass : Pass<"lathe-form-dispatches", "mlir::func::FuncOp"> {
  let summary = "wrap each root op, with the work before and after it, into a dispatch";
  let description = [{
    A dispatch is what one kernel computes. Roots (linear, embedding, attention, pool, decay_scan, rope_table) start a
    dispatch each; `linear` and `embedding` take the element-wise ops behind them, a residual addition among them, and
    `linear` the quantization of its result where a group lies within one tile of columns. What is left forms row
    dispatches: selection, additions, one norm and quantization; RoPE of queries and keys with the write to the cache.
    Column splits stay between dispatches, as views. Every fusion made or missed is a remark.
  }];
  let dependentDialects = ["lathe::LatheDialect"];
}

def ToExecPass : Pass<"lathe-to-exec", "mlir::ModuleOp"> {
  let summary = "turn functions of dispatches into a program";
  let description = [{
    Weight expressions become `exec.weight`, equal ones once; dispatch bodies become `exec.kernel`, shared between
    dispatches of equal bodies and slices; functions become `exec.entry`. Each buffer gets arena bytes of its own;
    `lathe-plan-arena` makes them share.
  }];
  let options = [
    Option<"target", "target", "std::string", "\"cpu\"", "the target of the program">,
    Option<"maxRows", "max-rows", "int64_t", "512", "most rows (tokens) of one call">,
    Option<"maxOutputs", "max-outputs", "int64_t", "16", "most rows of one call that want logits">,
  ];
  let dependentDialects = ["lathe::LatheDialect", "lathe::exec::ExecDialect"];
}

def AddDrawPass : Pass<"lathe-add-draw", "lathe::exec::ProgramOp"> {
  let summary = "give a program an entry point that finds the likeliest tokens";
  let description = [{
    Adds `@draw` to a program that has `@step`: the same dispatches and one more, `lathe.top_logits`, whose result is the
    entry's; the logits are its source. A device that runs it copies a few hundred candidates to the host in place of a row
    of logits. The pipeline runs it for targets whose memory is not the host's. It comes behind lathe-to-exec, where an
    entry is a list: as a function of its own, the whole model would be lowered, and remarked upon, a third time.
  }];
  let options = [Option<"count", "count", "int64_t", "256", "how many tokens are found">];
  let dependentDialects = ["lathe::LatheDialect"];
}

def PlanArenaPass : Pass<"lathe-plan-arena", "lathe::exec::ProgramOp"> {
  let summary = "assign offsets in the arena and in the blocks of sequence states";
  let description = [{
    Buffers whose lifetimes do not meet share bytes (largest first, at the lowest offset that is free); an output takes
    the place of an input that dies in the same dispatch where the kernel reads each element before it writes it.
    Growing states are laid out one after another in a block of 64 positions, fixed-size ones in a slot.
  }];
}

def VerifyProgramPass : Pass<"lathe-verify-program", "mlir::ModuleOp"> {
  let summary = "check what the program level promises to code generation and to the runtime";
  let description = [{
    No model-level function is left; every slice lies in the arena, aligned; what a dispatch reads was written, as a
    whole, by a dispatch before it; sizes and offsets of states fit; kernels hold ops of the fusion contract only.
  }];
}

#endif
