// The C interface of the runtime with owners around it, for the commands that run models.
#pragma once

#include "lathe/runtime.h"

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

/// Opens an artifact, or compiles a Hugging Face folder into the cache and opens that (CompileCache.h).
ModelPtr openModel(const std::string &modelOrFolder);

lathe_model_info infoOf(const lathe_model *model);
SessionPtr createSession(lathe_model *model, const lathe_session_options &options);

/// `flags` as of lathe_tokenize.
std::vector<int32_t> tokenize(const lathe_model *model, const std::string &text, uint32_t flags);

} // namespace lathe::tool
