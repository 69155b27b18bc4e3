#include "Codegen/GPU/SpirvFeatures.h"

#include "mlir/Dialect/SPIRV/IR/TargetAndABI.h"
#include "mlir/Dialect/SPIRV/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using spirv::Capability;

namespace lathe {

namespace {
struct Requirement {
  Capability capability;
  StringRef feature; ///< Vulkan's name, as in the artifact; empty where every device of Vulkan 1.2 has it
};
} // namespace

static constexpr Requirement kRequirements[] = {
    {Capability::Matrix, ""},
    {Capability::Shader, ""},
    {Capability::GroupNonUniform, ""},
    {Capability::PhysicalStorageBufferAddresses, "bufferDeviceAddress"},
    {Capability::Int64, "shaderInt64"},
    {Capability::Int16, "shaderInt16"},
    {Capability::Int8, "shaderInt8"},
    {Capability::Float16, "shaderFloat16"},
    {Capability::StorageBuffer8BitAccess, "storageBuffer8BitAccess"},
    {Capability::StorageBuffer16BitAccess, "storageBuffer16BitAccess"},
    {Capability::GroupNonUniformArithmetic, "subgroupArithmetic"},
};

// Vulkan 1.2 reads newer versions, but 1.3 is the first with subgroups, and nothing later is used.
static constexpr spirv::Version kVersion = spirv::Version::V_1_3;
static constexpr spirv::Extension kExtensions[] = {spirv::Extension::SPV_KHR_physical_storage_buffer,
                                                   spirv::Extension::SPV_KHR_8bit_storage};

spirv::TargetEnvAttr spirvTargetEnv(MLIRContext *context) {
  SmallVector<Capability> capabilities;
  for (const Requirement &requirement : kRequirements) capabilities.push_back(requirement.capability);
  auto triple = spirv::VerCapExtAttr::get(kVersion, capabilities, kExtensions, context);
  return spirv::TargetEnvAttr::get(triple, spirv::getDefaultResourceLimits(context),
                                   spirv::ClientAPI::Vulkan);
}

/// The deduction of MLIR knows storage of narrow integers for bindings, not for addresses.
static void addStorage(spirv::ModuleOp module, llvm::SetVector<Capability> &capabilities,
                       llvm::SetVector<spirv::Extension> &extensions) {
  module.walk([&](spirv::ConvertUToPtrOp op) {
    Type pointee = cast<spirv::PointerType>(op.getType()).getPointeeType();
    unsigned bits = getElementTypeOrSelf(pointee).getIntOrFloatBitWidth();
    if (bits == 16) capabilities.insert(Capability::StorageBuffer16BitAccess);
    if (bits != 8) return;
    capabilities.insert(Capability::StorageBuffer8BitAccess);
    extensions.insert(spirv::Extension::SPV_KHR_8bit_storage);
  });
}

static LogicalResult checkFeatures(spirv::ModuleOp module, ArrayRef<Capability> capabilities,
                                   const GpuVariant &variant) {
  for (Capability capability : capabilities) {
    const auto *found = llvm::find_if(kRequirements, [&](const Requirement &requirement) {
      return requirement.capability == capability;
    });
    if (found == std::end(kRequirements))
      return module.emitError("uses SPIR-V's ") << spirv::stringifyCapability(capability)
                                                << ", which no variant allows";
    if (!found->feature.empty() && !llvm::is_contained(variant.requiredFeatures, found->feature))
      return module.emitError("uses Vulkan's ")
             << found->feature << " (SPIR-V's " << spirv::stringifyCapability(capability) << "), which variant "
             << variant.name << " does not require of a device";
  }
  return success();
}

LogicalResult declareCapabilities(spirv::ModuleOp module, const GpuVariant &variant) {
  MLIRContext *context = module.getContext();
  PassManager passes(context, spirv::ModuleOp::getOperationName());
  passes.addPass(spirv::createSPIRVUpdateVCEPass());
  if (failed(passes.run(module))) return failure();

  spirv::VerCapExtAttr deduced = *module.getVceTriple();
  auto range = deduced.getCapabilities();
  llvm::SetVector<Capability> capabilities(range.begin(), range.end());
  auto extensionRange = deduced.getExtensions();
  llvm::SetVector<spirv::Extension> extensions(extensionRange.begin(), extensionRange.end());
  addStorage(module, capabilities, extensions);
  if (failed(checkFeatures(module, capabilities.getArrayRef(), variant))) return failure();
  module.setVceTripleAttr(spirv::VerCapExtAttr::get(kVersion, capabilities.getArrayRef(),
                                                    extensions.getArrayRef(), context));
  module->removeAttr(spirv::getTargetEnvAttrName());
  return success();
}

} // namespace lathe
