// lathe run
#include "Command.h"
#include "Generate.h"

#include <chrono>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <random>
#include <sys/resource.h>

using namespace lathe::tool;

namespace {

struct RunArguments {
  std::string model;
  GenerateRequest request;
  std::optional<float> temperature, topP, minP, repeatPenalty;
  std::optional<int32_t> topK;
  std::optional<uint64_t> seed;
  uint32_t context = 0, threads = 0;
  std::string variant;
  bool json = false, quiet = false;
};

SamplerPtr createSampler(lathe_model *model, const RunArguments &arguments) {
  lathe_sampling sampling = LATHE_INIT(lathe_sampling);
  check(lathe_sampling_defaults(model, &sampling));
  if (arguments.temperature) sampling.temperature = *arguments.temperature;
  if (arguments.topK) sampling.top_k = *arguments.topK;
  if (arguments.topP) sampling.top_p = *arguments.topP;
  if (arguments.minP) sampling.min_p = *arguments.minP;
  if (arguments.repeatPenalty) sampling.repetition_penalty = *arguments.repeatPenalty;
  sampling.seed = arguments.seed ? *arguments.seed : std::random_device{}();
  lathe_sampler *sampler = nullptr;
  check(lathe_sampler_create(model, &sampling, &sampler));
  return SamplerPtr(sampler);
}

void printReport(const GenerateReport &report, double loadSeconds, const lathe_model_info &info,
                 const lathe_session_info &session) {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  double prefill = double(report.promptTokens) / report.prefillSeconds;
  double decode = report.newTokens > 1 ? double(report.newTokens - 1) / report.decodeSeconds : 0;
  std::fprintf(stderr,
               "\n%zu + %zu tokens; prompt %.1f tok/s, generation %.1f tok/s (%s, %u threads); loaded in %.1f ms; "
               "artifact %.1f MB; resident %.1f MB; ended: %s\n",
               report.promptTokens, report.newTokens, prefill, decode, session.variant, session.threads, 1e3 * loadSeconds,
               double(info.file_bytes) / 1e6, double(usage.ru_maxrss) / 1024, describe(report.ending));
}

void printJson(const GenerateReport &report, double loadSeconds, const std::string &text, const lathe_session_info &session) {
  nlohmann::json json = {{"text", text},
                         {"prompt_tokens", report.promptTokens},
                         {"new_tokens", report.newTokens},
                         {"prefill_seconds", report.prefillSeconds},
                         {"decode_seconds", report.decodeSeconds},
                         {"load_seconds", loadSeconds},
                         {"variant", session.variant},
                         {"threads", session.threads},
                         {"ended", describe(report.ending)}};
  std::cout << json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
}

void run(const RunArguments &arguments) {
  auto start = std::chrono::steady_clock::now();
  ModelPtr model = openModel(arguments.model);
  lathe_model_info info = infoOf(model.get());
  if (!info.can_step) throw Failure{"this model has no logits to generate from; use lathe embed"};
  if (!info.has_tokenizer) throw Failure{"the artifact has no tokenizer: compile it from a folder that holds one"};
  lathe_session_options options = LATHE_INIT(lathe_session_options);
  options.threads = arguments.threads;
  options.context = arguments.context;
  options.variant = arguments.variant.empty() ? nullptr : arguments.variant.c_str();
  SessionPtr session = createSession(model.get(), options);
  SamplerPtr sampler = createSampler(model.get(), arguments);
  double loadSeconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  lathe_session_info sessionInfo = LATHE_INIT(lathe_session_info);
  check(lathe_session_get_info(session.get(), &sessionInfo));
  std::string text;
  GenerateReport report = generate(model.get(), session.get(), sampler.get(), arguments.request, [&](const std::string &piece) {
    if (arguments.json) {
      text += piece;
    } else {
      std::fwrite(piece.data(), 1, piece.size(), stdout);
      std::fflush(stdout);
    }
  });
  if (arguments.json) return printJson(report, loadSeconds, text, sessionInfo);
  std::fputc('\n', stdout);
  if (!arguments.quiet) printReport(report, loadSeconds, info, sessionInfo);
}

} // namespace

void lathe::tool::addRun(CLI::App &app) {
  auto *command = app.add_subcommand("run", "Generate text");
  auto arguments = std::make_shared<RunArguments>();
  RunArguments &a = *arguments;
  command->add_option("model", a.model, "a .lathe file, or a Hugging Face folder (compiled into a cache first)")->required();
  command->add_option("prompt", a.request.prompt, "text to go on from");
  command->add_option("-n,--tokens", a.request.most, "most new tokens")->capture_default_str();
  command->add_option("--temp", a.temperature, "temperature; 0 is greedy (default: the checkpoint's own, as for all of these)");
  command->add_option("--top-k", a.topK, "keep the k likeliest tokens; 0: all");
  command->add_option("--top-p", a.topP, "keep the likeliest tokens that together reach p");
  command->add_option("--min-p", a.minP, "keep tokens with this share of the likeliest one's probability");
  command->add_option("--repeat-penalty", a.repeatPenalty, "divides the logits of tokens seen before; 1: none");
  command->add_option("--seed", a.seed, "of the random numbers (default: another one each time)");
  command->add_option("--stop", a.request.stops, "text that ends the output; may be given several times");
  command->add_flag("--ignore-eos", a.request.ignoreStopTokens, "go on behind the model's stop tokens");
  command->add_flag("--echo", a.request.echo, "print the prompt, too");
  command->add_option("--ctx", a.context, "longest sequence (default: the model's, at most 4096)");
  command->add_option("--threads", a.threads, "default: one a core");
  command->add_option("--variant", a.variant, "instruction set (default: the best that this machine has)");
  command->add_flag("--json", a.json, "print text and figures as JSON");
  command->add_flag("-q,--quiet", a.quiet, "print the text only");
  command->footer("Examples:\n"
                  "  lathe run story.lathe \"Once upon a time\" -n 200\n"
                  "  lathe run story.lathe \"The fox\" --temp 0.8 --top-p 0.95 --seed 7 --stop \"The end\"\n"
                  "  lathe run DIR \"Hello\" --temp 0            # greedy; DIR is compiled into a cache first");
  command->callback([arguments] { run(*arguments); });
}
