#include "Weights/ParamSource.h"

using namespace mlir;
using namespace lathe;

Result<ParamTensor> CheckpointParams::find(StringRef scope, StringRef key) const {
  if (scope != "model")
    return Status(Code::NotFound,
                  "no source for params of scope \"" + scope.str() + "\"; the checkpoint's is \"model\"");
  Result<const CheckpointTensor *> tensor = checkpoint_.get(key.str());
  if (!tensor.ok()) return tensor.status();
  ParamTensor result;
  result.shape = (*tensor)->info.shape;
  result.read = [this, found = *tensor](uint64_t first, std::span<float> out) {
    return checkpoint_.readF32(*found, first, out);
  };
  return result;
}

Result<ParamTensor> InlineParams::find(StringRef scope, StringRef key) const {
  if (scope != "inline") {
    if (next_) return next_->find(scope, key);
    return Status(Code::NotFound, "no checkpoint is open for params of scope \"" + scope.str() +
                                      "\"; name its folder: checkpoint=DIR");
  }
  auto table = module_->getAttrOfType<DictionaryAttr>("lathe.inline");
  auto values = table ? table.getAs<DenseElementsAttr>(key) : DenseElementsAttr();
  if (!values || !values.getElementType().isF32())
    return Status(Code::NotFound, "the module's lathe.inline has no f32 tensor \"" + key.str() + "\"");
  ParamTensor result;
  result.shape.assign(values.getType().getShape().begin(), values.getType().getShape().end());
  result.read = [values](uint64_t first, std::span<float> out) -> Status {
    auto all = values.getValues<float>();
    if (first + out.size() > uint64_t(values.getNumElements()))
      return Status(Code::InvalidArgument, "out of range");
    for (size_t i = 0; i < out.size(); ++i) out[i] = all[first + i];
    return {};
  };
  return result;
}
