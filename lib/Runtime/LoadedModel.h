// An opened artifact that this runtime can run.
#pragma once

#include "Artifact/Artifact.h"
#include "Runtime/Device.h"

#include <functional>
#include <memory>
#include <mutex>
#include <optional>

namespace lathe {

enum class LogLevel { Debug = 0, Info = 1, Warning = 2 };
using Logger = std::function<void(LogLevel, const std::string &)>;

/// An entry by name. The result names it; nothing where the program lacks it.
std::optional<uint32_t> findEntry(const fb::Program &program, std::string_view name);
/// "embed" where it gives one vector a sequence and keeps no state.
std::optional<uint32_t> embedEntry(const fb::Program &program);
/// Whether the program keeps anything between calls. One that doesn't computes whole sequences.
inline bool hasState(const fb::Program &program) { return program.states()->size() != 0; }

/// Immutable after open(), shared by sessions, samplers and decoders.
class LoadedModel {
public:
  /// Opens and checks the artifact. Fails as Artifact::open() does, and with Unsupported where its kernels
  /// speak another interface.
  static Result<std::shared_ptr<LoadedModel>> open(const std::string &path, Logger logger);

  const Artifact &artifact() const { return artifact_; }
  const fb::Header &header() const { return artifact_.header(); }
  /// The program for a kind of device; null where the artifact has none.
  const fb::Program *program(DeviceKind kind) const;
  /// What the artifact has programs for, at least one, in its order.
  const std::vector<DeviceKind> &kinds() const { return kinds_; }
  /// The same as text: "cpu, cuda".
  std::string targets(const char *separator) const;
  void log(LogLevel level, const std::string &message) const {
    if (logger_) logger_(level, message);
  }

  /// What the text calls hang onto the model: made once by `make` on first use. The runtime's core does not
  /// know what a tokenizer is.
  using Attachment = std::shared_ptr<const void>;
  const Result<Attachment> &attachment(const std::function<Result<Attachment>()> &make) const;

private:
  explicit LoadedModel(Artifact artifact, Logger logger)
      : artifact_(std::move(artifact)), logger_(std::move(logger)) {}
  Status findPrograms();

  Artifact artifact_;
  Logger logger_;
  std::vector<DeviceKind> kinds_; ///< of each program
  mutable std::mutex attachmentMutex_;
  mutable std::optional<Result<Attachment>> attachment_;
};

} // namespace lathe
