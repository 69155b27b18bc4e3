// RUN: lathe-opt %s --split-input-file --lathe-gpu-to-spirv | FileCheck %s

// Arguments are push constants of 8 bytes each, read once; addresses are integers up to the access.
// CHECK-LABEL: spirv.module @addresses PhysicalStorageBuffer64 GLSL450
// CHECK-SAME: requires #spirv.vce<v1.3, [Int64, Shader, PhysicalStorageBufferAddresses, Matrix], [SPV_KHR_physical_storage_buffer]>
// CHECK: spirv.GlobalVariable @addresses : !spirv.ptr<!spirv.struct<(i64 [0], i64 [8])>, PushConstant>
// CHECK: spirv.func @main() "None"
// CHECK: %[[IN:.*]] = spirv.Load "PushConstant"
// CHECK: %[[OUT:.*]] = spirv.Load "PushConstant"
// The number of a thread is small: what fits in 32 bits is computed in them.
// CHECK: spirv.IMul %{{.*}}, %{{.*}} : i32
// Multiples of 16 from an address that is aligned by 64: one load of 16 bytes.
// CHECK: %[[AT:.*]] = spirv.IAdd %[[IN]], %{{.*}} : i64
// CHECK: %[[PTR:.*]] = spirv.ConvertUToPtr %[[AT]] : i64 to !spirv.ptr<vector<4xf32>, PhysicalStorageBuffer>
// CHECK: spirv.Load "PhysicalStorageBuffer" %[[PTR]] ["Aligned", 16] : vector<4xf32>
// A product and a sum remain two roundings.
// CHECK: spirv.FMul {{.*}} {no_contraction}
// CHECK: spirv.FAdd {{.*}} {no_contraction}
// Nothing is known of the other address; a scalar's alignment is the least that there is.
// CHECK: %[[TO:.*]] = spirv.ConvertUToPtr %[[OUT]] : i64 to !spirv.ptr<vector<4xf32>, PhysicalStorageBuffer>
// CHECK: spirv.Store "PhysicalStorageBuffer" %[[TO]], %{{.*}} ["Aligned", 4]
// CHECK: spirv.EntryPoint "GLCompute" @main, @__builtin__LocalInvocationId__
// CHECK: spirv.ExecutionMode @main "LocalSize", 64, 1, 1
module attributes {gpu.container_module} {
  gpu.module @m {
    gpu.func @addresses(%in: !llvm.ptr<1> {llvm.align = 64 : i64}, %out: !llvm.ptr<1>) kernel
        attributes {known_block_size = array<i32: 64, 1, 1>} {
      %id = gpu.thread_id x
      %thread = arith.index_castui %id : index to i64
      %c16 = arith.constant 16 : i64
      %bytes = arith.muli %thread, %c16 : i64
      %at = llvm.getelementptr %in[%bytes] : (!llvm.ptr<1>, i64) -> !llvm.ptr<1>, i8
      %x = llvm.load %at {alignment = 4 : i64} : !llvm.ptr<1> -> vector<4xf32>
      %square = arith.mulf %x, %x : vector<4xf32>
      %y = arith.addf %square, %x : vector<4xf32>
      llvm.store %y, %out {alignment = 1 : i64} : vector<4xf32>, !llvm.ptr<1>
      gpu.return
    }
  }
}

// -----

// Halves of both kinds travel as their bits, and no device has to know them. Bytes and words ask for storage.
// CHECK-LABEL: spirv.module @halves
// CHECK-SAME: Int16
// CHECK-SAME: Int8
// CHECK-NOT: Float16
// CHECK-SAME: StorageBuffer16BitAccess
// CHECK-SAME: StorageBuffer8BitAccess
// CHECK-SAME: [SPV_KHR_physical_storage_buffer, SPV_KHR_8bit_storage]
// CHECK: spirv.Load "PhysicalStorageBuffer" %{{.*}} ["Aligned", 2] : vector<4xi16>
// CHECK: spirv.UConvert %{{.*}} : vector<4xi16> to vector<4xi32>
// CHECK: spirv.ConvertSToF
// CHECK: spirv.Bitcast %{{.*}} : vector<4xi32> to vector<4xf32>
// CHECK: spirv.Store "PhysicalStorageBuffer" %{{.*}}, %{{.*}} ["Aligned", 2] : vector<4xi16>
// CHECK: spirv.Load "PhysicalStorageBuffer" %{{.*}} ["Aligned", 1] : vector<4xi8>
// CHECK-NOT: f16
module attributes {gpu.container_module} {
  gpu.module @m {
    gpu.func @halves(%in: !llvm.ptr<1>, %out: !llvm.ptr<1>) kernel
        attributes {known_block_size = array<i32: 32, 1, 1>} {
      %h = llvm.load %in {alignment = 2 : i64} : !llvm.ptr<1> -> vector<4xf16>
      %wide = arith.extf %h : vector<4xf16> to vector<4xf32>
      %b = arith.truncf %wide : vector<4xf32> to vector<4xbf16>
      llvm.store %b, %out {alignment = 2 : i64} : vector<4xbf16>, !llvm.ptr<1>
      %byte = llvm.load %in {alignment = 1 : i64} : !llvm.ptr<1> -> vector<4xi8>
      llvm.store %byte, %out {alignment = 1 : i64} : vector<4xi8>, !llvm.ptr<1>
      gpu.return
    }
  }
}

