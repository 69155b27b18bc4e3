# Where models run: what there is, and what commands say that can't run there.
. "$(dirname "$0")/lib.sh"
model=$SOURCE/test/fixtures/llama-bf16-sharded

succeeds "$LATHE" devices
cp out devices
for kind in cpu cuda vulkan; do
  grep -qE "^$kind" out || fail "devices says nothing of $kind: $(cat out)"
done
succeeds "$LATHE" devices --json
python3 - <<'PYTHON' || fail "devices --json: $(cat out)"
import json
devices = json.load(open("out"))
assert any(device["id"] == "cpu" and device["usable"] for device in devices)
assert all(device["usable"] or device["reason"] for device in devices)
PYTHON

succeeds "$LATHE" compile "$model" -o m.lathe -q
head -c 2000 "$SOURCE/docs/architecture.md" >text
for command in "run m.lathe ab -n 3 --temp 0" "bench m.lathe --prefill 4 --decode 2 --repeat 1" "eval m.lathe text --ctx 32"; do
  succeeds "$LATHE" $command --device cpu
  succeeds "$LATHE" $command --device auto --variant avx2
  refused 1 'm.lathe: it has no program for vulkan:0, only for cpu: .*--target cpu,vulkan' "$LATHE" $command --device vulkan
  refused 1 'no device .gpu.: use auto, cpu, cuda' "$LATHE" $command --device gpu
done

refused 1 "unknown target 'tpu': targets are cpu, vulkan, cuda" "$LATHE" compile "$model" -o x.lathe --target tpu
refused 1 "target 'cpu' is given twice" "$LATHE" compile "$model" -o x.lathe --target cpu,cpu
refused 1 'unknown variant .sse2.' "$LATHE" compile "$model" -o x.lathe --variants avx2,sse2
refused 1 '--max-rows is at most 65536' "$LATHE" compile "$model" -o x.lathe --max-rows 65537
refused 1 '--max-outputs is more than the 8 rows' "$LATHE" compile "$model" -o x.lathe --max-rows 8 --max-outputs 9
refused 1 'm: is no ordinary file' "$LATHE" compile "$model" -o $(mkdir -p m && echo m)
succeeds "$LATHE" compile "$model" -o few.lathe -q --max-rows 8

# A folder is compiled for where it is to run.
if grep -qE '^vulkan:0' devices; then
  run timeout 280 "$LATHE" run "$model" ab -n 3 --temp 0 --device vulkan
  [ "$status" -eq 0 ] || fail "a folder on Vulkan: $(cat err)"
  grep -q 'on vulkan:0' err || fail "not on Vulkan: $(cat err)"
fi

# What a variant may use and a model does not is not stored twice, nor is it an error to ask for it.
for weights in f32 int8; do
  succeeds "$LATHE" compile "$model" -o $weights.lathe -q --target vulkan --weights $weights --variants vulkan1.2,vulkan1.3
  succeeds "$LATHE" inspect $weights.lathe
  grep -q 'vulkan1\.2 ' out || fail "no vulkan1.2 with $weights: $(cat out)"
  [ "$(grep -c 'vulkan1\.3 ' out)" = $([ $weights = int8 ] && echo 1 || echo 0) ] || fail "vulkan1.3 with $weights: $(cat out)"
done
for target in vulkan cuda; do
  refused 1 "$target is not shown as LLVM IR: --emit kernels or asm" "$LATHE" compile "$model" --emit llvm --target $target
done
[ -e x.lathe ] && fail "a refused command left x.lathe"

# Programs of several targets read the same weights, which are stored once.
weights() {
  succeeds "$LATHE" inspect "$1" --json
  grep -o '"weight_bytes": *[0-9]*' out
}
succeeds "$LATHE" compile "$model" -o both.lathe -q --target cpu,cuda --variants avx2,sm_80
[ -n "$(weights m.lathe)" ] && [ "$(weights m.lathe)" = "$(weights both.lathe)" ] ||
  fail "weights for two targets: $(weights both.lathe), for one: $(weights m.lathe)"
refused 1 'target cpu,cuda' "$LATHE" inspect m.lathe --memory --device cuda:1

# A model agrees with itself.
succeeds "$LATHE" eval m.lathe text --ctx 32 --device cpu --reference m.lathe --reference-device cpu --json
grep -q '"device": "cpu"' out || fail "eval does not say where it ran"
grep -q '"most": 0.0' out || fail "a model differs from itself: $(cat out)"

succeeds "$LATHE" compile "$SOURCE/test/fixtures/bert-f32-mean" -o e.lathe -q
succeeds "$LATHE" embed e.lathe "a b" --device cpu
refused 1 'target cpu,vulkan' "$LATHE" embed e.lathe "a b" --device vulkan
finish
