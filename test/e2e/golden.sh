# stories260k: the golden text and the golden perplexity, on every instruction set that runs here; LLVM stays out.
. "$(dirname "$0")/lib.sh"
need "$SHARED_DATA/stories260k/hf"
model=$SHARED_DATA/stories260k/hf

succeeds "$LATHE" compile "$model" -o one.lathe --threads 1 -q
succeeds "$LATHE" compile "$model" -o two.lathe --threads 2 -q
cmp one.lathe two.lathe || fail "the number of threads changes the artifact"

# What a JSON string of golden.json says, as bytes.
golden() {
  printf '%b' "$(sed -nE "s/^ *\"$1\": \"(.*)\",?\$/\1/p" "$SHARED_DATA/stories260k/golden.json" | sed 's/\\"/"/g')"
}
golden greedy_text_200_steps >text
echo >>text
golden sentence >sentence

for variant in $(variants one.lathe); do
  for threads in 1 2; do
    succeeds "$LATHE" run one.lathe "" --temp 0 -n 200 --variant "$variant" --threads "$threads" -q
    cmp out text || fail "greedy text with $variant and $threads threads: $(cat out)"
  done
  succeeds "$LATHE" eval one.lathe sentence --variant "$variant" --threads 1 -q --json
  # transformers in f32 gives 4.953636: five digits are what another order of sums can promise.
  grep -qE '"perplexity": 4\.9536' out || fail "perplexity with $variant: $(grep '"perplexity"' out)"
  grep -qE '"scored": 34,' out || fail "the protocol of the golden perplexity scores 34 tokens"
done

succeeds "$LATHE" eval one.lathe sentence --reference two.lathe -q --json
grep -qE '"mean": (0\.0|-?[0-9.]+e-[0-9]+),?$' out || fail "a model differs from itself: $(cat out)"

LD_DEBUG=files "$LATHE" run one.lathe "Once" --temp 0 -n 4 -q >/dev/null 2>loaded
grep -qiE 'libLLVM|libMLIR|lathe-compiler' loaded && fail "running an artifact loads the compiler"
LD_DEBUG=files "$LATHE" compile "$model" -o three.lathe -q 2>loaded
grep -qiE 'libLLVM' loaded || fail "this test would not see LLVM if it were loaded"
finish
