#include "Runtime.h"

#include "Command.h"
#include "CompileCache.h"
#include "Progress.h"

#include <filesystem>
#include <set>

namespace lathe::tool {

void check(lathe_status status) {
  if (status != LATHE_OK) throw Failure{lathe_last_error()};
}

/// What a model is compiled for that runs on `device`: where that is left open, every kind that could be
/// chosen.
static std::string targetsFor(const std::string &device) {
  std::set<std::string> kinds; // of GPUs
  if (device.empty() || device == "auto") {
    auto take = [](void *user, const lathe_device_info *info) {
      if (!*info->unusable && !info->emulated) static_cast<std::set<std::string> *>(user)->insert(info->kind);
      return 0;
    };
    check(lathe_devices(take, &kinds));
    kinds.erase("cpu");
  }
  std::string kind = device.substr(0, device.find(':')), targets = "cpu";
  if (kind == "cuda" || kind == "vulkan") kinds.insert(kind);
  for (const std::string &gpu : kinds) targets += "," + gpu;
  return targets;
}

std::string artifactOf(const std::string &modelOrFolder, const std::string &device) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(modelOrFolder, ignored)) return modelOrFolder;
  return compileCached(modelOrFolder, targetsFor(device));
}

ModelPtr openModel(const std::string &artifact) {
  lathe_model_options options = LATHE_INIT(lathe_model_options);
  options.log = [](void *, lathe_log_level level, const char *message) {
    if (level == LATHE_LOG_WARNING) std::fprintf(stderr, "lathe: warning: %s\n", message);
  };
  lathe_model *model = nullptr;
  check(lathe_model_open(artifact.c_str(), &options, &model));
  return ModelPtr(model);
}

lathe_model_info infoOf(const lathe_model *model) {
  lathe_model_info info = LATHE_INIT(lathe_model_info);
  check(lathe_model_get_info(model, &info));
  return info;
}

lathe_session_info infoOf(const lathe_session *session) {
  lathe_session_info info = LATHE_INIT(lathe_session_info);
  check(lathe_session_get_info(session, &info));
  return info;
}

lathe_weight_info weightOf(const lathe_model *model, size_t index) {
  lathe_weight_info weight = LATHE_INIT(lathe_weight_info);
  check(lathe_model_get_weight(model, index, &weight));
  return weight;
}

lathe_program_info programOf(const lathe_model *model, size_t index) {
  lathe_program_info program = LATHE_INIT(lathe_program_info);
  check(lathe_model_get_program(model, index, &program));
  return program;
}

lathe_entry_info entryOf(const lathe_model *model, size_t program, size_t index) {
  lathe_entry_info entry = LATHE_INIT(lathe_entry_info);
  check(lathe_model_get_entry(model, program, index, &entry));
  return entry;
}

double bitsPerWeight(const lathe_model *model) {
  lathe_model_info info = infoOf(model);
  double bits = 0;
  for (size_t i = 0; i < info.weights; ++i) {
    lathe_weight_info weight = weightOf(model, i);
    bits += weight.bits * double(weight.rows) * double(weight.columns);
  }
  return info.parameters ? bits / double(info.parameters) : 0;
}

void SessionFlags::addTo(CLI::App &command) {
  command.add_option(
      "--device", device,
      "auto, cpu, cuda, vulkan, or one by number as in cuda:1 (default: auto, which takes the best "
      "that 'lathe devices' lists)");
  command.add_option("--ctx", context, "longest sequence, in tokens (default: the model's, at most 4096)")
      ->check(CLI::Range(1, 1 << 24));
  command.add_option("--threads", threads, "default: one a core")->check(CLI::Range(1, 1 << 24));
  command.add_option("--variant", variant, "code variant (default: the best that the device runs)");
}

lathe_session_options SessionFlags::options() const {
  lathe_session_options options = LATHE_INIT(lathe_session_options);
  options.context = context;
  options.threads = threads;
  options.device = device.empty() ? nullptr : device.c_str();
  options.variant = variant.empty() ? nullptr : variant.c_str();
  return options;
}

SessionPtr createSession(lathe_model *model, const SessionFlags &flags, bool quiet) {
  Progress progress(quiet);
  lathe_session_options options = flags.options();
  options.progress = [](void *user, uint64_t done, uint64_t total) {
    static_cast<Progress *>(user)->update("loading", done, total);
    return 0;
  };
  options.progress_user = &progress;
  lathe_session *session = nullptr;
  check(lathe_session_create(model, &options, &session));
  return SessionPtr(session);
}

lathe_sampling defaultSampling(const lathe_model *model) {
  lathe_sampling sampling = LATHE_INIT(lathe_sampling);
  check(lathe_sampling_defaults(model, &sampling));
  return sampling;
}

SamplerPtr createSampler(lathe_model *model, const lathe_sampling &sampling) {
  lathe_sampler *sampler = nullptr;
  check(lathe_sampler_create(model, &sampling, &sampler));
  return SamplerPtr(sampler);
}

std::string placeOf(const lathe_session_info &session) {
  std::string variant = session.variant, device = session.device;
  if (device != "cpu") return variant + " on " + device;
  return variant + ", " + std::to_string(session.threads) + " threads";
}

} // namespace lathe::tool