// -----

// A loop that makes no turn gives its initial values: they are stored in the header.
// CHECK-LABEL: spirv.module @loop
// CHECK: %[[RESULT:.*]] = spirv.Variable : !spirv.ptr<f32, Function>
// CHECK: spirv.mlir.loop {
// CHECK: spirv.Branch ^bb1(%{{.*}}, %{{.*}} : i64, f32)
// CHECK: ^bb1(%[[I:.*]]: i64, %[[SUM:.*]]: f32):
// CHECK: spirv.Store "Function" %[[RESULT]], %[[SUM]] : f32
// CHECK: %[[MORE:.*]] = spirv.SLessThan %[[I]], %{{.*}} : i64
// CHECK: spirv.BranchConditional %[[MORE]], ^bb2, ^bb4
// What does not depend on the turn is computed before the loop.
// CHECK-NOT: spirv.IMul
// CHECK: spirv.Branch ^bb3
// CHECK: spirv.IAdd %[[I]]
// CHECK: spirv.mlir.merge
// CHECK: spirv.Load "Function" %[[RESULT]] : f32
module attributes {gpu.container_module} {
  gpu.module @m {
    gpu.func @loop(%in: !llvm.ptr<1>, %out: !llvm.ptr<1>) kernel
        attributes {known_block_size = array<i32: 32, 1, 1>} {
      %n = llvm.load %in {alignment = 8 : i64} : !llvm.ptr<1> -> i64
      %zero = arith.constant 0.0 : f32
      %c0 = arith.constant 0 : i64
      %c1 = arith.constant 1 : i64
      %c12 = arith.constant 12 : i64
      %sum = scf.for %i = %c0 to %n step %c1 iter_args(%so_far = %zero) -> (f32) : i64 {
        %bytes = arith.muli %n, %c12 : i64
        %at = llvm.getelementptr %in[%bytes] : (!llvm.ptr<1>, i64) -> !llvm.ptr<1>, i8
        %x = llvm.load %at {alignment = 4 : i64} : !llvm.ptr<1> -> f32
        %next = arith.addf %so_far, %x : f32
        scf.yield %next : f32
      }
      llvm.store %sum, %out {alignment = 4 : i64} : f32, !llvm.ptr<1>
      gpu.return
    }
  }
}

// -----

// Memory of the work group has no layout of its own; a barrier orders global memory, too; reductions are of the
// active threads of a subgroup, of whatever size.
// CHECK-LABEL: spirv.module @group
// CHECK-SAME: GroupNonUniformArithmetic
// CHECK: spirv.GlobalVariable @shared0 : !spirv.ptr<!spirv.array<8 x vector<4xi32>>, Workgroup>
// CHECK: spirv.GlobalVariable @shared1 : !spirv.ptr<!spirv.array<32 x f32>, Workgroup>
// CHECK: spirv.GroupNonUniformFAdd <Subgroup> <Reduce> %{{.*}} : f32 -> f32
// CHECK: spirv.AccessChain %shared1_addr[%{{.*}}] : !spirv.ptr<!spirv.array<32 x f32>, Workgroup>, i32 -> !spirv.ptr<f32, Workgroup>
// CHECK: spirv.Store "Workgroup"
// CHECK: spirv.ControlBarrier <Workgroup>, <Workgroup>, <AcquireRelease|UniformMemory|WorkgroupMemory>
// CHECK: spirv.Load "Workgroup" %{{.*}} : f32
// CHECK: spirv.GroupNonUniformFMax
// CHECK: spirv.GroupNonUniformIAdd
// CHECK: spirv.ExecutionMode @main "LocalSize", 256, 1, 1
module attributes {gpu.container_module} {
  gpu.module @m {
    gpu.func @group(%in: !llvm.ptr<1>, %out: !llvm.ptr<1>)
        workgroup(%words: memref<8xvector<4xi32>, #gpu.address_space<workgroup>>,
                  %sums: memref<32xf32, #gpu.address_space<workgroup>>) kernel
        attributes {known_block_size = array<i32: 256, 1, 1>} {
      %x = llvm.load %in {alignment = 4 : i64} : !llvm.ptr<1> -> f32
      %n = arith.bitcast %x : f32 to i32
      %sum = gpu.subgroup_reduce add %x uniform : (f32) -> f32
      %subgroup = gpu.subgroup_id : index
      memref.store %sum, %sums[%subgroup] : memref<32xf32, #gpu.address_space<workgroup>>
      gpu.barrier
      %c0 = arith.constant 0 : index
      %first = memref.load %sums[%c0] : memref<32xf32, #gpu.address_space<workgroup>>
      %max = gpu.subgroup_reduce maxnumf %first uniform : (f32) -> f32
      %count = gpu.subgroup_reduce add %n uniform : (i32) -> i32
      %word = vector.broadcast %count : i32 to vector<4xi32>
      memref.store %word, %words[%c0] : memref<8xvector<4xi32>, #gpu.address_space<workgroup>>
      llvm.store %max, %out {alignment = 4 : i64} : f32, !llvm.ptr<1>
      gpu.return
    }
  }
}
