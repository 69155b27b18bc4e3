#include "Compiled.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <unistd.h>

namespace lathe::e2e {

static void check(lathe_status status) {
  if (status != LATHE_OK) throw std::runtime_error(lathe_last_error());
}

Compiled::Compiled(const std::string &folder, Numerics numerics) {
  path_ =
      testing::TempDir() + "lathe-e2e-" + std::to_string(getpid()) + "-" + std::to_string(rand()) + ".lathe";
  lathe_compile_options options = LATHE_INIT(lathe_compile_options);
  options.output = path_.c_str();
  options.weights = numerics.weights;
  options.activations = numerics.activations;
  options.cache = numerics.cache;
  char message[4096] = "";
  if (lathe_compile(folder.c_str(), &options, message, sizeof message) != LATHE_OK)
    throw std::runtime_error(message);
  lathe_status status = lathe_model_open(path_.c_str(), nullptr, &model_);
  // What is mapped stays readable.
  unlink(path_.c_str());
  check(status);
}

Compiled::~Compiled() { lathe_model_release(model_); }

lathe_model_info Compiled::info() const {
  lathe_model_info info = LATHE_INIT(lathe_model_info);
  check(lathe_model_get_info(model_, &info));
  return info;
}

std::vector<std::string> Compiled::variants() const {
  std::vector<std::string> names;
  lathe_variant_info variant = LATHE_INIT(lathe_variant_info);
  for (size_t i = 0; lathe_model_get_variant(model_, 0, i, &variant) == LATHE_OK; ++i)
    if (variant.runnable) names.push_back(variant.name);
  return names;
}

Tokens Compiled::tokenize(const std::string &text) const {
  Tokens tokens(text.size() + 16);
  size_t count = 0;
  check(lathe_tokenize(model_, text.data(), text.size(), LATHE_ADD_SPECIAL, tokens.data(), tokens.size(),
                       &count));
  tokens.resize(count);
  return tokens;
}

Runner::Runner(const Compiled &compiled, const std::string &variant, uint32_t threads)
    : info_(compiled.info()) {
  lathe_session_options options = LATHE_INIT(lathe_session_options);
  options.variant = variant.c_str();
  options.threads = threads;
  check(lathe_session_create(compiled.model(), &options, &session_));
  check(lathe_slot_create(session_, &slot_));
}

void Runner::restart() { check(lathe_slot_truncate(session_, slot_, 0)); }

namespace {
/// Where the results of a batch go: row by row, in batch order.
struct Sink {
  Values values;
  static int take(void *user, size_t row, const float *values, size_t columns) {
    auto &sink = static_cast<Sink *>(user)->values;
    sink.resize(std::max(sink.size(), (row + 1) * columns));
    std::copy_n(values, columns, sink.begin() + std::ptrdiff_t(row * columns));
    return 0;
  }
};
} // namespace

Values Runner::step(const Tokens &tokens, uint8_t want) {
  std::vector<int32_t> slots(tokens.size(), slot_);
  std::vector<uint8_t> wants(tokens.size(), want);
  Sink sink;
  lathe_batch batch = LATHE_INIT(lathe_batch);
  batch.rows = tokens.size();
  batch.tokens = tokens.data();
  batch.slots = slots.data();
  batch.wants = wants.data();
  batch.result = Sink::take;
  batch.result_user = &sink;
  check(lathe_step(session_, &batch));
  return sink.values;
}

Values Runner::stepInPieces(const Tokens &tokens, size_t piece, uint8_t want) {
  Values all;
  for (size_t first = 0; first < tokens.size(); first += piece) {
    auto begin = tokens.begin() + std::ptrdiff_t(first);
    Values part = step(Tokens(begin, begin + std::ptrdiff_t(std::min(piece, tokens.size() - first))), want);
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

Tokens Runner::greedy(const Tokens &prompt, size_t count) {
  restart();
  Values logits = step(prompt);
  Tokens ids;
  while (true) {
    auto last = logits.end() - std::ptrdiff_t(info_.vocabulary);
    ids.push_back(int32_t(std::max_element(last, logits.end()) - last));
    if (ids.size() == count) return ids;
    logits = step({ids.back()});
  }
}

Values Runner::embed(const std::vector<Tokens> &sequences) {
  Tokens tokens;
  std::vector<uint32_t> lengths;
  for (const Tokens &sequence : sequences) {
    tokens.insert(tokens.end(), sequence.begin(), sequence.end());
    lengths.push_back(uint32_t(sequence.size()));
  }
  Values vectors(sequences.size() * info_.embedding_columns);
  lathe_embed_batch batch = LATHE_INIT(lathe_embed_batch);
  batch.sequences = sequences.size();
  batch.tokens = tokens.data();
  batch.lengths = lengths.data();
  batch.vectors = vectors.data();
  check(lathe_embed(session_, &batch));
  return vectors;
}

static std::string key(int prompt, const std::string &name) {
  return "prompt" + std::to_string(prompt) + "." + name;
}

Results::Results(const std::string &folder)
    : file_(std::move(*Safetensors::open(folder + "/results.safetensors"))) {}

bool Results::has(int prompt, const std::string &name) const { return file_.find(key(prompt, name)); }

Tokens Results::integers(int prompt, const std::string &name) const {
  const TensorInfo *info = file_.find(key(prompt, name));
  Tokens values(info->elements());
  std::memcpy(values.data(), file_.bytes(*info).data(), info->bytes);
  return values;
}

Values Results::floats(int prompt, const std::string &name) const {
  const TensorInfo *info = file_.find(key(prompt, name));
  Values values(info->elements());
  std::memcpy(values.data(), file_.bytes(*info).data(), info->bytes);
  return values;
}

std::string fixture(const std::string &name) {
  return std::string(LATHE_SOURCE_DIR "/test/fixtures/") + name;
}
std::string shared(const std::string &name) { return std::string(LATHE_SHARED_DATA "/") + name; }

float difference(const Values &actual, const Values &expected) {
  if (actual.size() != expected.size()) return INFINITY;
  auto [low, high] = std::minmax_element(expected.begin(), expected.end());
  float largest = 0;
  for (size_t i = 0; i < actual.size(); ++i) {
    if (std::isnan(actual[i])) return INFINITY;
    largest = std::max(largest, std::fabs(actual[i] - expected[i]));
  }
  return largest / (*high - *low);
}

} // namespace lathe::e2e
