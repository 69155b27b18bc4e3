// lathe bench
#include "Command.h"
#include "Measure.h"
#include "Output.h"
#include "Progress.h"

#include <algorithm>

using namespace lathe::tool;

namespace {

struct BenchArguments {
  std::string model;
  std::vector<size_t> prefill = {16, 128, 512}, contexts = {0};
  size_t decode = 64, repeat = 3;
  SessionFlags session;
  bool json = false, quiet = false;
};

struct Row {
  size_t context, tokens;
  Rates rates;
};

Json rowsAsJson(const std::vector<Row> &rows, bool decode, uint64_t weightBytes) {
  Json list = Json::array();
  for (const Row &row : rows) {
    Json entry;
    if (decode) entry["context"] = row.context;
    entry["tokens"] = row.tokens;
    entry["tokens_per_second"] = row.rates.median();
    entry["rounds"] = row.rates.rounds;
    if (decode) entry["effective_bandwidth"] = row.rates.median() * double(weightBytes);
    list.push_back(entry);
  }
  return list;
}

void printRows(const std::vector<Row> &prefill, const std::vector<Row> &decode, uint64_t weightBytes) {
  Table table({"test", ">context", ">tokens", ">tokens/s", ">least", ">most", ">weights read"});
  for (const Row &row : prefill)
    table.add({"prefill", "0", std::to_string(row.tokens), format("%.1f", row.rates.median()),
               format("%.1f", row.rates.least()), format("%.1f", row.rates.most())});
  for (const Row &row : decode)
    table.add({"decode", std::to_string(row.context), std::to_string(row.tokens),
               format("%.1f", row.rates.median()), format("%.1f", row.rates.least()),
               format("%.1f", row.rates.most()),
               formatBytes(uint64_t(row.rates.median() * double(weightBytes))) + "/s"});
  table.print();
}

/// What does not fit the session is left out, and said so.
std::vector<Row> rowsThatFit(const std::vector<size_t> &lengths, size_t tokens, size_t limit) {
  std::vector<Row> rows;
  for (size_t length : lengths) {
    Row row = tokens ? Row{length, tokens, {}} : Row{0, length, {}};
    if (row.context + row.tokens <= limit)
      rows.push_back(row);
    else
      std::fprintf(stderr, "lathe: %zu tokens are left out: the context is %zu\n", row.context + row.tokens,
                   limit);
  }
  return rows;
}

void measure(lathe_model *model, lathe_session *session, const BenchArguments &arguments, size_t limit,
             std::vector<Row> &prefill, std::vector<Row> &decode) {
  Measure measure(model, session, limit);
  Progress progress(arguments.quiet);
  size_t total = (prefill.size() + decode.size()) * arguments.repeat, done = 0;
  for (Row &row : prefill) measure.prefill(row.tokens); // warms up: weights are read, threads run
  if (!decode.empty()) measure.decode(0, 1);
  for (size_t round = 0; round < arguments.repeat; ++round) {
    for (Row &row : prefill) {
      row.rates.rounds.push_back(measure.prefill(row.tokens));
      progress.update("measuring", ++done, total);
    }
    for (Row &row : decode) {
      row.rates.rounds.push_back(measure.decode(row.context, row.tokens));
      progress.update("measuring", ++done, total);
    }
  }
}

void run(const BenchArguments &arguments) {
  ModelPtr model = openModel(artifactOf(arguments.model, arguments.session.device));
  lathe_model_info info = infoOf(model.get());
  SessionPtr session = createSession(model.get(), arguments.session, arguments.quiet);
  lathe_session_info sessionInfo = infoOf(session.get());
  if (!info.can_step && !info.embedding_columns)
    throw Failure{"this model has neither logits nor embeddings"};
  size_t limit = info.can_step ? sessionInfo.context : std::min(sessionInfo.context, sessionInfo.max_rows);
  std::vector<Row> prefill = rowsThatFit(arguments.prefill, 0, limit), decode;
  if (info.can_step && arguments.decode) decode = rowsThatFit(arguments.contexts, arguments.decode, limit);
  measure(model.get(), session.get(), arguments, limit, prefill, decode);
  if (arguments.json)
    return printJson({{"prefill", rowsAsJson(prefill, false, info.weight_bytes)},
                      {"decode", rowsAsJson(decode, true, info.weight_bytes)},
                      {"repeat", arguments.repeat},
                      {"device", sessionInfo.device},
                      {"variant", sessionInfo.variant},
                      {"threads", sessionInfo.threads},
                      {"weight_bytes", info.weight_bytes},
                      {"model", info.name},
                      {"numerics", info.numerics}});
  std::printf("%s: %s of weights; %s; median of %zu rounds\n\n", info.name,
              formatBytes(info.weight_bytes).c_str(), placeOf(sessionInfo).c_str(), arguments.repeat);
  printRows(prefill, decode, info.weight_bytes);
}

} // namespace

void lathe::tool::addBench(CLI::App &app) {
  auto *command = app.add_subcommand("bench", "Speed of prefill and decode, drawing tokens as lathe run does");
  auto arguments = std::make_shared<BenchArguments>();
  BenchArguments &a = *arguments;
  command
      ->add_option("model", a.model, "a .lathe file, or a Hugging Face folder (compiled into a cache first)")
      ->required();
  command->add_option("--prefill", a.prefill, "prompt lengths, each taken in one call")
      ->delimiter(',')
      ->check(CLI::Range(1, 1 << 24))
      ->capture_default_str();
  command->add_option("--decode", a.decode, "tokens that are taken one by one; 0: none")
      ->check(CLI::Range(0, 1 << 24))
      ->capture_default_str();
  command->add_option("--context", a.contexts, "tokens that stand before them")
      ->delimiter(',')
      ->check(CLI::Range(0, 1 << 24))
      ->capture_default_str();
  command->add_option("--repeat", a.repeat, "rounds; the median counts")
      ->check(CLI::Range(1, 1 << 24))
      ->capture_default_str();
  a.session.addTo(*command);
  command->add_flag("--json", a.json, "print the result as JSON");
  command->add_flag("-q,--quiet", a.quiet, "no progress");
  command->footer("Examples:\n"
                  "  lathe bench story.lathe\n"
                  "  lathe bench story.lathe --prefill 512 --decode 64 --context 0,1024 --threads 2 --json");
  command->callback([arguments] { run(*arguments); });
}
