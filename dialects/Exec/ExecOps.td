#ifndef EXEC_OPS_TD
#define EXEC_OPS_TD

include "Exec/ExecDialect.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/IR/RegionKindInterface.td"
include "Lathe/LatheTypes.td"

class Exec_Op<string mnemonic, list<Trait> traits = []> : Op<Exec_Dialect, mnemonic, traits>;

def Exec_ProgramOp : Exec_Op<"program", [Symbol, SymbolTable, IsolatedFromAbove, NoTerminator, SingleBlock]> {
  let summary = "everything one target runs";
  let description = [{
    Holds, in this order, the sequence states (`lathe.state`, their offsets planned), the stored weights, the kernels and
    the entry points. `max_rows` and `max_outputs` bound every call; the other sizes are in bytes.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, StrAttr:$target, I64Attr:$max_rows, I64Attr:$max_outputs,
                       DefaultValuedAttr<I64Attr, "0">:$arena_bytes, DefaultValuedAttr<I64Attr, "0">:$block_bytes,
                       DefaultValuedAttr<I64Attr, "0">:$fixed_bytes);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name `for` $target attr-dict-with-keyword $body";
}

def Exec_WeightOp : Exec_Op<"weight", [Symbol, IsolatedFromAbove, SingleBlock]> {
  let summary = "a weight that the artifact stores: the value of a weight expression";
  let description = [{
    ```mlir
    exec.weight @layers_0_q : !lathe.weight<64x64xf32, panel 64> {
      %0 = lathe.param "..." from "model" : !lathe.weight<64x64xf32>
      %1 = lathe.pack %0 : !lathe.weight<64x64xf32> -> !lathe.weight<64x64xf32, panel 64>
      lathe.yield %1 : !lathe.weight<64x64xf32, panel 64>
    }
    ```
    (C1) yields one value of its type.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<Lathe_WeightType>:$type);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name `:` $type attr-dict-with-keyword $body";
  let hasVerifier = 1;
}

def Exec_StateOp : Exec_Op<"state", [Symbol]> {
  let summary = "a sequence state and its planned offset in bytes: in a block (growing) or a slot's fixed states";
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<Lathe_StateType>:$type, I64Attr:$offset);
  let assemblyFormat = "$sym_name `at` $offset `:` $type attr-dict";
}

def Exec_KernelOp : Exec_Op<"kernel", [Symbol, IsolatedFromAbove, SingleBlock]> {
  let summary = "what one kernel computes, as ops of the model level";
  let description = [{
    The block's arguments are, in the order of the kernel's bindings, its inputs (slices appear as tensors, weights as
    themselves, states as `!lathe.state`, and at most one `!lathe.batch`, which takes no binding); the yielded values are
    written to the output slices, whose bindings follow the inputs'. `slices` gives the slice type behind each tensor
    argument and each result (unit for other arguments), in that order: strides are part of a kernel.
    Inside, ops that touch a state refer to the argument by `states`: symbol -> argument number.

    Kernels are shared: dispatches of equal bodies and slices launch the same one.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, Exec_RowDomain:$domain, ArrayAttr:$slices, DictionaryAttr:$states);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name `over` $domain `slices` $slices `states` $states attr-dict-with-keyword $body";
  let hasVerifier = 1;
}

def Exec_EntryOp : Exec_Op<"entry", [Symbol, SingleBlock, NoTerminator]> {
  let summary = "an entry point: dispatches in order; the result is the slice of `exec.result`";
  let arguments = (ins SymbolNameAttr:$sym_name);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name attr-dict-with-keyword $body";
  let hasVerifier = 1;
}

def Exec_SliceOp : Exec_Op<"slice", [Pure]> {
  let summary = "rows of the arena, from a byte offset on";
  let arguments = (ins I64Attr:$offset);
  let results = (outs Exec_SliceType:$result);
  let assemblyFormat = "$offset attr-dict `:` type($result)";
}

def Exec_UseOp : Exec_Op<"use", [Pure]> {
  let summary = "a weight or a state of the program, as an operand";
  let arguments = (ins FlatSymbolRefAttr:$symbol);
  let results = (outs AnyTypeOf<[Lathe_WeightType, Lathe_StateType]>:$result);
  let assemblyFormat = "$symbol attr-dict `:` type($result)";
}

def Exec_DispatchOp : Exec_Op<"dispatch", [AttrSizedOperandSegments, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "one kernel launch";
  let description = [{
    (C1) the kernel exists; (C2) inputs and outputs match its arguments and results in number and type.
    An output may be the slice of an input where the kernel reads each element before it writes it.
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel, Variadic<AnyType>:$inputs, Variadic<Exec_SliceType>:$outputs);
  let assemblyFormat = "$kernel `(` ($inputs^ `:` type($inputs))? `)` (`->` $outputs^ `:` type($outputs))? attr-dict";
}

def Exec_ResultOp : Exec_Op<"result"> {
  let summary = "the slice that holds the entry point's result";
  let description = [{
    With a source, the result says of the source's rows what is usually enough, row by row; the source stays in the
    arena for a runtime that needs more of it. (C1) both are f32, of one domain.
  }];
  let arguments = (ins Exec_SliceType:$slice, Optional<Exec_SliceType>:$source);
  let assemblyFormat = "$slice (`of` $source^)? attr-dict `:` type($slice) (`,` type($source)^)?";
  let hasVerifier = 1;
}

#endif
