# Each command does what its help says, for people and for programs.
. "$(dirname "$0")/lib.sh"
model=$SOURCE/test/fixtures/llama-bf16-sharded

for command in compile run eval embed bench inspect; do
  succeeds "$LATHE" $command --help
  grep -q 'Examples:' out || fail "$command --help shows no examples"
done
succeeds "$LATHE" --version

succeeds "$LATHE" compile "$model" -o m.lathe --weights int4 --remarks
grep -q 'bits per weight' err || fail "compile does not say how large the result is"
json() { python3 -c 'import json, sys; json.load(open("out"))' || fail "no JSON: $*"; }

succeeds "$LATHE" run m.lathe "ab" --temp 0 -n 5 --ignore-eos --json && json run
grep -q '"ended": "length"' out || fail "run does not say why it ended"
grep -q '"new_tokens": 5' out || fail "run -n 5 makes another number of tokens"
succeeds "$LATHE" run m.lathe "ab" --temp 0 -n 0 --echo -q
grep -qx 'ab' out || fail "--echo -n 0 prints '$(cat out)', not the prompt"
printf 'ab\n' | "$LATHE" run m.lathe - --temp 0 -n 0 --echo -q >out 2>err
grep -qx 'ab' out || fail "a prompt on standard input gives '$(cat out)'"
succeeds "$LATHE" run m.lathe "ab" --temp 0 -n 1000000 --ctx 40 --ignore-eos --json && json run
grep -q '"ended": "context_full"' out || fail "a full context does not end with its reason"
for temperature in 0 1.5; do
  succeeds "$LATHE" run m.lathe "ab" --temp $temperature --seed 7 -n 16 --ignore-eos -q && cp out first
  succeeds "$LATHE" run m.lathe "ab" --temp $temperature --seed 7 -n 16 --ignore-eos -q
  cmp -s out first || fail "the same seed gives another text at temperature $temperature"
done
# A stop text ends the output before it.
stop=$(cut -c 4-5 first | head -1)
succeeds "$LATHE" run m.lathe "ab" --temp 1.5 --seed 7 -n 16 --ignore-eos --stop "$stop" --json && json run
grep -q '"ended": "stop_text"' out || fail "the stop text '$stop' does not end $(cat first)"

# A folder is compiled once.
succeeds "$LATHE" run "$model" "ab" -n 1
grep -q 'compiling' err || fail "a folder is not compiled"
succeeds "$LATHE" run "$model" "ab" -n 1
grep -q 'compiling' err && fail "a folder is compiled twice"

head -c 3000 "$SOURCE/docs/architecture.md" >text
succeeds "$LATHE" eval m.lathe text --ctx 32 --stride 16
grep -q 'windows of 32 tokens.*stride 16' out || fail "eval does not print its protocol"
succeeds "$LATHE" compile "$model" -o f.lathe -q
succeeds "$LATHE" eval m.lathe text --reference f.lathe --json && json eval
grep -q '"kl_divergence"' out && grep -q '"same_top"' out || fail "eval --reference compares nothing"

succeeds "$LATHE" bench m.lathe --prefill 8,16 --decode 4 --context 0,8 --repeat 2 --json && json bench
succeeds "$LATHE" bench m.lathe --prefill 8 --decode 4
for part in "" --tensors --dispatches --memory --remarks --verify; do
  succeeds "$LATHE" inspect m.lathe $part
  succeeds "$LATHE" inspect m.lathe $part --json && json inspect $part
done

succeeds "$LATHE" compile "$SOURCE/test/fixtures/bert-f32-mean" -o e.lathe -q
succeeds "$LATHE" embed e.lathe "a b" "b a" --similarity
printf 'a\nb\n' | "$LATHE" embed e.lathe --json -q >out 2>err || fail "embed fails on standard input: $(cat err)"
[ "$(wc -l <out)" -eq 2 ] || fail "embed --json prints $(wc -l <out) lines for two texts"
succeeds "$LATHE" bench e.lathe --prefill 8
refused 1 'embed' "$LATHE" run e.lathe a
for emit in lathe exec kernels llvm asm; do
  succeeds "$LATHE" compile "$model" --emit $emit --variants avx2 -q
  [ -s out ] || fail "--emit $emit prints nothing"
done
finish
