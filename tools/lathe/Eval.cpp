// lathe eval
#include "Command.h"
#include "EvalReport.h"
#include "Output.h"
#include "Progress.h"
#include "Text.h"

#include <algorithm>
#include <optional>

using namespace lathe::tool;

namespace {

struct EvalArguments {
  std::string model, text, reference, referenceDevice;
  SessionFlags session;
  size_t stride = 0;
  bool noPrefix = false, json = false, quiet = false;
};

std::vector<Window> cut(const EvalArguments &arguments, const Predictor &model, const Predictor *reference,
                        Protocol &protocol) {
  std::string text = readText(arguments.text);
  FramedTokens tokens = tokenizeFramed(model.model(), text);
  if (reference) {
    if (infoOf(model.model()).vocabulary != infoOf(reference->model()).vocabulary ||
        tokenizeFramed(reference->model(), text).body != tokens.body)
      throw Failure{
          "the two models split the text into different tokens, so that their predictions can't be compared"};
    protocol.context = infoOf(reference->session()).context;
  }
  uint32_t context = infoOf(model.session()).context;
  protocol.context = protocol.context ? std::min<size_t>(protocol.context, context) : context;
  if (!arguments.noPrefix) protocol.prefix = tokens.prefix;
  if (protocol.context < protocol.prefix.size() + 2)
    throw Failure{"a window needs at least two tokens of text; raise --ctx"};
  size_t room = protocol.context - protocol.prefix.size();
  protocol.stride = arguments.stride ? arguments.stride : room;
  if (protocol.stride > room)
    throw Failure{format("the stride can be at most %zu here, or tokens would be left out", room)};
  protocol.textTokens = tokens.body.size();
  std::vector<Window> windows = cutWindows(protocol.prefix, tokens.body, protocol.context, protocol.stride);
  if (windows.empty()) throw Failure{arguments.text + ": the text is too short; there is nothing to predict"};
  protocol.windows = windows.size();
  return windows;
}

void run(const EvalArguments &arguments) {
  Predictor model(artifactOf(arguments.model, arguments.session.device), arguments.session, arguments.quiet);
  std::optional<Predictor> reference;
  SessionFlags referenceFlags = arguments.session;
  if (!arguments.referenceDevice.empty()) referenceFlags.device = arguments.referenceDevice;
  if (!arguments.reference.empty())
    reference.emplace(artifactOf(arguments.reference, referenceFlags.device), referenceFlags,
                      arguments.quiet);
  EvalReport report{arguments.text, arguments.reference};
  report.device = infoOf(model.session()).device;
  report.variant = infoOf(model.session()).variant;
  std::vector<Window> windows = cut(arguments, model, reference ? &*reference : nullptr, report.protocol);
  {
    Progress progress(arguments.quiet);
    report.scores = score(model, reference ? &*reference : nullptr, windows, [&](size_t done) {
      progress.update("predicting", done, report.protocol.textTokens);
    });
  }
  arguments.json ? report.printAsJson() : report.print();
}

} // namespace

void lathe::tool::addEval(CLI::App &app) {
  auto *command = app.add_subcommand("eval", "Perplexity of a text, and the distance from another model");
  auto arguments = std::make_shared<EvalArguments>();
  EvalArguments &a = *arguments;
  command
      ->add_option("model", a.model, "a .lathe file, or a Hugging Face folder (compiled into a cache first)")
      ->required();
  command->add_option("text", a.text, "text file; - is standard input")->required();
  command->add_option("--reference", a.reference,
                      "model to compare with, token by token: KL divergence and same top-1");
  command->add_option("--reference-device", a.referenceDevice,
                      "where the reference runs (default: as --device)");
  command
      ->add_option(
          "--stride", a.stride,
          "tokens between the starts of two windows (default: as many as a window holds, no overlap)")
      ->check(CLI::Range(1, 1 << 24));
  command->add_flag("--no-prefix", a.noPrefix,
                    "begin windows without the token that the checkpoint begins a text with");
  a.session.addTo(*command);
  command->add_flag("--json", a.json, "print the result as JSON");
  command->add_flag("-q,--quiet", a.quiet, "no progress");
  command->footer(
      "Protocol: the text is cut into windows of --ctx tokens, each begun with the checkpoint's own first "
      "token\n"
      "where it has one; each token of the text is scored once, given what its window holds before it.\n"
      "\n"
      "Examples:\n"
      "  lathe eval story.lathe tales.txt\n"
      "  lathe eval story.lathe tales.txt --ctx 512 --stride 256\n"
      "  lathe eval int4.lathe tales.txt --reference f32.lathe --json\n"
      "  lathe eval m.lathe tales.txt --device vulkan --reference m.lathe --reference-device cpu");
  command->callback([arguments] { run(*arguments); });
}
