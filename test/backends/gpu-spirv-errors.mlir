// RUN: lathe-opt %s --split-input-file --verify-diagnostics --lathe-gpu-to-spirv

module attributes {gpu.container_module} {
  gpu.module @m {
    // expected-error @below {{states no size of its work groups}}
    gpu.func @size(%in: !llvm.ptr<1>) kernel {
      gpu.return
    }
  }
}

// -----

module attributes {gpu.container_module} {
  gpu.module @m {
    gpu.func @wide(%in: !llvm.ptr<1>) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
      // expected-error @below {{failed to legalize operation 'llvm.load'}}
      %x = llvm.load %in {alignment = 4 : i64} : !llvm.ptr<1> -> vector<8xf32>
      llvm.store %x, %in {alignment = 4 : i64} : vector<8xf32>, !llvm.ptr<1>
      gpu.return
    }
  }
}

// -----

// The size of a subgroup is the device's.
module attributes {gpu.container_module} {
  gpu.module @m {
    gpu.func @pieces(%in: !llvm.ptr<1>) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
      %x = llvm.load %in {alignment = 4 : i64} : !llvm.ptr<1> -> f32
      // expected-error @below {{failed to legalize operation 'gpu.subgroup_reduce'}}
      %sum = gpu.subgroup_reduce add %x cluster(size = 4) : (f32) -> f32
      llvm.store %sum, %in {alignment = 4 : i64} : f32, !llvm.ptr<1>
      gpu.return
    }
  }
}
