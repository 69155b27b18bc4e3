#include "Runtime/LoadedModel.h"

#include "Artifact/KernelABI.h"

namespace lathe {

Result<std::shared_ptr<LoadedModel>> LoadedModel::open(const std::string &path, Logger logger) {
  auto artifact = Artifact::open(path);
  if (!artifact) return artifact.status();
  std::shared_ptr<LoadedModel> model(new LoadedModel(std::move(*artifact), std::move(logger)));
  Status status = model->findProgram();
  if (!status.ok()) return status.in(path);
  return model;
}

Status LoadedModel::findProgram() {
  std::string targets;
  for (const fb::Program *program : *header().programs()) {
    targets += (targets.empty() ? "" : ", ") + program->target()->str();
    if (program->target()->string_view() != "cpu") continue;
    if (program->kernel_abi() != kKernelABI)
      return Status(Code::Unsupported, "its kernels speak interface " +
                                           std::to_string(program->kernel_abi()) + ", this runtime " +
                                           std::to_string(kKernelABI) + ": compile the model again");
    program_ = program;
    return {};
  }
  return Status(Code::Unsupported, "it has no program for a CPU, only for: " + targets);
}

std::optional<uint32_t> LoadedModel::findEntry(std::string_view name) const {
  const auto &entries = *program_->entries();
  for (uint32_t i = 0; i < entries.size(); ++i)
    if (entries[i]->name()->string_view() == name) return i;
  return std::nullopt;
}

std::optional<uint32_t> LoadedModel::embedEntry() const {
  auto index = findEntry("embed");
  if (!index) return index;
  const fb::Entry &entry = *program_->entries()->Get(*index);
  if (entry.result_domain() != fb::RowDomain::Sequences) return std::nullopt;
  for (const fb::Dispatch *dispatch : *entry.dispatches())
    for (const fb::Binding *binding : *dispatch->bindings())
      if (binding->kind() == fb::BindingKind::Growing || binding->kind() == fb::BindingKind::Fixed)
        return std::nullopt;
  return index;
}

const Result<LoadedModel::Attachment> &
LoadedModel::attachment(const std::function<Result<Attachment>()> &make) const {
  std::lock_guard lock(attachmentMutex_);
  if (!attachment_) attachment_.emplace(make());
  return *attachment_;
}

} // namespace lathe
