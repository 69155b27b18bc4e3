// An opened artifact that this runtime can run.
#pragma once

#include "Artifact/Artifact.h"
#include "Runtime/CpuFeatures.h"

#include <functional>
#include <memory>
#include <mutex>
#include <optional>

namespace lathe {

enum class LogLevel { Debug = 0, Info = 1, Warning = 2 };
using Logger = std::function<void(LogLevel, const std::string &)>;

/// Immutable after open(), shared by sessions, samplers and decoders.
class LoadedModel {
public:
  /// Opens and checks the artifact, and finds the program for this machine's kind of device. Fails as
  /// Artifact::open() does, and with Unsupported where there is none or its kernels speak another interface.
  static Result<std::shared_ptr<LoadedModel>> open(const std::string &path, Logger logger);

  const Artifact &artifact() const { return artifact_; }
  const fb::Header &header() const { return artifact_.header(); }
  const fb::Program &program() const { return *program_; }
  const CpuFeatures &features() const { return features_; }
  void log(LogLevel level, const std::string &message) const {
    if (logger_) logger_(level, message);
  }

  /// An entry by name. The result names it; nothing where the program lacks it.
  std::optional<uint32_t> findEntry(std::string_view name) const;
  /// Whether the program keeps anything between calls. One that doesn't computes whole sequences.
  bool hasState() const { return program_->states()->size() != 0; }
  /// "embed" where it gives one vector a sequence and keeps no state.
  std::optional<uint32_t> embedEntry() const;

  /// What the text calls hang onto the model: made once by `make` on first use. The runtime's core does not
  /// know what a tokenizer is.
  using Attachment = std::shared_ptr<const void>;
  const Result<Attachment> &attachment(const std::function<Result<Attachment>()> &make) const;

private:
  explicit LoadedModel(Artifact artifact, Logger logger)
      : artifact_(std::move(artifact)), logger_(std::move(logger)), features_(CpuFeatures::probe()) {}
  Status findProgram();

  Artifact artifact_;
  Logger logger_;
  CpuFeatures features_;
  const fb::Program *program_ = nullptr;
  mutable std::mutex attachmentMutex_;
  mutable std::optional<Result<Attachment>> attachment_;
};

} // namespace lathe
