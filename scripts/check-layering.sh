#!/usr/bin/env bash
# What may include what: see docs/architecture.md. Prints every include that breaks a rule.
set -uo pipefail
cd "$(dirname "$0")/.."
failed=0

# forbid FOLDER PATTERN REASON
forbid() {
  local found
  found=$(git grep -nE "#include [<\"]($2)" -- "$1" || true)
  [ -z "$found" ] && return
  printf '%s\n  -> %s\n' "$found" "$3"
  failed=1
}

for folder in lib/Support lib/Tokenizer lib/Artifact lib/Runtime lib/Checkpoint include examples; do
  forbid "$folder" 'mlir/|llvm/|lld/|Lathe/|Exec/|Import/|Interpreter/|Weights/|Codegen/|Compiler/' "$folder never sees LLVM, MLIR, the dialects or the compiler"
done
forbid lib/Support 'Tokenizer/|Artifact/|Runtime/|Checkpoint/' 'lib/Support sees nothing of Lathe'
forbid lib/Artifact 'Tokenizer/|Runtime/|Checkpoint/' 'lib/Artifact sees lib/Support only'
forbid lib/Checkpoint 'Artifact/|Runtime/' 'lib/Checkpoint sees lib/Support and lib/Tokenizer only'
forbid lib/Runtime 'Checkpoint/' 'the runtime sees artifacts, never checkpoints'
forbid dialects 'Support/|Checkpoint/|Import/|Interpreter/|Weights/|Codegen/|Compiler/|Artifact/|Runtime/' 'dialects see upstream MLIR only'
forbid dialects/Lathe 'Exec/' 'the model level does not know the program level'
forbid passes 'Import/|Interpreter/|Codegen/|Compiler/|Artifact/|Runtime/|Checkpoint/' 'passes see the dialects, and passes/Compress also lib/Weights'
for folder in passes/Graph passes/Lower; do
  forbid "$folder" 'Weights/' 'only passes/Compress sees lib/Weights'
done
forbid lib/Interpreter 'Codegen/|Compiler/|Runtime/' 'the judge does not know what it judges'
forbid lib/Codegen 'Interpreter/|Import/|Compiler/|Runtime/|Checkpoint/' 'code generation sees the dialects and the kernel ABI'
exit $failed
