#include "Generate.h"

#include "Command.h"
#include "Interrupt.h"
#include "Output.h"
#include "Sequence.h"
#include "StopFilter.h"
#include "Text.h"

#include <algorithm>
#include <chrono>

namespace lathe::tool {

namespace {

using Clock = std::chrono::steady_clock;
double secondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// One run: owns the sequence and the decoder.
class Generation {
public:
  Generation(lathe_model *model, lathe_session *session, lathe_sampler *sampler,
             const GenerateRequest &request, const std::function<void(const std::string &)> &print)
      : session_(session), sequence_(session, sampler), request_(request), print_(print),
        filter_(request.stops, print) {
    lathe_decoder *decoder = nullptr;
    check(lathe_decoder_create(model, LATHE_SKIP_SPECIAL, &decoder));
    decoder_.reset(decoder);
    tokens_ = tokenize(model, request.prompt, LATHE_ADD_SPECIAL | LATHE_PARSE_SPECIAL);
    if (tokens_.empty())
      throw Failure{"the prompt is empty, and the model has no token to begin with; give it some text"};
    lathe_model_info info = infoOf(model);
    uint32_t context = infoOf(session).context;
    if (tokens_.size() > context)
      throw Failure{format("the prompt has %zu tokens, the context is %u: shorten it%s", tokens_.size(),
                           context, context < info.context ? ", or raise --ctx" : "")};
    if (!request.ignoreStopTokens) stops_.assign(info.stop_tokens, info.stop_tokens + info.stop_token_count);
  }

  GenerateReport run() {
    GenerateReport report;
    report.promptTokens = tokens_.size();
    InterruptScope interrupt(session_);
    prime();
    auto start = Clock::now();
    lathe_status status = sequence_.step(tokens_, tokens_.size());
    report.prefillSeconds = secondsSince(start);
    start = Clock::now();
    while (next(status, report)) status = sequence_.step(tokens_, 1);
    report.decodeSeconds = secondsSince(start);
    finish();
    return report;
  }

private:
  /// The decoder sees the prompt, too, so that the first new token joins it as it should.
  void prime() {
    std::string text;
    for (int32_t token : tokens_) text += decode(token);
    if (request_.echo) print_(text);
  }

  std::string decode(int32_t token) {
    const char *text;
    size_t bytes;
    check(lathe_decoder_push(decoder_.get(), token, &text, &bytes));
    return std::string(text, bytes);
  }

  /// Takes the outcome of a step and the token that it drew; false where that is the end.
  bool next(lathe_status status, GenerateReport &report) {
    if (InterruptScope::interrupted() || status == LATHE_CANCELLED) return end(report, Ending::Interrupted);
    if (status == LATHE_FULL && report.newTokens > 0) return end(report, Ending::ContextFull);
    check(status);
    if (request_.most == 0) return end(report, Ending::Length);
    int32_t token = sequence_.token();
    tokens_.push_back(token);
    ++report.newTokens;
    if (std::find(stops_.begin(), stops_.end(), token) != stops_.end()) return end(report, Ending::StopToken);
    if (filter_.push(decode(token))) return end(report, Ending::StopText);
    return report.newTokens < request_.most || end(report, Ending::Length);
  }

  bool end(GenerateReport &report, Ending ending) {
    report.ending = ending;
    return false;
  }

  void finish() {
    const char *text;
    size_t bytes;
    check(lathe_decoder_finish(decoder_.get(), &text, &bytes));
    filter_.push(std::string(text, bytes));
    filter_.flush();
  }

  lathe_session *session_;
  Sequence sequence_;
  const GenerateRequest &request_;
  const std::function<void(const std::string &)> &print_;
  StopFilter filter_;
  DecoderPtr decoder_;
  std::vector<int32_t> tokens_, stops_;
};

} // namespace

GenerateReport generate(lathe_model *model, lathe_session *session, lathe_sampler *sampler,
                        const GenerateRequest &request,
                        const std::function<void(const std::string &)> &print) {
  return Generation(model, session, sampler, request, print).run();
}

} // namespace lathe::tool
