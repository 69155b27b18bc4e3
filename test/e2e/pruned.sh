# Pruned weights: stored as what is left of them, and computed to the same numbers as with their zeros.
. "$(dirname "$0")/lib.sh"
model=$SOURCE/test/fixtures/llama-bf16-sharded

echo '*.weight -> prune 0.75 int8' >dense.recipe
echo '*.weight -> prune 0.75 int8 bitmap' >bitmap.recipe
for form in dense bitmap; do
  succeeds "$LATHE" compile "$model" -o $form.lathe --recipe $form.recipe --remarks
done
grep -q 'stored with its zeros: an embedding reads it' err || fail "nothing says that the table has no bitmap"
[ "$(stat -c %s bitmap.lathe)" -lt "$(stat -c %s dense.lathe)" ] || fail "a bitmap makes the file no smaller"
succeeds "$LATHE" inspect bitmap.lathe --verify

head -c 2000 "$SOURCE/docs/architecture.md" >text
for form in dense bitmap; do
  succeeds "$LATHE" run $form.lathe "ab" --temp 0 -n 20 --ignore-eos -q && cp out $form.run
  succeeds "$LATHE" eval $form.lathe text --ctx 64 --stride 32 --json && cp out $form.eval
done
cmp -s dense.run bitmap.run || fail "a bitmap continues with another text"
cmp -s dense.eval bitmap.eval || fail "a bitmap gives another perplexity"

# Weight bytes are not trusted: whatever they are, the program ends by itself.
"$LATHE" inspect bitmap.lathe --json >inspected
for seed in 1 2 3; do
  python3 - $seed <<'PY'
import json, random, sys
random.seed(int(sys.argv[1]))
data = bytearray(open("bitmap.lathe", "rb").read())
count = json.load(open("inspected"))["model"]["weight_bytes"]
data[4096 : 4096 + count] = b"\xff" * count if sys.argv[1] == "3" else random.randbytes(count)
open("damaged.lathe", "wb").write(data)
PY
  for variant in $(variants damaged.lathe); do
    run timeout 60 "$LATHE" run damaged.lathe "ab" --variant $variant --temp 0 -n 5 --ignore-eos -q
    [ "$status" -lt 124 ] || fail "damaged weights end the program with status $status"
  done
done

# The same by passes: pruning first, then an encoding for what is left.
succeeds "$LATHE" compile "$model" -o passes.lathe -q \
  --pipeline "lathe-graph, lathe-prune-weights{share=0.75 pattern=*_proj.weight}, lathe-quantize-weights{recipe='*_proj.weight -> int8 bitmap'}"
"$LATHE" inspect passes.lathe --tensors | grep -q bitmap || fail "the passes leave no bitmap"
succeeds "$LATHE" run passes.lathe "ab" --temp 0 -n 5 --ignore-eos -q
finish
