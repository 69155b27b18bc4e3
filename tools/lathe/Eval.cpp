// lathe eval
#include "Command.h"
#include "Evaluate.h"
#include "Output.h"
#include "Progress.h"

#include <cmath>
#include <numeric>

using namespace lathe::tool;

namespace {

struct EvalArguments {
  std::string model, text, reference;
  SessionFlags session;
  size_t stride = 0;
  bool noPrefix = false, json = false, quiet = false;
};

/// How the text is cut, as it is printed.
struct Protocol {
  size_t context = 0, stride = 0, textTokens = 0, windows = 0;
  std::vector<int32_t> prefix;
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

std::string spell(const std::vector<int32_t> &tokens) {
  std::string text;
  for (int32_t token : tokens) text += (text.empty() ? "" : " ") + std::to_string(token);
  return text;
}

void printReport(const EvalArguments &arguments, const Protocol &protocol, const Scores &scores) {
  Mean nll = meanOf(scores.nll);
  std::printf("text           %s: %zu tokens\n", arguments.text.c_str(), protocol.textTokens);
  std::printf(
      "protocol       windows of %zu tokens, %s, stride %zu: %zu windows; a window begins with no past\n",
      protocol.context,
      protocol.prefix.empty() ? "nothing put before them"
                              : ("each begun with token " + spell(protocol.prefix)).c_str(),
      protocol.stride, protocol.windows);
  std::printf("scored         %zu tokens, NLL %.6f (%.6f ± %.6f nats a token)\n", scores.nll.size(),
              std::accumulate(scores.nll.begin(), scores.nll.end(), 0.0), nll.value, nll.error);
  std::printf("perplexity     %.6f ± %.6f\n", std::exp(nll.value), std::exp(nll.value) * nll.error);
  if (scores.divergence.empty()) return;
  Mean reference = meanOf(scores.referenceNll), divergence = meanOf(scores.divergence);
  double same = double(scores.sameTop) / double(scores.nll.size());
  std::printf("reference      perplexity %.6f ± %.6f (%s)\n", std::exp(reference.value),
              std::exp(reference.value) * reference.error, arguments.reference.c_str());
  std::printf("KL divergence  mean %.6f ± %.6f, median %.6f, 99 %% %.6f, most %.6f nats (of the model from "
              "the reference)\n",
              divergence.value, divergence.error, quantile(scores.divergence, 0.5),
              quantile(scores.divergence, 0.99), quantile(scores.divergence, 1));
  std::printf("same top-1     %.3f ± %.3f %%\n", 100 * same,
              100 * std::sqrt(same * (1 - same) / double(scores.nll.size())));
}

void printJsonReport(const EvalArguments &arguments, const Protocol &protocol, const Scores &scores) {
  Mean nll = meanOf(scores.nll);
  Json json = {{"text", arguments.text},
               {"text_tokens", protocol.textTokens},
               {"protocol",
                {{"context", protocol.context},
                 {"stride", protocol.stride},
                 {"prefix", protocol.prefix},
                 {"windows", protocol.windows}}},
               {"scored", scores.nll.size()},
               {"nll", std::accumulate(scores.nll.begin(), scores.nll.end(), 0.0)},
               {"perplexity", std::exp(nll.value)},
               {"perplexity_standard_error", std::exp(nll.value) * nll.error}};
  if (!scores.divergence.empty()) {
    Mean reference = meanOf(scores.referenceNll), divergence = meanOf(scores.divergence);
    double same = double(scores.sameTop) / double(scores.nll.size());
    json["reference"] = {{"file", arguments.reference},
                         {"perplexity", std::exp(reference.value)},
                         {"perplexity_standard_error", std::exp(reference.value) * reference.error}};
    json["kl_divergence"] = {{"mean", divergence.value},
                             {"standard_error", divergence.error},
                             {"median", quantile(scores.divergence, 0.5)},
                             {"percentile_99", quantile(scores.divergence, 0.99)},
                             {"most", quantile(scores.divergence, 1)}};
    json["same_top"] = {{"share", same},
                        {"standard_error", std::sqrt(same * (1 - same) / double(scores.nll.size()))}};
  }
  printJson(json);
}

void run(const EvalArguments &arguments) {
  Predictor model(artifactOf(arguments.model), arguments.session);
  std::optional<Predictor> reference;
  if (!arguments.reference.empty()) reference.emplace(artifactOf(arguments.reference), arguments.session);
  Protocol protocol;
  std::vector<Window> windows = cut(arguments, model, reference ? &*reference : nullptr, protocol);
  Scores scores;
  {
    Progress progress(arguments.quiet);
    scores = score(model, reference ? &*reference : nullptr, windows,
                   [&](size_t done) { progress.update("predicting", done, protocol.textTokens); });
  }
  arguments.json ? printJsonReport(arguments, protocol, scores) : printReport(arguments, protocol, scores);
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
      "  lathe eval int4.lathe tales.txt --reference f32.lathe --json");
  command->callback([arguments] { run(*arguments); });
}
