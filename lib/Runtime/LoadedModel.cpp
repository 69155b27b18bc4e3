#include "Runtime/LoadedModel.h"

#include "Artifact/KernelABI.h"

#include <algorithm>

namespace lathe {

Result<std::shared_ptr<LoadedModel>> LoadedModel::open(const std::string &path, Logger logger) {
  auto artifact = Artifact::open(path);
  if (!artifact) return artifact.status();
  std::shared_ptr<LoadedModel> model(new LoadedModel(std::move(*artifact), std::move(logger)));
  Status status = model->findPrograms();
  if (!status.ok()) return status.in(path);
  return model;
}

Status LoadedModel::findPrograms() {
  for (const fb::Program *program : *header().programs()) {
    if (program->kernel_abi() != kKernelABI)
      return Status(Code::Unsupported, "its kernels speak interface " +
                                           std::to_string(program->kernel_abi()) + ", this runtime " +
                                           std::to_string(kKernelABI) + ": compile the model again");
    auto kind = deviceKindOf(program->target()->string_view());
    assert(kind && "the reader knows the targets");
    kinds_.push_back(*kind);
  }
  return {};
}

const fb::Program *LoadedModel::program(DeviceKind kind) const {
  auto found = std::find(kinds_.begin(), kinds_.end(), kind);
  if (found == kinds_.end()) return nullptr;
  return header().programs()->Get(static_cast<uint32_t>(found - kinds_.begin()));
}

std::string LoadedModel::targets(const char *separator) const {
  std::string text;
  for (DeviceKind kind : kinds_) text += (text.empty() ? "" : separator) + std::string(nameOf(kind));
  return text;
}

std::optional<uint32_t> findEntry(const fb::Program &program, std::string_view name) {
  const auto &entries = *program.entries();
  for (uint32_t i = 0; i < entries.size(); ++i)
    if (entries[i]->name()->string_view() == name) return i;
  return std::nullopt;
}

std::optional<uint32_t> embedEntry(const fb::Program &program) {
  auto index = findEntry(program, "embed");
  if (!index) return index;
  const fb::Entry &entry = *program.entries()->Get(*index);
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
