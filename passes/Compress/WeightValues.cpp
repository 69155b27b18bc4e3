#include "Compress/WeightValues.h"

#include <thread>

using namespace mlir;
using namespace lathe;

FailureOr<std::unique_ptr<WeightValues>> WeightValues::open(ModuleOp module, const ParamSource *source,
                                                            const std::string &folder, unsigned threads) {
  auto values = std::make_unique<WeightValues>();
  if (!source && !folder.empty()) {
    Result<Checkpoint> checkpoint = Checkpoint::open(folder);
    if (!checkpoint.ok()) return module.emitError() << checkpoint.status().message();
    values->checkpoint_.emplace(std::move(*checkpoint));
    source = &values->folder_.emplace(*values->checkpoint_);
  }
  values->threads_ = threads ? threads : std::max(1u, std::thread::hardware_concurrency());
  values->available_ = source || module->hasAttr("lathe.inline");
  values->inline_.emplace(module, source);
  values->evaluator_.emplace(*values->inline_, values->threads_);
  return values;
}
