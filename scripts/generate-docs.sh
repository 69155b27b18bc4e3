#!/usr/bin/env bash
# Writes docs/reference/ from the .td files: generate-docs.sh. With --check it writes nothing and fails where they differ.
set -euo pipefail
cd "$(dirname "$0")/.."
tblgen=/usr/lib/llvm-22/bin/mlir-tblgen
includes=(-I /usr/lib/llvm-22/include -I dialects)
folder=docs/reference
if [ "${1:-}" = --check ]; then
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
fi

# What mlir-tblgen leaves for other renderers, and blanks at the end of lines, are left out.
tidy() { sed -e '/^\[TOC\]$/d' -e 's/[[:space:]]*$//' | cat -s | sed -e '${/^$/d}'; }

dialect() { "$tblgen" -gen-dialect-doc -dialect "$1" "${includes[@]}" "$2" | tidy >"$folder/$1.md"; }
dialect lathe dialects/Lathe/LatheOps.td
dialect exec dialects/Exec/ExecOps.td

{
  echo "# Passes"
  for phase in Graph Compress Lower; do
    printf '\n## %s (passes/%s)\n\n' "$phase" "$phase"
    "$tblgen" -gen-pass-doc "${includes[@]}" "passes/$phase/Passes.td"
  done
} | tidy >"$folder/passes.md"

if [ "$folder" != docs/reference ] && ! diff -ru docs/reference "$folder"; then
  echo "docs/reference is not what the .td files say: run scripts/generate-docs.sh" >&2
  exit 1
fi
