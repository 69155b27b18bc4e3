#include "Lathe/ModelInfo.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace lathe;

static constexpr StringLiteral attributeName = "lathe.model";

void lathe::setModelInfo(ModuleOp module, const ModelInfo &info) {
  Builder builder(module.getContext());
  SmallVector<NamedAttribute> entries = {
      builder.getNamedAttr("family", builder.getStringAttr(info.family)),
      builder.getNamedAttr("vocabulary", builder.getI64IntegerAttr(info.vocabulary)),
      builder.getNamedAttr("context", builder.getI64IntegerAttr(info.context)),
      builder.getNamedAttr("width", builder.getI64IntegerAttr(info.width)),
  };
  if (info.lowercase) entries.push_back(builder.getNamedAttr("lowercase", builder.getUnitAttr()));
  module->setAttr(attributeName, builder.getDictionaryAttr(entries));
}

std::optional<ModelInfo> lathe::getModelInfo(ModuleOp module) {
  auto entries = module->getAttrOfType<DictionaryAttr>(attributeName);
  if (!entries) return std::nullopt;
  auto family = entries.getAs<StringAttr>("family");
  auto vocabulary = entries.getAs<IntegerAttr>("vocabulary"), context = entries.getAs<IntegerAttr>("context"),
       width = entries.getAs<IntegerAttr>("width");
  if (!family || !vocabulary || !context || !width) return std::nullopt;
  return ModelInfo{family.str(), vocabulary.getInt(), context.getInt(), width.getInt(),
                   entries.contains("lowercase")};
}
