// What lathe-translate says of what is no checkpoint. Errors of families: test/unit/Import.
// RUN: not lathe-translate --import-checkpoint %s 2>&1 | FileCheck %s --check-prefix=FILE
// FILE: errors.mlir:{{.*}}: error: expected the config.json of a Hugging Face folder

// RUN: rm -rf %t && mkdir -p %t && echo '{"model_type": "llama"}' > %t/config.json
// RUN: not lathe-translate --import-checkpoint %t/config.json 2>&1 | FileCheck %s --check-prefix=WEIGHTS
// WEIGHTS: config.json:{{.*}}: error: {{.*}}: no weights: expected model.safetensors
