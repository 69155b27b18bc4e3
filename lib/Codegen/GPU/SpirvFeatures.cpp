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
  std::optional<spirv::Extension> extension = std::nullopt; ///< of SPIR-V, which a module with it declares
};
} // namespace

static constexpr Requirement kRequirements[] = {
    {Capability::Matrix, ""},
    {Capability::Shader, ""},
    {Capability::GroupNonUniform, ""},
    {Capability::PhysicalStorageBufferAddresses, "bufferDeviceAddress",
     spirv::Extension::SPV_KHR_physical_storage_buffer},
    {Capability::Int64, "shaderInt64"},
    {Capability::Int16, "shaderInt16"},
    {Capability::Int8, "shaderInt8"},
    {Capability::Float16, "shaderFloat16"},
    {Capability::StorageBuffer8BitAccess, "storageBuffer8BitAccess", spirv::Extension::SPV_KHR_8bit_storage},
    {Capability::StorageBuffer16BitAccess, "storageBuffer16BitAccess"},
    {Capability::GroupNonUniformArithmetic, "subgroupArithmetic"},
    {Capability::DotProduct, "integerDotProduct", spirv::Extension::SPV_KHR_integer_dot_product},
    {Capability::DotProductInput4x8BitPacked, "integerDotProduct",
     spirv::Extension::SPV_KHR_integer_dot_product},
};

static const Requirement *requirementOf(Capability capability) {
  const auto *found =
      llvm::find_if(kRequirements, [&](const Requirement &of) { return of.capability == capability; });
  return found == std::end(kRequirements) ? nullptr : found;
}

// Vulkan 1.2 reads newer versions, but 1.3 is the first with subgroups, and what is later is used as an
// extension.
static constexpr spirv::Version kVersion = spirv::Version::V_1_3;

static spirv::TargetEnvAttr targetEnvOf(spirv::Version version, MLIRContext *context) {
  SmallVector<Capability> capabilities;
  llvm::SetVector<spirv::Extension> extensions;
  for (const Requirement &requirement : kRequirements) {
    capabilities.push_back(requirement.capability);
    if (requirement.extension) extensions.insert(*requirement.extension);
  }
  auto triple = spirv::VerCapExtAttr::get(version, capabilities, extensions.getArrayRef(), context);
  return spirv::TargetEnvAttr::get(triple, spirv::getDefaultResourceLimits(context),
                                   spirv::ClientAPI::Vulkan);
}

spirv::TargetEnvAttr spirvTargetEnv(MLIRContext *context) { return targetEnvOf(kVersion, context); }

/// The deduction of MLIR knows storage of narrow integers for bindings, not for addresses.
static void addStorage(spirv::ModuleOp module, llvm::SetVector<Capability> &capabilities) {
  module.walk([&](spirv::ConvertUToPtrOp op) {
    Type pointee = cast<spirv::PointerType>(op.getType()).getPointeeType();
    unsigned bits = getElementTypeOrSelf(pointee).getIntOrFloatBitWidth();
    if (bits == 16) capabilities.insert(Capability::StorageBuffer16BitAccess);
    if (bits == 8) capabilities.insert(Capability::StorageBuffer8BitAccess);
  });
}

static LogicalResult checkFeatures(spirv::ModuleOp module, ArrayRef<Capability> capabilities,
                                   const GpuVariant &variant) {
  for (Capability capability : capabilities) {
    const Requirement *requirement = requirementOf(capability);
    if (!requirement)
      return module.emitError("uses SPIR-V's ") << spirv::stringifyCapability(capability)
                                                << ", which no variant allows";
    if (!requirement->feature.empty() && !llvm::is_contained(variant.requiredFeatures, requirement->feature))
      return module.emitError("uses Vulkan's ")
             << requirement->feature << " (SPIR-V's " << spirv::stringifyCapability(capability)
             << "), which variant " << variant.name << " does not require of a device";
  }
  return success();
}

LogicalResult declareCapabilities(spirv::ModuleOp module, const GpuVariant &variant) {
  MLIRContext *context = module.getContext();
  // MLIR (22.1) knows dot products as a part of 1.6 only, not as the extension that they were before.
  module->setAttr(spirv::getTargetEnvAttrName(), targetEnvOf(spirv::Version::V_1_6, context));
  PassManager passes(context, spirv::ModuleOp::getOperationName());
  passes.addPass(spirv::createSPIRVUpdateVCEPass());
  if (failed(passes.run(module))) return failure();

  spirv::VerCapExtAttr deduced = *module.getVceTriple();
  auto range = deduced.getCapabilities();
  llvm::SetVector<Capability> capabilities(range.begin(), range.end());
  addStorage(module, capabilities);
  if (failed(checkFeatures(module, capabilities.getArrayRef(), variant))) return failure();
  llvm::SetVector<spirv::Extension> extensions;
  for (Capability capability : capabilities)
    if (auto extension = requirementOf(capability)->extension) extensions.insert(*extension);
  module.setVceTripleAttr(spirv::VerCapExtAttr::get(kVersion, capabilities.getArrayRef(),
                                                    extensions.getArrayRef(), context));
  module->removeAttr(spirv::getTargetEnvAttrName());
  return success();
}

} // namespace lathe
