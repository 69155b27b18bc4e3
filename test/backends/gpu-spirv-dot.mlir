// Products of bytes by Vulkan's integer dot product: what modules declare, for what a variant must ask, and that they
// are valid where the SPIR-V is that of Vulkan 1.2.
// REQUIRES: spirv-val
// RUN: rm -rf %t && lathe-opt %s --lathe-gpu-kernels=variant=vulkan1.3 --lathe-gpu-to-spirv="variant=vulkan1.3 write=%t" -o %t.mlir
// RUN: FileCheck %s < %t.mlir
// RUN: find %t -name "*.spv" | count 6
// RUN: find %t -name "*.spv" | xargs -n 1 spirv-val --target-env vulkan1.2
// RUN: not lathe-opt %s --lathe-gpu-kernels=variant=vulkan1.3 --lathe-gpu-to-spirv=variant=vulkan1.2 2>&1 | FileCheck %s --check-prefix=REFUSED
// RUN: lathe-opt %s --lathe-gpu-kernels=variant=vulkan1.2 --lathe-gpu-to-spirv=variant=vulkan1.2 | FileCheck %s --check-prefix=WITHOUT

// REFUSED: uses Vulkan's integerDotProduct (SPIR-V's DotProduct), which variant vulkan1.2 does not require of a device
// WITHOUT-NOT: Dot
exec.program @p for "vulkan" attributes {max_rows = 512 : i64, max_outputs = 16 : i64} {
  // Codes below 128 are signed bytes as well, which more devices multiply.
  // CHECK: requires #spirv.vce<v1.3, [{{.*}}DotProduct, DotProductInput4x8BitPacked{{.*}}], [{{.*}}SPV_KHR_integer_dot_product
  // CHECK-NOT: spirv.SUDot
  // CHECK: spirv.SDot {{.*}}, <PackedVectorFormat4x8Bit> : i32 -> i32
  // CHECK-NEXT: spirv.IAdd
  exec.kernel @int7 over rows slices [!exec.slice<rows by 64 of i8, stride 192, group 64>, unit,
      !exec.slice<rows by 64 of f32, stride 256>] states {} {
  ^bb0(%x: tensor<?x64xi8, #lathe.quantized_rows<64>>, %w: !lathe.weight<64x64x<si7, block 1x64, scale <f16>>, panel 64>):
    %y = lathe.linear %x, [%w] : tensor<?x64xi8, #lathe.quantized_rows<64>>,
        [!lathe.weight<64x64x<si7, block 1x64, scale <f16>>, panel 64>] -> tensor<?x64xf32>
    lathe.yield %y : tensor<?x64xf32>
  }
  // x is signed and stands first, codes are not.
  // CHECK-LABEL: spirv.module @k3
  // CHECK-NOT: spirv.SDot
  // CHECK: spirv.SUDot {{.*}}, <PackedVectorFormat4x8Bit> : i32 -> i32
  // CHECK-NEXT: spirv.IAdd
  exec.kernel @int8 over rows slices [!exec.slice<rows by 64 of i8, stride 192, group 64>, unit,
      !exec.slice<rows by 64 of f32, stride 256>] states {} {
  ^bb0(%x: tensor<?x64xi8, #lathe.quantized_rows<64>>, %w: !lathe.weight<64x64x<si8, block 1x0, scale <f32>>, panel 64>):
    %y = lathe.linear %x, [%w] : tensor<?x64xi8, #lathe.quantized_rows<64>>,
        [!lathe.weight<64x64x<si8, block 1x0, scale <f32>>, panel 64>] -> tensor<?x64xf32>
    lathe.yield %y : tensor<?x64xf32>
  }
}
