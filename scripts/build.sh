#!/usr/bin/env bash
# Configures and builds: build.sh [FOLDER [CMAKE OPTION ...]]. The folder is build/ unless given. LATHE_BUILD_TARGETS names
# the targets to build; without it, all of them.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:-build}
shift || true

options=(-G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_COMPILER=clang-22 -DCMAKE_CXX_COMPILER=clang++-22)
# Every clone shares one cache: paths under the source tree count as relative, the precompiled header by its content.
if command -v ccache >/dev/null; then
  options+=(-DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  export CCACHE_BASEDIR=$PWD CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime CCACHE_NOHASHDIR=1
fi
cmake -S . -B "$folder" "${options[@]}" "$@" >"$folder.configure.log" 2>&1 || { cat "$folder.configure.log"; exit 1; }
rm -f "$folder.configure.log"
# shellcheck disable=SC2086
ninja -C "$folder" ${LATHE_BUILD_TARGETS:-}
