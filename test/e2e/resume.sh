# Dump the IR of a phase, edit it, go on: the same model, or what the edit says.
. "$(dirname "$0")/lib.sh"
model=$SOURCE/test/fixtures/llama-bf16-sharded

succeeds "$LATHE" compile "$model" -o direct.lathe --weights int8 --variants avx2 -q
head -c 500 "$SOURCE/docs/architecture.md" >text
# Weights, launches and what the model says; remarks of phases that ran in another compilation are not here.
describe() {
  "$LATHE" inspect "$1" --tensors --dispatches && "$LATHE" eval "$1" text -q
}
describe direct.lathe >direct
for phase in import graph compress lower; do
  succeeds "$LATHE" compile "$model" --weights int8 --compile-to "$phase" -o "$phase.mlir" -q
  case $phase in import | graph) weights="--weights int8" ;; *) weights= ;; esac
  # shellcheck disable=SC2086
  succeeds "$LATHE" compile "$phase.mlir" $weights --checkpoint "$model" --variants avx2 -o "$phase.lathe" -q
  describe "$phase.lathe" >resumed
  diff direct resumed || fail "going on behind $phase gives another model"
done

# The scale of attention is a number in the dump. At zero every token looks at all before it alike.
sed -E 's/ scale [0-9.eE+-]+/ scale 0.0/' graph.mlir >edited.mlir
cmp -s graph.mlir edited.mlir && fail "the edit changed nothing"
succeeds "$LATHE" compile edited.mlir --weights int8 --checkpoint "$model" --variants avx2 -o edited.lathe -q
describe edited.lathe >edited
cmp -s edited direct && fail "the edit changed nothing in what the model says"

# An edit that makes no sense is refused where it is.
sed -E '0,/heads [0-9]+/s//heads 7/' graph.mlir >broken.mlir
refused 1 'broken.mlir":[0-9]+:' "$LATHE" compile broken.mlir --weights int8 --checkpoint "$model" -o broken.lathe -q
[ -e broken.lathe ] && fail "a refused module left an artifact"

# What a phase that is over would have read.
echo '* -> int8' >recipe
for option in graph:--cache=f32 graph:--activations=bf16 compress:--weights=int8 compress:--recipe=recipe compress:--activations=f32 \
  lower:--max-rows=64 lower:--pipeline=cse lower:--weights=int8; do
  name=${option#*:}
  refused 1 "${option%%:*}.mlir: ${name%%=*}.* has no effect behind the ${option%%:*} phase" \
    "$LATHE" compile "${option%%:*}.mlir" "$name" --checkpoint "$model" -o over.lathe -q
done
refused 1 '--checkpoint is for an .mlir file' "$LATHE" compile "$model" --checkpoint "$model" -o over.lathe -q
[ -e over.lathe ] && fail "a refused option left an artifact"
succeeds "$LATHE" compile graph.mlir --activations f32 --weights int8 --checkpoint "$model" --variants avx2 -o floats.lathe -q
refused 1 '(later|phase)' "$LATHE" compile lower.mlir --compile-to graph -o back.mlir
finish
