// The C interface of the runtime with owners around it, for the commands that run models.
#pragma once

#include "lathe/runtime.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

namespace lathe::tool {

/// Throws Failure with the runtime's message where `status` is one.
void check(lathe_status status);

template <auto Release> struct Releaser {
  template <typename T> void operator()(T *object) const { Release(object); }
};
using ModelPtr = std::unique_ptr<lathe_model, Releaser<lathe_model_release>>;
using SessionPtr = std::unique_ptr<lathe_session, Releaser<lathe_session_release>>;
using SamplerPtr = std::unique_ptr<lathe_sampler, Releaser<lathe_sampler_release>>;
using DecoderPtr = std::unique_ptr<lathe_decoder, Releaser<lathe_decoder_release>>;

/// The artifact to open: the file itself, or what a Hugging Face folder is compiled to (CompileCache.h), for
/// the CPU and for where it is to run: `device` as --device gives it.
std::string artifactOf(const std::string &modelOrFolder, const std::string &device);
ModelPtr openModel(const std::string &artifact);

lathe_model_info infoOf(const lathe_model *model);
lathe_session_info infoOf(const lathe_session *session);
lathe_weight_info weightOf(const lathe_model *model, size_t index);
lathe_program_info programOf(const lathe_model *model, size_t index);
lathe_entry_info entryOf(const lathe_model *model, size_t program, size_t index);
/// Of all weights together, padding left out.
double bitsPerWeight(const lathe_model *model);

/// What every command that runs a model lets the user choose.
struct SessionFlags {
  uint32_t context = 0, threads = 0;
  std::string device, variant;

  /// Adds --device, --ctx, --threads and --variant.
  void addTo(CLI::App &command);
  /// The strings stay those of this struct.
  lathe_session_options options() const;
};
/// Shows the progress of copying weights to a device.
SessionPtr createSession(lathe_model *model, const SessionFlags &flags, bool quiet);
/// The checkpoint's own settings.
lathe_sampling defaultSampling(const lathe_model *model);
SamplerPtr createSampler(lathe_model *model, const lathe_sampling &sampling);
/// "avx512vnni, 2 threads", "sm_90a on cuda:0".
std::string placeOf(const lathe_session_info &session);

} // namespace lathe::tool
