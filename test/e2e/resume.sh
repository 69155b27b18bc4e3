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
  succeeds "$LATHE" compile "$phase.mlir" --weights int8 --checkpoint "$model" --variants avx2 -o "$phase.lathe" -q
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
refused 1 '(later|phase)' "$LATHE" compile lower.mlir --compile-to graph -o back.mlir
finish
