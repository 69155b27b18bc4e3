# Whole models on a Vulkan device: the same text and the same perplexity as on the CPU, and a validation layer that has
# nothing to say.
. "$(dirname "$0")/lib.sh"
need "$SHARED_DATA/stories260k/hf"
model=$SHARED_DATA/stories260k/hf
export LATHE_VULKAN_VALIDATION=1
devices | grep -q '^vulkan:0$' || { echo "skipped: no Vulkan device, or no validation layer"; "$LATHE" devices; exit 77; }

# slowly COMMAND...: an emulated device compiles kernels for seconds.
slowly() {
  run timeout 280 "$@"
  [ "$status" -eq 0 ] || fail "status $status: $* ($(head -c 300 err))"
}

sed -n 's/^ *"sentence": "\(.*\)",\{0,1\}$/\1/p' "$SHARED_DATA/stories260k/golden.json" >sentence
for i in 1 2 3 4 5; do cat sentence; done >long # reaches into the third block of positions

# near KEY PATTERN OPTION...: the figure KEY of the distance from the CPU looks like PATTERN in a model compiled so.
near() {
  local key=$1 pattern=$2
  shift 2
  succeeds "$LATHE" compile "$model" -o m.lathe --target cpu,vulkan -q "$@"
  slowly "$LATHE" eval m.lathe long --device vulkan --reference m.lathe --reference-device cpu -q --json
  grep -qE "\"$key\": $pattern,?\$" out || fail "the devices differ with '$*': $(cat out)"
}
# Where activations are quantized, a last bit may flip a rounding, and the roundings of all that follows.
near mean '(0\.000[0-9]*|-?[0-9.]+e-[0-9]+)' --weights int4
# Products of bytes are the same integers however a device computes them.
slowly "$LATHE" run m.lathe "Once upon a time" --device vulkan --variant vulkan1.2 --temp 0 -n 90 -q
cp out text
slowly "$LATHE" run m.lathe "Once upon a time" --device vulkan --variant vulkan1.3 --temp 0 -n 90 -q
cmp out text || fail "the variants' texts differ: $(cat out)"
near most '-?[0-9.]+e-(0[7-9]|[1-9][0-9])'

succeeds "$LATHE" run m.lathe "Once upon a time" --device cpu --temp 0 -n 90 -q
cp out text
slowly "$LATHE" run m.lathe "Once upon a time" --device vulkan --temp 0 -n 90 -q
cmp out text || fail "greedy text: $(cat out)"
# The same seed draws the same text: from the row on a CPU, from a GPU's candidates there. In f32, where no rounding
# flips that a draw could tell.
succeeds "$LATHE" compile "$model" -o f.lathe --target cpu,vulkan --weights f32 --cache f32 -q
for sampling in "--temp 0.8 --top-k 40 --repeat-penalty 1.1" "--temp 1 --top-p 0.9" "--temp 1"; do
  succeeds "$LATHE" run f.lathe "Once upon a time" --device cpu $sampling --seed 7 -n 60 -q
  cp out text
  slowly "$LATHE" run f.lathe "Once upon a time" --device vulkan $sampling --seed 7 -n 60 -q
  cmp out text || fail "text with '$sampling': $(cat out)"
done
finish
