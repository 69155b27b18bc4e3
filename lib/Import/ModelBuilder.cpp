// The frame of a model: names, tensors, the entry point. The layers are in ModelLayers.cpp.
#include "Import/ModelBuilder.h"

#include "Lathe/EntryPoints.h"

#include "mlir/IR/Verifier.h"

using namespace mlir;
using namespace lathe;

ModelBuilder::ModelBuilder(const Checkpoint &checkpoint, MLIRContext &context)
    : checkpoint_(checkpoint), builder_(&context) {
  context.loadDialect<LatheDialect, func::FuncDialect>();
  Location loc = builder_.getUnknownLoc();
  module_ = ModuleOp::create(loc);
  builder_.setInsertionPointToStart(module_->getBody());
  entry_ = func::FuncOp::create(builder_, loc, "entry",
                                builder_.getFunctionType({BatchType::get(&context)}, TypeRange()));
  Block *body = entry_.addEntryBlock();
  batch_ = body->getArgument(0);
  builder_.setInsertionPointToStart(body);
}

ModelBuilder::Scope ModelBuilder::enter(const std::string &name) {
  std::string outer = scope_;
  scope_ += name + ".";
  return Scope(*this, outer);
}

void ModelBuilder::choosePrefix(std::initializer_list<std::string_view> prefixes, std::string_view witness) {
  prefix_ = *prefixes.begin();
  for (std::string_view prefix : prefixes) {
    if (!checkpoint_.find(std::string(prefix) + std::string(witness))) continue;
    prefix_ = prefix;
    return;
  }
}

void ModelBuilder::ignoreTensors(std::initializer_list<std::string_view> parts) {
  ignored_.insert(ignored_.end(), parts.begin(), parts.end());
}

void ModelBuilder::fail(Status status) {
  if (status_.ok()) status_ = std::move(status);
}

Location ModelBuilder::here(const std::string &name) {
  std::string path = scope_ + name;
  while (!path.empty() && path.back() == '.') path.pop_back();
  return path.empty() ? Location(builder_.getUnknownLoc()) : NameLoc::get(builder_.getStringAttr(path));
}

Value ModelBuilder::parameter(const std::string &name, ArrayRef<int64_t> shape) {
  return tensor(prefix_ + scope_ + name, shape);
}

Type ModelBuilder::typeOf(const CheckpointTensor *tensor) {
  switch (tensor ? tensor->info.dtype : DType::F32) {
  case DType::F32:
    return builder_.getF32Type();
  case DType::F16:
    return builder_.getF16Type();
  case DType::BF16:
    return builder_.getBF16Type();
  default:
    fail(Status(Code::Unsupported, checkpoint_.files()[tensor->file].path() + ": tensor '" +
                                       tensor->info.name + "' is stored as " +
                                       std::string(dtypeName(tensor->info.dtype)) +
                                       "; weights are read as F32, F16 or BF16"));
    return builder_.getF32Type();
  }
}

Value ModelBuilder::tensor(const std::string &key, ArrayRef<int64_t> shape) {
  Value &value = parameters_[key];
  if (value) return value;
  Result<const CheckpointTensor *> found = checkpoint_.get(key);
  const CheckpointTensor *tensor = found ? *found : nullptr;
  if (!found)
    fail(Status(Code::Corrupt,
                found.status().message() + "; config.json asks for one of " + shapeText(shape)));
  if (tensor && ArrayRef<int64_t>(tensor->info.shape) != shape)
    fail(Status(Code::Corrupt, checkpoint_.files()[tensor->file].path() + ": tensor '" + key + "' is " +
                                   shapeText(tensor->info.shape) + ", but config.json asks for " +
                                   shapeText(shape)));
  used_.insert(key);
  auto type = WeightType::get(shape, EncodingAttr::get(typeOf(tensor)));
  // At its first use; a scope may end before the second.
  value = ParamOp::create(builder_, NameLoc::get(builder_.getStringAttr(key)), type, "model", key);
  return value;
}

Value ModelBuilder::head(const std::string &lmHead, Value embedding, bool tied) {
  auto type = cast<WeightType>(embedding.getType());
  if (!tied) return tensor(lmHead, type.getShape());
  // Some tied checkpoints store the matrix twice.
  const CheckpointTensor *stored = checkpoint_.find(lmHead);
  if (!stored) return embedding;
  used_.insert(lmHead);
  const CheckpointTensor *shared = checkpoint_.find(embedding.getDefiningOp<ParamOp>().getKey());
  if (shared && checkpoint_.hash(*stored) != checkpoint_.hash(*shared))
    fail(Status(Code::Corrupt, checkpoint_.folder() +
                                   ": config.json says that head and embedding are tied, but '" + lmHead +
                                   "' and '" + shared->info.name +
                                   "' differ; set 'tie_word_embeddings' to false, or remove the tensor"));
  return embedding;
}

void ModelBuilder::finish(const std::string &name, Value result, const ModelInfo &info) {
  SmallVector<Value> results = {result};
  for (const auto &[other, value] : further_) results.push_back(value);
  func::ReturnOp::create(builder_, builder_.getUnknownLoc(), results);
  entry_.setName(name);
  entry_.setType(builder_.getFunctionType(batch_.getType(), TypeRange(ValueRange(results))));
  for (size_t i = 0; i < further_.size(); ++i) setEntryName(entry_, i + 1, further_[i].first);
  setModelInfo(*module_, info);
}

Status ModelBuilder::checkLeftOver() const {
  std::vector<std::string> leftOver;
  for (const CheckpointTensor &tensor : checkpoint_.tensors()) {
    const std::string &key = tensor.info.name;
    bool ignored =
        llvm::any_of(ignored_, [&](const std::string &part) { return key.find(part) != key.npos; });
    if (!ignored && !used_.count(key)) leftOver.push_back(key);
  }
  if (leftOver.empty()) return {};
  std::string names;
  for (size_t i = 0; i < std::min<size_t>(leftOver.size(), 3); ++i)
    names += (i ? ", '" : "'") + leftOver[i] + "'";
  if (leftOver.size() > 3) names += " and " + std::to_string(leftOver.size() - 3) + " more";
  return Status(Code::Corrupt, checkpoint_.folder() +
                                   ": the model that config.json describes has no use for " + names +
                                   "; is it the configuration of these weights?");
}

Result<OwningOpRef<ModuleOp>> ModelBuilder::take() {
  LATHE_TRY(status_);
  LATHE_TRY(checkLeftOver());
  if (failed(verify(*module_))) return Status(Code::Internal, "the imported module does not verify");
  return std::move(module_);
}
