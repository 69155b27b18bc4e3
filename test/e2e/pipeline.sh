# The user's own passes in place of the graph and compress phases: values come from the model that is compiled.
. "$(dirname "$0")/lib.sh"
model=$SOURCE/test/fixtures/llama-bf16-sharded
compile=("$LATHE" compile -q --variants avx2)

# The passes of the phases, by hand, give what the phases give.
succeeds "${compile[@]}" "$model" -o phases.lathe --weights int4
succeeds "${compile[@]}" "$model" -o passes.lathe --pipeline 'lathe-graph{cache-type=bf16},lathe-compress{weights=int4 quantize-activations=true}'
for part in --tensors --dispatches; do
  "$LATHE" inspect phases.lathe $part >phases && "$LATHE" inspect passes.lathe $part >passes
  diff phases passes || fail "the phases' own passes give another model"
done

# Every compressing pass measures, with and without the op that the pipeline is for.
for pipeline in \
  'builtin.module(lathe-graph,lathe-prune-weights{share=0.5 pattern=*down*},lathe-quantize-weights{weights=int4})' \
  'lathe-graph, lathe-prune-weights{threshold=0.01}, lathe-low-rank{energy=0.9 pattern=*down* force=true}, canonicalize' \
  'lathe-low-rank{rank=4 residual=int4 pattern=*down*}'; do
  succeeds "${compile[@]}" "$model" -o own.lathe --pipeline "$pipeline" --remarks
  grep -q 'relative error' err || fail "no error is measured by $pipeline"
  succeeds "$LATHE" run own.lathe "ab" --temp 0 -n 4 --ignore-eos -q
done

# An .mlir file takes them from --checkpoint, and says so where it has none.
succeeds "${compile[@]}" "$model" --compile-to graph -o graph.mlir
for pass in 'lathe-low-rank{energy=0.9}' 'lathe-quantize-weights{weights=int4}'; do
  refused 1 'needs the values of weights.*--checkpoint DIR' "${compile[@]}" graph.mlir --pipeline "$pass" --emit exec
  succeeds "${compile[@]}" graph.mlir --checkpoint "$model" --pipeline "$pass" --emit exec
done
refused 1 'is for lathe-opt' "${compile[@]}" "$model" -o x.lathe --pipeline "lathe-prune-weights{share=0.5 checkpoint=$model}"
refused 1 'builtin.module\(' "${compile[@]}" "$model" -o x.lathe --pipeline 'builtin.module(lathe-graph'
refused 1 'does not belong to a model' "${compile[@]}" "$model" -o x.lathe --pipeline 'lathe-pipeline'
[ -e x.lathe ] && fail "a refused pipeline left x.lathe"
finish
