#include "RunReport.h"

#include "Output.h"

#include <cstdio>

namespace lathe::tool {

static const char *describe(Ending ending) {
  switch (ending) {
  case Ending::Length:
    return "as many tokens as asked for";
  case Ending::StopToken:
    return "the model ended it";
  case Ending::StopText:
    return "a stop text";
  case Ending::ContextFull:
    return "the context is full";
  case Ending::Interrupted:
    return "interrupted";
  }
  return "";
}

/// For programs.
static const char *nameOf(Ending ending) {
  switch (ending) {
  case Ending::Length:
    return "length";
  case Ending::StopToken:
    return "stop_token";
  case Ending::StopText:
    return "stop_text";
  case Ending::ContextFull:
    return "context_full";
  case Ending::Interrupted:
    return "interrupted";
  }
  return "";
}

static double rate(size_t tokens, double seconds) { return seconds > 0 ? double(tokens) / seconds : 0; }
static size_t decodeSteps(const GenerateReport &report) {
  return report.newTokens ? report.newTokens - 1 : 0;
}

void printReport(const GenerateReport &report, const Figures &figures) {
  std::string device = figures.deviceBytes ? "; device memory " + formatBytes(figures.deviceBytes) : "";
  std::fprintf(stderr,
               "\nprompt      %zu tokens, %.1f tok/s\n"
               "generation  %zu tokens, %.1f tok/s (%s); ended: %s\n"
               "load        %.1f ms; artifact %s; memory %s, of which private %s%s\n",
               report.promptTokens, rate(report.promptTokens, report.prefillSeconds), report.newTokens,
               rate(decodeSteps(report), report.decodeSeconds), placeOf(figures.session).c_str(),
               describe(report.ending), 1e3 * figures.loadSeconds, formatBytes(figures.artifactBytes).c_str(),
               formatBytes(figures.residentBytes).c_str(), formatBytes(figures.privateBytes).c_str(),
               device.c_str());
}

void printJsonReport(const GenerateReport &report, const Figures &figures, const std::string &text) {
  printJson({{"text", text},
             {"ended", nameOf(report.ending)},
             {"prompt_tokens", report.promptTokens},
             {"new_tokens", report.newTokens},
             {"prefill_tokens_per_second", rate(report.promptTokens, report.prefillSeconds)},
             {"decode_tokens_per_second", rate(decodeSteps(report), report.decodeSeconds)},
             {"load_seconds", figures.loadSeconds},
             {"artifact_bytes", figures.artifactBytes},
             {"resident_bytes", figures.residentBytes},
             {"private_bytes", figures.privateBytes},
             {"device_bytes", figures.deviceBytes},
             {"device", figures.session.device},
             {"variant", figures.session.variant},
             {"threads", figures.session.threads},
             {"context", figures.session.context}});
}

} // namespace lathe::tool
