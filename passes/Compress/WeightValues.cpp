#include "Compress/WeightValues.h"

#include "Lathe/LatheDialect.h"

#include "mlir/IR/DialectInterface.h"

#include <thread>

using namespace mlir;
using namespace lathe;

namespace {

/// What setParamSource keeps. An interface of the dialect lives as long as the context and is found by every
/// pass in it, those of a textual pipeline and their clones among them.
struct ContextParams : DialectInterface::Base<ContextParams> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ContextParams)
  explicit ContextParams(Dialect *dialect) : Base(dialect) {}

  const ParamSource *source = nullptr;
  unsigned threads = 0;
};

} // namespace

void lathe::setParamSource(MLIRContext &context, const ParamSource *source, unsigned threads) {
  Dialect *dialect = context.getOrLoadDialect<LatheDialect>();
  auto *params = dialect->getRegisteredInterface<ContextParams>();
  if (!params) params = &dialect->addInterface<ContextParams>();
  params->source = source;
  params->threads = threads;
}

FailureOr<std::unique_ptr<WeightValues>> WeightValues::open(ModuleOp module, const std::string &folder,
                                                            unsigned threads) {
  auto values = std::make_unique<WeightValues>();
  values->module_ = module;
  Dialect *dialect = module.getContext()->getOrLoadDialect<LatheDialect>();
  const auto *context = dialect->getRegisteredInterface<ContextParams>();
  const ParamSource *source = context ? context->source : nullptr;
  if (source && !folder.empty())
    return module.emitError() << "checkpoint=" << folder
                              << " is for lathe-opt; here weights come from the model that is compiled";
  if (!folder.empty()) {
    Result<Checkpoint> checkpoint = Checkpoint::open(folder);
    if (!checkpoint.ok()) return module.emitError() << checkpoint.status().message();
    values->checkpoint_.emplace(std::move(*checkpoint));
    source = &values->folder_.emplace(*values->checkpoint_);
  }
  if (!threads && context) threads = context->threads;
  values->threads_ = threads ? threads : std::max(1u, std::thread::hardware_concurrency());
  values->available_ = source || module->hasAttr("lathe.inline");
  values->inline_.emplace(module, source);
  values->evaluator_.emplace(*values->inline_, values->threads_);
  return values;
}

LogicalResult WeightValues::require(const std::string &what) const {
  if (available_) return success();
  return ModuleOp(module_).emitError() << what
                                       << " the values of weights: give the checkpoint's folder with "
                                          "checkpoint=DIR (lathe-opt) or --checkpoint DIR (lathe compile)";
}
