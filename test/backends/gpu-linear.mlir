// RUN: lathe-opt %s --lathe-gpu-kernels=variant=sm_80 | FileCheck %s --check-prefixes=CHECK,CUDA,TENSOR
// RUN: lathe-opt %s --lathe-gpu-kernels=variant=sm_90a | FileCheck %s --check-prefixes=CHECK,CUDA,GROUP
// RUN: lathe-opt %s --lathe-gpu-kernels=variant=sm_75 | FileCheck %s --check-prefixes=CHECK,CUDA,PLAIN
// RUN: sed 's/for "cuda"/for "vulkan"/' %s | lathe-opt --lathe-gpu-kernels=variant=vulkan1.2 | FileCheck %s --check-prefixes=CHECK,VULKAN,BYTES
// RUN: sed 's/for "cuda"/for "vulkan"/' %s | lathe-opt --lathe-gpu-kernels=variant=vulkan1.3 | FileCheck %s --check-prefixes=CHECK,VULKAN,DOTS

exec.program @p for "cuda" attributes {max_rows = 512 : i64, max_outputs = 16 : i64} {
  // One row: four rows of a panel by one word of codes are one load; threads that share outputs meet in
  // work-group memory.
  // CHECK-LABEL: gpu.func @k0(
  // CHECK-SAME: workgroup({{.*}} : memref<16xf32, #gpu.address_space<workgroup>>, {{.*}} : memref<1024xf32, #gpu.address_space<workgroup>>)
  // CHECK-SAME: known_block_size = array<i32: 256, 1, 1>
  // CHECK: scf.for
  // CHECK: llvm.load {{.*}} {alignment = 16 : i64} : !llvm.ptr<1> -> vector<4xi32>
  // CUDA-COUNT-8: nvvm.dot.accumulate.4way
  // VULKAN-NOT: nvvm
  // BYTES-NOT: spirv.
  // Codes of 4 bits are signed bytes, too.
  // DOTS-COUNT-8: spirv.SDot {{.*}}, <PackedVectorFormat4x8Bit> : i32 -> i32
  // CHECK: math.fma
  // CHECK: gpu.barrier
  // Few rows: the same for eight rows.
  // CHECK-LABEL: gpu.func @k1(
  // CHECK-SAME: memref<128xf32, #gpu.address_space<workgroup>>, {{.*}} : memref<4096xf32, #gpu.address_space<workgroup>>
  // CHECK-LABEL: gpu.func @k2(
  // Many rows: tiles of 64 outputs by 32 rows, from staged bytes; by 64 rows on CUDA.
  // VULKAN-SAME: memref<2048xf32, #gpu.address_space<workgroup>>, {{.*}} : memref<256xvector<4xi32>, #gpu.address_space<workgroup>>, {{.*}} : memref<544xi32, #gpu.address_space<workgroup>>
  // PLAIN-SAME: memref<4096xf32, #gpu.address_space<workgroup>>, {{.*}} : memref<256xvector<4xi32>, #gpu.address_space<workgroup>>, {{.*}} : memref<1088xi32, #gpu.address_space<workgroup>>
  // Matrix units: two stages lie where the results come to lie.
  // TENSOR-SAME: workgroup({{[^,]*}} : memref<4736xf32, #gpu.address_space<workgroup>>)
  // GROUP-SAME: workgroup({{.*}} : memref<{{[0-9]+}}xf32, #gpu.address_space<workgroup>> {llvm.align = 1024 : i64})
  // CHECK-SAME: known_block_size = array<i32: 128, 1, 1>
  // PLAIN-NOT: nvvm.mma.sync
  // PLAIN: memref.store {{.*}} : memref<256xvector<4xi32>
  // VULKAN: memref.store {{.*}} : memref<256xvector<4xi32>
  // The first stage: x is copied, weights are decoded.
  // TENSOR-COUNT-2: nvvm.cp.async.shared.global {{.*}}, 16, cache =  cg
  // TENSOR-COUNT-2: nvvm.cp.async.shared.global {{.*}}, 4, cache =  ca
  // TENSOR: llvm.load {{.*}} : !llvm.ptr<1> -> vector<4xi32>
  // TENSOR: llvm.store {{.*}} : vector<4xi32>, !llvm.ptr<3>
  // TENSOR: nvvm.cp.async.wait.group 0
  // TENSOR-NEXT: gpu.barrier
  // The next one is on its way while this one is multiplied: two tiles of rows by four of outputs, 64 columns deep.
  // TENSOR: scf.for
  // TENSOR: nvvm.cp.async.shared.global
  // TENSOR: llvm.load {{.*}} : !llvm.ptr<1> -> vector<4xi32>
  // TENSOR-COUNT-4: nvvm.ldmatrix
  // TENSOR-COUNT-16: nvvm.mma.sync {{.*}} multiplicandAPtxType = #nvvm.mma_type<s8>, multiplicandBPtxType = #nvvm.mma_type<u8>
  // TENSOR-NOT: nvvm.mma.sync
  // TENSOR: llvm.store {{.*}} : vector<4xi32>, !llvm.ptr<3>
  // TENSOR: nvvm.cp.async.wait.group 0
  // TENSOR-NEXT: gpu.barrier
  // TENSOR: scf.yield
  // The last stage, and the results.
  // TENSOR-COUNT-16: nvvm.mma.sync
  // Four warps together: what is staged is shown to the units, which read both operands by descriptors.
  // GROUP: nvvm.cp.async.wait.group 0
  // GROUP-NEXT: llvm.inline_asm has_side_effects asm_dialect = att "fence.proxy.async.shared::cta;"
  // GROUP-NEXT: gpu.barrier
  // GROUP: scf.for
  // GROUP-NOT: nvvm.ldmatrix
  // GROUP: llvm.inline_asm has_side_effects {{.*}}wgmma.mma_async.sync.aligned.m64n64k32.s32.s8.s8
  // GROUP: arith.sitofp
  // GROUP: nvvm.cp.async.wait.group 0
  // GROUP-NEXT: llvm.inline_asm has_side_effects asm_dialect = att "fence.proxy.async.shared::cta;"
  // GROUP-NEXT: gpu.barrier
  // GROUP: scf.yield
  // TENSOR-NOT: nvvm.mma.sync
  // TENSOR: gpu.barrier
  // TENSOR: memref.store {{.*}} : memref<4736xf32
  // TENSOR: gpu.barrier
  exec.kernel @linear over rows slices [!exec.slice<rows by 2048 of i8, stride 2368, group 64>, unit,
      !exec.slice<rows by 512 of f32, stride 2048>] states {} {
  ^bb0(%x: tensor<?x2048xi8, #lathe.quantized_rows<64>>,
       %w: !lathe.weight<512x2048x<si4, block 1x64, scale <f16>>, panel 64>):
    %y = lathe.linear %x, [%w] : tensor<?x2048xi8, #lathe.quantized_rows<64>>,
        [!lathe.weight<512x2048x<si4, block 1x64, scale <f16>>, panel 64>] -> tensor<?x512xf32>
    lathe.yield %y : tensor<?x512xf32>
  }
}
