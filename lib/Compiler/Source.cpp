#include "Compiler/Source.h"

#include "Exec/ExecDialect.h"
#include "Import/Import.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Parser/Parser.h"

#include <array>
#include <filesystem>

using namespace mlir;
using namespace lathe;

static constexpr const char *kPhaseAttribute = "lathe.phase";
static constexpr std::array<std::pair<std::string_view, Emit>, 6> kEmits = {{{"artifact", Emit::Artifact},
                                                                             {"lathe", Emit::Lathe},
                                                                             {"exec", Emit::Exec},
                                                                             {"kernels", Emit::Kernels},
                                                                             {"llvm", Emit::LLVM},
                                                                             {"asm", Emit::Assembly}}};

std::optional<Emit> lathe::parseEmit(std::string_view name) {
  for (auto [text, emit] : kEmits)
    if (text == name) return emit;
  return std::nullopt;
}

void lathe::loadDialects(MLIRContext &context) {
  context.loadDialect<LatheDialect, exec::ExecDialect, func::FuncDialect, arith::ArithDialect, math::MathDialect>();
}

void lathe::setPhase(ModuleOp module, Phase phase) {
  module->setAttr(kPhaseAttribute, StringAttr::get(module.getContext(), stringifyPhase(phase)));
}

static Result<Source> openText(const CompileOptions &options, MLIRContext &context) {
  Source source;
  source.module = parseSourceFile<ModuleOp>(options.model, ParserConfig(&context));
  if (!source.module) return Status(Code::InvalidArgument, options.model + ": not valid IR");
  if (auto phase = source.module.get()->getAttrOfType<StringAttr>(kPhaseAttribute)) {
    std::optional<Phase> parsed = parsePhase(phase.strref());
    if (!parsed) return Status(Code::InvalidArgument, options.model + ": unknown lathe.phase \"" + phase.str() + "\"");
    source.phase = *parsed;
  } else if (!source.module->getOps<exec::ProgramOp>().empty()) {
    source.phase = Phase::Lower;
  }
  if (options.checkpoint.empty()) return source;
  Result<Checkpoint> checkpoint = Checkpoint::open(options.checkpoint);
  if (!checkpoint.ok()) return checkpoint.status();
  source.checkpoint = std::move(*checkpoint);
  return source;
}

Result<Source> lathe::openSource(const CompileOptions &options, MLIRContext &context) {
  std::filesystem::path path(options.model);
  std::error_code ignored;
  if (std::filesystem::is_regular_file(path, ignored) && (path.extension() == ".mlir" || path.extension() == ".mlirbc"))
    return openText(options, context);
  Result<Checkpoint> checkpoint = Checkpoint::open(options.model);
  if (!checkpoint.ok()) return checkpoint.status();
  if (!options.checkpoint.empty())
    return Status(Code::InvalidArgument, options.model + ": is a checkpoint itself; --checkpoint is for an .mlir file");
  Source source;
  source.checkpoint = std::move(*checkpoint);
  Result<OwningOpRef<ModuleOp>> module = importCheckpoint(*source.checkpoint, context);
  if (!module.ok()) return module.status();
  source.module = std::move(*module);
  return source;
}
