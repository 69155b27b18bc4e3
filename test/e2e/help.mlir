// A tool's help lists its own options; those of LLVM's libraries are with the hidden ones.
// RUN: lathe-opt --help | FileCheck %s
// RUN: lathe-opt --help-hidden | FileCheck %s --check-prefix=HIDDEN
// RUN: lathe-interpret --help | FileCheck %s --check-prefix=INTERPRET

// CHECK-NOT: --x86-
// CHECK: --split-input-file
// CHECK: --lathe-quantize-weights
// CHECK: --verify-diagnostics
// CHECK-NOT: --x86-
// HIDDEN: --x86-
// INTERPRET-NOT: --polly
// INTERPRET: --help-list
// INTERPRET-NOT: --polly
