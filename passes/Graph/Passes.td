// Rewrites of a model that keep it a model.
#ifndef LATHE_GRAPH_PASSES_TD
#define LATHE_GRAPH_PASSES_TD

include "mlir/Pass/PassBase.td"

def PairGateUpPass : Pass<"lathe-pair-gate-up", "mlir::func::FuncOp"> {
  let summary = "compute the two linears of a gated MLP together";
  let description = [{
    `mul(activation(linear(x, gate)), linear(x, up))` becomes one linear with two weights, so that both products of a tile
    meet in one kernel, which then applies activation and product. Biases between linear and activation stay.

    ```mlir
    %g, %u = lathe.linear %x, [%gate, %up] : ...
    ```
  }];
}

def MergeLinearsPass : Pass<"lathe-merge-linears", "mlir::func::FuncOp"> {
  let summary = "make one linear of several that share their input";
  let description = [{
    Queries, keys and values: linears of one input whose weights are plain, of one encoding and used nowhere else become
    one linear over `lathe.concat`, with `lathe.split` behind it. Where all of them add a bias, the biases are
    concatenated too. Linears with several weights (see lathe-pair-gate-up) are left alone.
  }];
}

def FoldNormScalePass : Pass<"lathe-fold-norm-scale", "mlir::func::FuncOp"> {
  let summary = "fold the scale of a norm into the matrices behind it";
  let description = [{
    Refused where the norm's result is used by anything but linears, or a matrix is used elsewhere (tied embeddings).
    Off by default: folded scales widen the range of a matrix, which costs accuracy in int4.
  }];
}

def SetCacheTypePass : Pass<"lathe-set-cache-type", "mlir::ModuleOp"> {
  let summary = "choose the element type of growing states";
  let options = [Option<"type", "type", "std::string", "\"f32\"", "f32, bf16 or f16">];
}

def SetActivationTypePass : Pass<"lathe-set-activation-type", "mlir::func::FuncOp"> {
  let summary = "choose the element type of tensors between steps";
  let description = [{
    With bf16 or f16, what one step hands to the next (results of linears with their element-wise work, of norms, RoPE
    and attention) is rounded to it by an explicit `lathe.convert`; arithmetic within a step stays f32. Rotation tables,
    recurrences and results stay f32. In f16 what is beyond 65504 becomes infinite.
  }];
  let options = [Option<"type", "type", "std::string", "\"f32\"", "f32, bf16 or f16">];
}

def HoistSelectOutputsPass : Pass<"lathe-hoist-select-outputs", "mlir::func::FuncOp"> {
  let summary = "select the rows that want logits as early as possible";
  let description = [{
    Moves `select_outputs` in front of the row-wise work (norms, linears, element-wise ops) that only feeds it: of the
    last layer, only attention then runs for every row of a prompt.
  }];
}

def DropUnusedStatesPass : Pass<"lathe-drop-unused-states", "mlir::ModuleOp"> {
  let summary = "remove states that nothing reads, and the writes to them";
}

def QuantizeActivationsPass : Pass<"lathe-quantize-activations", "mlir::func::FuncOp"> {
  let summary = "quantize the input of linears whose weights are integers";
  let description = [{
    Inserts `lathe.quantize_rows` in front of linears whose weights have integer codes with scales of 1 x g blocks, with
    the same groups, or 1 x K blocks (per channel), with groups of `channel-group` columns. Linears of one input share it.
  }];
  let options = [
    Option<"channelGroup", "channel-group", "int64_t", "64", "columns of a group where weights have one scale a row">
  ];
}

def VerifyModelPass : Pass<"lathe-verify-model", "mlir::ModuleOp"> {
  let summary = "check what the model level promises to the phases behind it";
  let description = [{
    Every function is a forward pass: one block, one argument, the batch, and f32 results of rows x features. Each
    result is an entry point: the first has the function's name, others have one in `lathe.entry`. Only
    model-level ops stand in it, no packed weight and no dispatch; a state is written before attention reads it; rows,
    selected rows and sequences do not mix.
  }];
}

#endif
