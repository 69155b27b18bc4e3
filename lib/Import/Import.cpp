#include "Import/Import.h"

#include "Import/Families.h"

using namespace mlir;
using namespace lathe;

namespace {
struct Family {
  StringLiteral modelType;
  ImportFamily *import;
};
// A new family: one file, and one line here.
constexpr Family families[] = {
    {"llama", importLlama},
    {"gpt2", importGpt2},
    {"bert", importBert},
};
} // namespace

static const Family *findFamily(Config &config) {
  std::string modelType = config.text("model_type");
  if (!config.status().ok()) return nullptr;
  for (const Family &family : families)
    if (family.modelType == modelType) return &family;
  std::string known;
  for (const Family &family : families) known += (known.empty() ? "" : ", ") + family.modelType.str();
  config.fail(Code::Unsupported, "model_type",
              "is '" + modelType.substr(0, 40) + "'; supported are " + known);
  return nullptr;
}

Result<OwningOpRef<ModuleOp>> lathe::importCheckpoint(const Checkpoint &checkpoint, MLIRContext &context) {
  Result<Config> config = Config::open(checkpoint.path("config.json"));
  if (!config) return config.status();
  const Family *family = findFamily(*config);
  if (!family) return config->status();
  ModelBuilder model(checkpoint, context);
  LATHE_TRY(family->import(model, *config));
  return model.take();
}
