#include "Codegen/CPU/CompileProgram.h"

#include "Codegen/CPU/CpuContext.h"
#include "Codegen/CPU/FlatImage.h"
#include "Codegen/CPU/KernelFamilies.h"
#include "Codegen/CPU/Lowering.h"
#include "Codegen/CPU/ObjectCode.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Threading.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;

namespace lathe {

static std::string symbolOf(StringRef kernel, size_t index) { return (kernel + ".c" + Twine(index)).str(); }

static bool hasBitmaps(exec::ProgramOp program) {
  for (auto kernel : program.getBody().front().getOps<exec::KernelOp>())
    for (Type type : kernel.getBody().getArgumentTypes())
      if (auto weight = dyn_cast<WeightType>(type); weight && weight.getEncoding().getBitmap()) return true;
  return false;
}

const CpuVariant *findCpuVariant(exec::ProgramOp program, StringRef name) {
  const CpuVariant *variant = findCpuVariant(name);
  return variant && hasBitmaps(program) ? &forBitmaps(*variant) : variant;
}

LogicalResult emitKernel(OpBuilder &builder, exec::KernelOp kernel, ArrayRef<KernelClass> classes,
                         const CpuVariant &variant) {
  auto emitter = findKernelEmitter(cpuKernelFamilies(), kernel);
  if (failed(emitter)) return failure();
  Type pointer = LLVM::LLVMPointerType::get(builder.getContext()), i64 = builder.getI64Type();
  auto type = builder.getFunctionType({pointer, pointer, pointer, i64, i64}, {});
  for (auto [index, kernelClass] : llvm::enumerate(classes)) {
    OpBuilder::InsertionGuard guard(builder);
    auto function =
        func::FuncOp::create(builder, kernel.getLoc(), symbolOf(kernel.getSymName(), index), type);
    Block *entry = function.addEntryBlock();
    CpuContext context(builder, kernel, variant, kernelClass, entry);
    if (failed((*emitter)->emit(context))) return failure();
    builder.setInsertionPointToEnd(entry);
    func::ReturnOp::create(builder, kernel.getLoc());
  }
  return success();
}

namespace {
/// A kernel for one variant, on its way from IR to an object.
struct Unit {
  exec::KernelOp kernel;
  const PlannedKernel *code;
  const CpuVariant *variant;
  std::string kernelText;
  ObjectCode object;
};
} // namespace

static LogicalResult compileUnit(Unit &unit, const CodegenTexts &options) {
  OpBuilder builder(unit.kernel.getContext());
  OwningOpRef<ModuleOp> module = ModuleOp::create(builder, unit.kernel.getLoc());
  builder.setInsertionPointToStart(module->getBody());
  if (failed(emitKernel(builder, unit.kernel, unit.code->classes, *unit.variant)) || failed(verify(*module)))
    return failure();
  if (options.kernels) {
    llvm::raw_string_ostream stream(unit.kernelText);
    module->print(stream);
  }
  if (failed(lowerToLLVM(*module))) return failure();
  auto object = compileObject(*module, *unit.variant, options.llvm != nullptr, options.assembly != nullptr);
  if (failed(object)) return failure();
  unit.object = std::move(*object);
  return success();
}

static LogicalResult linkVariant(exec::ProgramOp program, ArrayRef<Unit> units, VariantCode &code) {
  SmallVector<ArrayRef<char>> objects;
  std::vector<std::string> symbols;
  for (const Unit &unit : units) {
    if (unit.variant->name != code.name) continue;
    objects.push_back(unit.object.bytes);
    for (size_t index = 0; index < unit.code->classes.size(); ++index)
      symbols.push_back(symbolOf(unit.code->name, index));
  }
  if (objects.empty()) return success();
  auto image = linkFlatImage(objects, symbols);
  if (!image)
    return program.emitError("variant ") << code.name << ": " << llvm::toString(image.takeError());
  code.image = std::move(image->bytes);
  code.entries = std::move(image->entries);
  return success();
}

static void keepTexts(ArrayRef<Unit> units, const CodegenTexts &options) {
  auto append = [](std::string *to, const Unit &unit, StringRef comment, StringRef text) {
    if (to) *to += (comment + " " + unit.code->name + " for " + unit.variant->name + "\n" + text).str();
  };
  for (const Unit &unit : units) {
    append(options.kernels, unit, "//", unit.kernelText);
    append(options.llvm, unit, ";", unit.object.llvmText);
    append(options.assembly, unit, "#", unit.object.assemblyText);
  }
}

FailureOr<ProgramCode> compileCpuProgram(exec::ProgramOp program, ArrayRef<StringRef> variants,
                                            const CodegenTexts &options) {
  MLIRContext *context = program.getContext();
  loadCodegenDialects(*context);
  auto kernels = planKernels(program, cpuKernelFamilies());
  if (failed(kernels)) return failure();
  ProgramCode result;
  result.kernels = std::move(*kernels);
  std::vector<Unit> units;
  for (StringRef name : variants) {
    const CpuVariant *variant = findCpuVariant(program, name);
    if (!variant) return program.emitError("unknown CPU variant '") << name << "'";
    std::vector<std::string> features;
    for (StringRef feature : variant->requiredFeatures) features.push_back(feature.str());
    result.variants.push_back({"x86_64", variant->name.str(), std::move(features), {}, {}});
    for (auto [kernel, code] : llvm::zip(program.getBody().front().getOps<exec::KernelOp>(), result.kernels))
      units.push_back({kernel, &code, variant, {}, {}});
  }
  if (failed(failableParallelForEach(context, units, [&](Unit &unit) { return compileUnit(unit, options); })))
    return failure();
  for (VariantCode &variant : result.variants)
    if (failed(linkVariant(program, units, variant))) return failure();
  keepTexts(units, options);
  return result;
}

} // namespace lathe
