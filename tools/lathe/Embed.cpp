// lathe embed
#include "Command.h"
#include "Embeddings.h"
#include "Output.h"
#include "Text.h"

#include <sstream>

using namespace lathe::tool;

namespace {

struct EmbedArguments {
  std::string model, file;
  std::vector<std::string> texts;
  SessionFlags session;
  bool similarity = false, json = false, quiet = false;
};

std::vector<std::string> textsOf(const EmbedArguments &arguments) {
  std::vector<std::string> texts = arguments.texts;
  if (texts.empty() || !arguments.file.empty()) {
    std::istringstream lines(readText(arguments.file.empty() ? "-" : arguments.file));
    for (std::string line; std::getline(lines, line);) {
      if (line.ends_with('\r')) line.pop_back();
      if (!line.empty()) texts.push_back(line);
    }
  }
  if (texts.empty()) throw Failure{"there is no text to embed"};
  return texts;
}

/// At most `most` characters, whole ones.
std::string shorten(const std::string &text, size_t most = 40) {
  if (text.size() <= most) return text;
  size_t end = most;
  while (end && (text[end] & 0xc0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

void printSimilarity(const std::vector<std::string> &texts, const Embeddings &embeddings, bool json) {
  std::vector<std::vector<double>> matrix(texts.size(), std::vector<double>(texts.size()));
  for (size_t a = 0; a < texts.size(); ++a)
    for (size_t b = 0; b < texts.size(); ++b) matrix[a][b] = embeddings.cosine(a, b);
  if (json) return printJson({{"texts", texts}, {"similarity", matrix}});
  std::vector<std::string> headings = {">", "text"};
  for (size_t i = 0; i < texts.size(); ++i) headings.push_back(">" + std::to_string(i + 1));
  Table table(headings);
  for (size_t a = 0; a < texts.size(); ++a) {
    std::vector<std::string> cells = {std::to_string(a + 1), shorten(texts[a])};
    for (double value : matrix[a]) cells.push_back(format("%.4f", value));
    table.add(cells);
  }
  table.print();
}

void printVectors(const std::vector<std::string> &texts, const Embeddings &embeddings, bool json) {
  Table table({"text", ">tokens", ">norm", format("vector of %zu", embeddings.columns)});
  for (size_t i = 0; i < texts.size(); ++i) {
    const float *vector = embeddings.of(i);
    if (json) {
      Json line = {{"text", texts[i]}, {"vector", std::vector<float>(vector, vector + embeddings.columns)}};
      std::printf("%s\n", line.dump(-1, ' ', false, Json::error_handler_t::replace).c_str());
      continue;
    }
    std::string first;
    for (size_t c = 0; c < std::min<size_t>(6, embeddings.columns); ++c) first += format("%8.4f ", vector[c]);
    table.add({shorten(texts[i]), std::to_string(embeddings.tokens[i]), format("%.4f", embeddings.norm(i)),
               first + "…"});
  }
  if (!json) table.print();
}

void run(const EmbedArguments &arguments) {
  ModelPtr model = openModel(artifactOf(arguments.model, arguments.session.device));
  lathe_model_info info = infoOf(model.get());
  if (!info.embedding_columns) throw Failure{"this model is no encoder with pooling; it can't embed texts"};
  std::vector<std::string> texts = textsOf(arguments);
  SessionPtr session = createSession(model.get(), arguments.session, arguments.quiet);
  Embeddings embeddings = embed(model.get(), session.get(), texts, arguments.quiet);
  arguments.similarity ? printSimilarity(texts, embeddings, arguments.json)
                       : printVectors(texts, embeddings, arguments.json);
}

} // namespace

void lathe::tool::addEmbed(CLI::App &app) {
  auto *command = app.add_subcommand("embed", "Vectors of texts, by an encoder");
  auto arguments = std::make_shared<EmbedArguments>();
  EmbedArguments &a = *arguments;
  command
      ->add_option("model", a.model, "a .lathe file, or a Hugging Face folder (compiled into a cache first)")
      ->required();
  command->add_option("text", a.texts, "texts (default: lines of standard input)");
  command->add_option("--file", a.file, "file of texts, one a line");
  command->add_flag("--similarity", a.similarity, "print the cosine of each two texts");
  a.session.addTo(*command);
  command->add_flag("--json", a.json, "print whole vectors, as a JSON object a line");
  command->add_flag("-q,--quiet", a.quiet, "no progress");
  command->footer("Examples:\n"
                  "  lathe embed minilm.lathe \"A cat sat.\" \"A dog stood.\" --similarity\n"
                  "  lathe embed minilm.lathe --file sentences.txt --json > vectors.jsonl");
  command->callback([arguments] { run(*arguments); });
}
