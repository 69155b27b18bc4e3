#include "EvalReport.h"

#include "Output.h"
#include "Statistics.h"

#include <cmath>
#include <numeric>

namespace lathe::tool {

static std::string spell(const std::vector<int32_t> &tokens) {
  std::string text;
  for (int32_t token : tokens) text += (text.empty() ? "" : " ") + std::to_string(token);
  return text;
}

void EvalReport::print() const {
  Mean nll = meanOf(scores.nll);
  std::printf("text           %s: %zu tokens\n", text.c_str(), protocol.textTokens);
  std::printf(
      "protocol       windows of %zu tokens, %s, stride %zu: %zu windows; a window begins with no past\n",
      protocol.context,
      protocol.prefix.empty() ? "nothing put before them"
                              : ("each begun with token " + spell(protocol.prefix)).c_str(),
      protocol.stride, protocol.windows);
  std::printf("runs on        %s (%s)\n", device.c_str(), variant.c_str());
  std::printf("scored         %zu tokens, NLL %.6f (%.6f ± %.6f nats a token)\n", scores.nll.size(),
              std::accumulate(scores.nll.begin(), scores.nll.end(), 0.0), nll.value, nll.error);
  std::printf("perplexity     %.6f ± %.6f\n", std::exp(nll.value), std::exp(nll.value) * nll.error);
  if (scores.divergence.empty()) return;
  Mean referenceNll = meanOf(scores.referenceNll), divergence = meanOf(scores.divergence);
  double same = double(scores.sameTop) / double(scores.nll.size());
  std::printf("reference      perplexity %.6f ± %.6f (%s)\n", std::exp(referenceNll.value),
              std::exp(referenceNll.value) * referenceNll.error, reference.c_str());
  std::printf("KL divergence  mean %.6f ± %.6f, median %.6f, 99 %% %.6f, most %.6f nats (of the model from "
              "the reference)\n",
              divergence.value, divergence.error, quantile(scores.divergence, 0.5),
              quantile(scores.divergence, 0.99), quantile(scores.divergence, 1));
  std::printf("same top-1     %.3f ± %.3f %%\n", 100 * same,
              100 * std::sqrt(same * (1 - same) / double(scores.nll.size())));
}

void EvalReport::printAsJson() const {
  Mean nll = meanOf(scores.nll);
  Json json = {{"text", text},
               {"text_tokens", protocol.textTokens},
               {"device", device},
               {"variant", variant},
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
    Mean referenceNll = meanOf(scores.referenceNll), divergence = meanOf(scores.divergence);
    double same = double(scores.sameTop) / double(scores.nll.size());
    json["reference"] = {{"file", reference},
                         {"perplexity", std::exp(referenceNll.value)},
                         {"perplexity_standard_error", std::exp(referenceNll.value) * referenceNll.error}};
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

} // namespace lathe::tool
