#!/usr/bin/env bash
# Installs what is missing, builds, compiles the model that ships with the project to int4, and tells a story with it:
# demo.sh ["how the story begins"]. What is there already is not done again.
set -euo pipefail
cd "$(dirname "$0")"
model=models/storyteller
story=build/storyteller-int4.lathe
compiler=build/lib/liblathe-compiler.so

if [ -f build/build.ninja ]; then
  ninja --quiet -C build lathe lathe-compiler | sed "/no work to do/d"
else
  scripts/install-deps.sh
  LATHE_BUILD_TARGETS="lathe lathe-compiler" scripts/build.sh build
fi

if [ ! -f "$story" ] || [ -n "$(find "$model" "$compiler" -newer "$story" -print -quit)" ]; then
  echo "== lathe compile $model -o $story --weights int4"
  build/bin/lathe compile "$model" -o "$story" --weights int4
fi
prompt=${1:-Once upon a time}
echo "== lathe run $story \"$prompt\" --echo"
build/bin/lathe run "$story" "$prompt" --echo -n 300
