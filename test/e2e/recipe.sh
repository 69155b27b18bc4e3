# An artifact names the recipe that gives its weights again, whatever led to them.
. "$(dirname "$0")/lib.sh"
model=$SOURCE/test/fixtures/llama-bf16-sharded
compile=("$LATHE" compile -q --variants avx2)

# weights FILE: name, encoding and bytes of each stored weight
weights() {
  "$LATHE" inspect "$1" --tensors --json >tensors.json
  python3 - "$1" <<'P'
import hashlib, json, sys
content = open(sys.argv[1], "rb").read()
for t in json.load(open("tensors.json"))["tensors"]:
    print(t["name"], t["encoding"], t["error"], hashlib.sha256(content[t["offset"]:t["offset"] + t["bytes"]]).hexdigest())
P
}

# again WHAT OPTIONS...: compiling with what inspect --recipe prints gives the same weights and the same recipe
again() {
  local what=$1
  shift
  succeeds "${compile[@]}" "$model" -o first.lathe "$@"
  succeeds "$LATHE" inspect first.lathe --recipe && cp out recipe
  grep -q ' -> ' recipe || fail "$what: no rule in the recipe"
  succeeds "${compile[@]}" "$model" -o second.lathe --recipe recipe
  weights first.lathe >first && weights second.lathe >second
  diff first second >/dev/null || fail "$what: its recipe gives other weights: $(diff first second | head -4) by $(cat recipe)"
  "$LATHE" inspect second.lathe --recipe | diff - recipe || fail "$what: its recipe gives another recipe"
}

for preset in f32 int8 int4; do again "$preset" --weights $preset; done
again "int4 by row" --weights int4 --group channel
again "as stored"
printf '%s\n' '*.0.*down* -> prune 0.3 int8 channel rtn' '*v_proj* -> <si6, block 1x16, scale <f32>>' \
  '*o_proj* -> nf4 group 32' 'lm_head* -> keep' '*gate* -> int3 group 32 affine' >own
again "a recipe" --recipe own --weights int4
again "passes" --pipeline 'lathe-graph,lathe-prune-weights{share=0.25 pattern=*down*},lathe-quantize-weights{weights=int4 group=32}'

# What no rule says is told, and the rest is still a recipe.
succeeds "${compile[@]}" "$model" -o factors.lathe --pipeline 'lathe-low-rank{rank=4 pattern=*down* force=true}'
succeeds "$LATHE" inspect factors.lathe --recipe && cp out recipe
grep -q '^# .*down_proj.weight: stored in a form that no rule asks for' recipe || fail "a factor of low rank is not told: $(cat recipe)"
grep -qx '\* -> bf16' recipe || fail "what is stored as it was is not told: $(cat recipe)"
succeeds "${compile[@]}" "$model" -o rest.lathe --recipe recipe

# A dump that was compiled on says the same as one compilation.
succeeds "${compile[@]}" "$model" --weights int4 --compile-to compress -o compress.mlir
succeeds "${compile[@]}" compress.mlir --checkpoint "$model" -o resumed.lathe
succeeds "${compile[@]}" "$model" --weights int4 -o direct.lathe
diff <("$LATHE" inspect resumed.lathe --recipe) <("$LATHE" inspect direct.lathe --recipe) || fail "going on gives another recipe"
succeeds "$LATHE" inspect direct.lathe
grep -q '^recipe .* -> int' out || fail "inspect shows no recipe"
succeeds "$LATHE" inspect direct.lathe --json
python3 -c 'import json; assert " -> int4 group 64\n" in json.load(open("out"))["model"]["recipe"]' || fail "inspect --json shows no recipe"

# The cache's type follows the weights, whichever way they were asked for.
for options in "--weights int4:bf16" "--recipe recipe:bf16" ":bf16" "--weights f32:f32" "--weights f32 --cache f16:f16"; do
  # shellcheck disable=SC2086
  succeeds "${compile[@]}" "$model" -o m.lathe ${options%:*}
  "$LATHE" inspect m.lathe | grep -q "cache ${options#*:}" || fail "the cache of '${options%:*}' is not ${options#*:}"
done

# What integers can't be multiplied in is told before weights are read.
echo '*down* -> int6 group 8' >narrow
refused 1 'down_proj.*int6 group 8.*multiple of 16 columns' "${compile[@]}" "$model" -o x.lathe --recipe narrow
succeeds "${compile[@]}" "$model" -o m.lathe --recipe narrow --activations f32

# Options that nothing would come of.
refused 1 'integer weights' "${compile[@]}" "$model" -o x.lathe --weights bf16 --group 32
for option in '--weights int4' '--recipe recipe' '--activations f32' '--cache f32'; do
  # shellcheck disable=SC2086
  refused 1 "${option%% *} is for the phases" "${compile[@]}" "$model" -o x.lathe --pipeline lathe-graph $option
done
refused 2 'excludes' "${compile[@]}" "$model" --compile-to graph --emit asm
[ -e x.lathe ] && fail "a refused command left x.lathe"
finish
