#include "Codegen/GPU/CompileProgram.h"

#include "Codegen/GPU/EmitKernels.h"
#include "Codegen/GPU/KernelFamilies.h"
#include "Codegen/GPU/ToPtx.h"
#include "Codegen/GPU/ToSpirv.h"

#include "mlir/IR/Threading.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;

namespace lathe {

namespace {
/// One function of a kernel for one variant, on its way from IR to code.
struct Unit {
  exec::KernelOp kernel;
  const PlannedKernel *planned;
  KernelFunction part;
  const GpuVariant *variant;
  std::string kernelText, codeText;
  std::vector<char> code;
};
} // namespace

static LogicalResult compileUnit(Unit &unit, const CodegenTexts &texts) {
  OpBuilder builder(unit.kernel.getContext());
  OwningOpRef<ModuleOp> holder = ModuleOp::create(builder, unit.kernel.getLoc());
  holder.get()->setAttr(gpu::GPUDialect::getContainerModuleAttrName(), builder.getUnitAttr());
  builder.setInsertionPointToStart(holder->getBody());
  auto module = gpu::GPUModuleOp::create(builder, unit.kernel.getLoc(), "kernels");
  auto function = emitGpuKernel(module, unit.kernel, *unit.planned, unit.part, *unit.variant);
  if (failed(function) || failed(verify(*holder))) return failure();
  if (texts.kernels) {
    llvm::raw_string_ostream stream(unit.kernelText);
    module->print(stream);
    stream << "\n";
  }
  if (unit.variant->isCuda()) {
    auto ptx = compilePtx(module, *unit.variant);
    if (failed(ptx)) return failure();
    unit.codeText = *ptx;
    return success();
  }
  auto words = compileSpirv(*function, *unit.variant, texts.assembly ? &unit.codeText : nullptr);
  if (failed(words)) return failure();
  unit.code = std::move(*words);
  return success();
}

/// SPIR-V modules one after another, or one text of PTX.
static void joinImage(ArrayRef<Unit> units, const GpuVariant &variant, VariantCode &code) {
  std::vector<std::string> texts;
  for (const Unit &unit : units) {
    if (unit.variant != &variant) continue;
    code.entries.push_back(variant.isCuda() ? 0 : code.image.size());
    code.image.insert(code.image.end(), unit.code.begin(), unit.code.end());
    if (variant.isCuda()) texts.push_back(unit.codeText);
  }
  if (!variant.isCuda()) return;
  std::string joined = joinPtx(texts);
  code.image.assign(joined.c_str(), joined.c_str() + joined.size() + 1);
}

static void keepTexts(ArrayRef<Unit> units, ArrayRef<VariantCode> variants, const CodegenTexts &texts) {
  auto append = [](std::string *to, const Unit &unit, StringRef comment, StringRef text) {
    if (to) *to += (comment + " " + unit.planned->name + " for " + unit.variant->name + "\n" + text).str();
  };
  for (const Unit &unit : units) {
    if (llvm::none_of(variants, [&](const VariantCode &kept) { return kept.name == unit.variant->name; }))
      continue;
    append(texts.kernels, unit, "//", unit.kernelText);
    append(texts.assembly, unit, "//", unit.codeText);
  }
}

FailureOr<ProgramCode> compileGpuProgram(exec::ProgramOp program, ArrayRef<StringRef> variants,
                                         const CodegenTexts &texts) {
  MLIRContext *context = program.getContext();
  loadGpuDialects(*context);
  auto kernels = planKernels(program, gpuKernelFamilies());
  if (failed(kernels)) return failure();
  ProgramCode result;
  result.kernels = std::move(*kernels);
  std::vector<Unit> units;
  for (StringRef name : variants) {
    const GpuVariant *variant = findGpuVariant(name);
    if (!variant) return program.emitError("unknown GPU variant '") << name << "'";
    for (auto [kernel, planned] : llvm::zip(program.getBody().front().getOps<exec::KernelOp>(), result.kernels))
      for (const KernelFunction &part : planned.functions())
        units.push_back({kernel, &planned, part, variant, {}, {}, {}});
  }
  if (failed(failableParallelForEach(context, units, [&](Unit &unit) { return compileUnit(unit, texts); })))
    return failure();
  for (StringRef name : variants) {
    const GpuVariant &variant = *findGpuVariant(name);
    VariantCode code{variant.arch.str(), variant.name.str(), {}, {}, {}};
    for (StringRef feature : variant.requiredFeatures) code.features.push_back(feature.str());
    joinImage(units, variant, code);
    if (llvm::none_of(result.variants, [&](const VariantCode &kept) { return kept.image == code.image; }))
      result.variants.push_back(std::move(code));
  }
  keepTexts(units, result.variants, texts);
  return result;
}

} // namespace lathe
