// lathe run
#include "Command.h"
#include "RunReport.h"
#include "Text.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
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
  SessionFlags session;
  bool json = false, quiet = false;
};

lathe_sampling samplingOf(const lathe_model *model, const RunArguments &arguments) {
  lathe_sampling sampling = defaultSampling(model);
  if (arguments.temperature) sampling.temperature = *arguments.temperature;
  if (arguments.topK) sampling.top_k = *arguments.topK;
  if (arguments.topP) sampling.top_p = *arguments.topP;
  if (arguments.minP) sampling.min_p = *arguments.minP;
  if (arguments.repeatPenalty) sampling.repetition_penalty = *arguments.repeatPenalty;
  sampling.seed = arguments.seed ? *arguments.seed : std::random_device{}();
  return sampling;
}

uint64_t residentBytes() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return uint64_t(usage.ru_maxrss) * 1024;
}

void run(RunArguments &arguments) {
  std::string artifact = artifactOf(arguments.model, arguments.session.device);
  if (arguments.request.prompt == "-") {
    arguments.request.prompt = readText("-");
    // As "echo" and editors end a text; a prompt that ends in a line break begins a new paragraph.
    if (arguments.request.prompt.ends_with('\n')) arguments.request.prompt.pop_back();
  }
  auto start = std::chrono::steady_clock::now();
  ModelPtr model = openModel(artifact);
  lathe_model_info info = infoOf(model.get());
  if (!info.can_step) throw Failure{"this model has no logits to generate from; use lathe embed"};
  if (!info.has_tokenizer)
    throw Failure{"the artifact has no tokenizer: compile it from a folder that holds one"};
  SessionPtr session = createSession(model.get(), arguments.session, arguments.quiet || arguments.json);
  SamplerPtr sampler = createSampler(model.get(), samplingOf(model.get(), arguments));
  Figures figures;
  figures.loadSeconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  figures.session = infoOf(session.get());
  figures.artifactBytes = info.file_bytes;
  lathe_session_options options = arguments.session.options();
  options.device = figures.session.device;
  lathe_memory memory = LATHE_INIT(lathe_memory);
  check(lathe_session_plan(model.get(), &options, &memory));
  figures.privateBytes = memory.needed;
  figures.deviceBytes = memory.device_needed;
  std::string text;
  auto print = [&](const std::string &piece) {
    if (arguments.json) {
      text += piece;
    } else {
      std::fwrite(piece.data(), 1, piece.size(), stdout);
      std::fflush(stdout);
    }
  };
  GenerateReport report = generate(model.get(), session.get(), sampler.get(), arguments.request, print);
  figures.residentBytes = residentBytes();
  if (arguments.json) return printJsonReport(report, figures, text);
  std::fputc('\n', stdout);
  std::fflush(stdout);
  if (!arguments.quiet) printReport(report, figures);
}

} // namespace

/// Zero stands for "none" in the C interface, which is not what it says here.
static std::string above0(const std::string &number) {
  return std::strtod(number.c_str(), nullptr) > 0 ? "" : number + " is not above 0";
}

/// CLI11 would take it for a very large one.
static std::string notNegative(const std::string &number) {
  return number.starts_with('-') ? number + " is negative" : "";
}

void lathe::tool::addRun(CLI::App &app) {
  auto *command = app.add_subcommand("run", "Generate text");
  auto arguments = std::make_shared<RunArguments>();
  RunArguments &a = *arguments;
  command
      ->add_option("model", a.model, "a .lathe file, or a Hugging Face folder (compiled into a cache first)")
      ->required();
  command->add_option("prompt", a.request.prompt,
                      "text to go on from; - reads it from standard input, without the last line break");
  command->add_option("-n,--tokens", a.request.most, "most new tokens")
      ->check(CLI::Range(0, 1 << 30))
      ->capture_default_str();
  command->add_option("--temp", a.temperature,
                      "temperature; 0 is greedy (default: the checkpoint's own, as for all of these)");
  command->add_option("--top-k", a.topK, "keep the k likeliest tokens; 0: all");
  command->add_option("--top-p", a.topP, "keep the likeliest tokens that together reach p; 1: all")
      ->check(above0);
  command->add_option("--min-p", a.minP, "keep tokens with this share of the likeliest one's probability");
  command
      ->add_option("--repeat-penalty", a.repeatPenalty, "divides the logits of tokens seen before; 1: none")
      ->check(above0);
  command->add_option("--seed", a.seed, "of the random numbers (default: another one each time)")
      ->check(notNegative);
  command->add_option("--stop", a.request.stops, "text that ends the output; may be given several times")
      ->check([](const std::string &stop) { return stop.empty() ? "a stop text can't be empty" : ""; })
      ->allow_extra_args(false);
  command->add_flag("--ignore-eos", a.request.ignoreStopTokens, "go on behind the model's stop tokens");
  command->add_flag("--echo", a.request.echo, "print the prompt, too");
  a.session.addTo(*command);
  command->add_flag("--json", a.json, "print text and figures as JSON");
  command->add_flag("-q,--quiet", a.quiet, "print the text only");
  command->footer(
      "Examples:\n"
      "  lathe run story.lathe \"Once upon a time\" -n 200\n"
      "  lathe run story.lathe \"The fox\" --temp 0.8 --top-p 0.95 --seed 7 --stop \"The end\"\n"
      "  lathe run DIR \"Hello\" --temp 0            # greedy; DIR is compiled into a cache first\n"
      "  lathe run story.lathe - --echo < beginning.txt");
  command->callback([arguments] { run(*arguments); });
}
