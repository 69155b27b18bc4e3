// What makes IR interesting here is an op; the rest goes.
// RUN: printf '#!/bin/sh\ngrep -q "activation tanh" "$1" && exit 1\nexit 0\n' > %t.sh && chmod +x %t.sh
// RUN: lathe-reduce %s -reduction-tree='traversal-mode=0 test=%t.sh' | FileCheck %s

// CHECK: lathe.activation tanh
// CHECK-NOT: lathe.scale
func.func @f(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %0 = lathe.activation tanh %x : tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

func.func @g(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %0 = lathe.scale %x by 2.0 : tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}
