# Damaged checkpoints and artifacts, senseless options: a clear message, a failing status, no output.
. "$(dirname "$0")/lib.sh"
model=$SOURCE/test/fixtures/llama-bf16-sharded

# damaged NAME: a copy of the checkpoint to be damaged
damaged() { rm -rf "$1" && cp -r "$model" "$1" && chmod -R u+w "$1"; }
refusedCompile() {
  refused 1 "$2" "$LATHE" compile "$1" -o out.lathe -q
  compgen -G 'out.lathe*' >/dev/null && { fail "$1 left $(echo out.lathe*)"; rm -f out.lathe*; }
}

refusedCompile nowhere 'nowhere'
mkdir empty && refusedCompile empty 'config.json'
damaged json && head -c 100 "$model/config.json" >json/config.json && refusedCompile json 'config.json'
damaged key && sed -i 's/"rms_norm_eps"/"attention_sink": true, "rms_norm_eps"/' key/config.json && refusedCompile key 'attention_sink'
damaged family && sed -i 's/"llama"/"mystery"/; s/LlamaForCausalLM/MysteryModel/' family/config.json && refusedCompile family 'mystery|Mystery'
damaged shape && sed -i -E 's/"hidden_size": [0-9]+/"hidden_size": 96/' shape/config.json && refusedCompile shape '[0-9]'
damaged shard && rm shard/model-00002-of-00002.safetensors && refusedCompile shard 'model-00002'
damaged cut && truncate -s -64 cut/model-00001-of-00002.safetensors && refusedCompile cut 'model-00001'
damaged header && printf '\377\377\377\377\377\377\377\177' | dd of=header/model-00001-of-00002.safetensors conv=notrunc status=none &&
  refusedCompile header 'model-00001'
damaged tokenizer && head -c 500 "$model/tokenizer.json" >tokenizer/tokenizer.json && refusedCompile tokenizer 'tokenizer.json'
echo 'module { this is no IR }' >broken.mlir && refusedCompile broken.mlir 'broken.mlir'
printf 'x' >text.txt && refusedCompile text.txt 'text.txt'

succeeds "$LATHE" compile "$model" -o good.lathe -q
refused 1 'nowhere' "$LATHE" compile "$model" -o nowhere/out.lathe -q
size=$(stat -c %s good.lathe)
for part in 0 100 $((size / 2)) $((size - 1)); do
  head -c "$part" good.lathe >cut.lathe
  for command in "run cut.lathe a" "inspect cut.lathe" "bench cut.lathe" "eval cut.lathe text.txt"; do
    # shellcheck disable=SC2086
    refused 1 'cut.lathe' "$LATHE" $command
  done
done
# A flipped byte is refused, or found by --verify, or lies in padding; it never crashes.
for step in $(seq 1 60); do
  cp good.lathe flipped.lathe
  at=$((size * step / 61))
  printf '\245' | dd of=flipped.lathe bs=1 seek="$at" conv=notrunc status=none
  run timeout 60 "$LATHE" inspect flipped.lathe --verify --tensors --dispatches --remarks -q
  [ "$status" -le 1 ] || fail "inspect: status $status with byte $at changed"
  if [ "$status" -eq 0 ] || ! grep -q 'hash\|damaged\|corrupt' err; then continue; fi
done
cp "$SOURCE/docs/architecture.md" other.lathe
refused 1 'other.lathe' "$LATHE" run other.lathe a

for command in "" "frobnicate" "run" "run good.lathe a --no-such" "run good.lathe a --temp x" "run good.lathe a --ctx 0" \
  "run good.lathe a -n -3" "run good.lathe a --stop" "compile $model" "compile $model -o x.lathe --weights int5" \
  "compile $model -o x.lathe --compile-to nowhere" "bench good.lathe --prefill 0" "eval good.lathe"; do
  # shellcheck disable=SC2086
  refused 2 '.' "$LATHE" $command
done
refused 2 'empty' "$LATHE" run good.lathe a --stop ""
refused 2 "no command 'runn'; did you mean 'run'" "$LATHE" runn good.lathe a
refused 2 "no option '--tmep'; did you mean '--temp'" "$LATHE" run good.lathe a --tmep 0
refused 2 "'b' is one argument too many" "$LATHE" run good.lathe a b
refused 2 'negative' "$LATHE" run good.lathe a --seed -1
refused 2 'above 0' "$LATHE" run good.lathe a --top-p 0
refused 2 'not in range' "$LATHE" bench good.lathe --decode -1
refused 2 'excludes' "$LATHE" compile "$model" --emit asm --compile-to graph
refused 1 'the prompt has [0-9]+ tokens, the context is 4: shorten it, or raise --ctx' "$LATHE" run good.lathe abcdefgh --ctx 4
refused 1 'standard output: ' bash -c '"$0" run good.lathe a -n 1 -q >/dev/full' "$LATHE"
for command in "run good.lathe a --variant mmx" "run good.lathe a --ctx 16000000" "run good.lathe a --temp -1" "run nowhere.lathe a" \
  "run . a" "eval good.lathe nowhere.txt" "embed good.lathe a" "compile $model -o x.lathe --recipe nowhere" \
  "compile $model -o x.lathe --variants mmx -q" "compile $model -o x.lathe --pipeline nonsense -q"; do
  # shellcheck disable=SC2086
  refused 1 '^lathe: |error' "$LATHE" $command
done
[ -e x.lathe ] && fail "a refused command left x.lathe"
finish
