// Every model family, in many forms of weights, activations and caches: what the runtime computes on every
// instruction set is what the interpreter computes, however the rows are cut into calls. The bounds are
// derived in README.md.
#include "Compare.h"
#include "CompiledModel.h"
#include "RuntimeSession.h"

#include "Checkpoint/Safetensors.h"

#include <gtest/gtest.h>

#include <cstring>
#include <numeric>

using namespace lathe;
using namespace lathe::test;
using interpreter::Batch;
using interpreter::Indices;
using interpreter::Rows;

namespace {

struct Case {
  const char *fixture;
  Numerics numerics;
  float bound;              ///< share of the range of the results
  const char *op = nullptr; ///< must be in the model, or else the case shows nothing
};

constexpr float kFloats = 1e-5f, kHalves = 1e-3f, kRounded = 1e-2f, kCodes = 2e-2f;

const char *const kEncodings[] = {
    "f16", "int8 group 64", "int4 group 32", "int4 group 64 affine", "int3 group 32", "int6 group 32", "nf4",
};

std::string nameOf(const std::string &text) {
  std::string name = text;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); }, '_');
  return name;
}

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const char *fixture :
       {"llama-f32", "llama-bf16-sharded", "llama-f16-llama3", "llama-f16-llama3-v4", "llama-f32-biases",
        "gpt2-f32", "gpt2-bf16-erf", "bert-f32-mean", "bert-f16-cls"})
    all.push_back({fixture, {.name = "stored"}, kFloats});
  for (const char *fixture : {"llama-f32-biases", "gpt2-f32", "bert-f32-mean"}) {
    all.push_back(
        {fixture, {.name = "bf16", .weights = "bf16", .activations = "bf16", .cache = "bf16"}, kRounded});
    all.push_back(
        {fixture, {.name = "f16", .weights = "f16", .activations = "f16", .cache = "f16"}, kHalves});
    all.push_back({fixture,
                   {.name = "int8", .weights = "int8", .cache = "f16", .integers = true},
                   kCodes,
                   "lathe.quantize_rows"});
    all.push_back({fixture,
                   {.name = "int4", .weights = "int4", .group = "32", .cache = "bf16", .integers = true},
                   kCodes,
                   "lathe.quantize_rows"});
  }
  all.push_back({"llama-bf16-sharded",
                 {.name = "int4", .weights = "int4", .activations = "bf16", .integers = true},
                 kCodes,
                 "lathe.quantize_rows"});
  for (const char *encoding : kEncodings)
    all.push_back({"llama-f32",
                   {.name = nameOf(encoding), .recipe = std::string("* -> ") + encoding},
                   kFloats,
                   "lathe.quantize"});
  all.push_back({"llama-f32",
                 {.name = "pruned", .recipe = "* -> int8", .passes = "lathe-prune-weights{share=0.5}"},
                 kFloats,
                 "lathe.prune"});
  all.push_back({"llama-f32",
                 {.name = "low_rank",
                  .recipe = "*mlp* -> int8; *head* -> keep",
                  .integers = true,
                  .passes = "lathe-low-rank{rank=12 force=true pattern=*mlp*}"},
                 kCodes,
                 "lathe.low_rank"});
  all.push_back({"llama-f32",
                 {.name = "corrected",
                  .passes = "lathe-low-rank{rank=4 residual='int4 group 32' pattern=*mlp* force=true}"},
                 kFloats,
                 "lathe.difference"});
  return all;
}

void PrintTo(const Case &of, std::ostream *out) {
  *out << nameOf(std::string(of.fixture) + "_" + of.numerics.name);
}

/// The prompts of a fixture, those of decoders with a continuation, and what the interpreter computes for
/// them.
struct Reference {
  std::vector<Indices> prompts, sequences;
  std::vector<Rows> results;

  Reference(CompiledModel &model, const std::string &folder) {
    Result<Safetensors> file = Safetensors::open(folder + "/results.safetensors");
    for (int prompt = 0; prompt < 4; ++prompt) {
      prompts.push_back(integers(*file, prompt, "ids"));
      sequences.push_back(prompts.back());
      if (!model.encoder()) {
        Indices more = integers(*file, prompt, "greedy");
        sequences.back().insert(sequences.back().end(), more.begin(), more.end());
      }
      results.push_back(model.interpret(Batch::sequence(sequences.back(), 0, prompt)));
    }
  }

private:
  static Indices integers(const Safetensors &file, int prompt, const std::string &name) {
    const TensorInfo *info = file.find("prompt" + std::to_string(prompt) + "." + name);
    Indices values(info->elements());
    std::memcpy(values.data(), file.bytes(*info).data(), info->bytes);
    return values;
  }
};

class Families : public testing::TestWithParam<Case> {
protected:
  const std::string folder = std::string(LATHE_SOURCE_DIR "/test/fixtures/") + GetParam().fixture;
  CompiledModel model{folder, GetParam().numerics};
  Reference reference{model, folder};
  float worst = 0;

  void expectNear(const std::vector<float> &actual, const std::vector<float> &expected,
                  const std::string &what) {
    float apart = difference(actual, expected);
    worst = std::max(worst, apart);
    EXPECT_LE(apart, GetParam().bound) << what;
  }

  void whole(RuntimeSession &session) {
    for (int prompt = 0; prompt < 4; ++prompt) {
      int32_t slot = session.newSlot();
      Rows rows = session.step(reference.prompts[prompt], slot);
      expectNear(rows.values, rowsOf(reference.results[prompt], 0, rows.rows),
                 "prompt " + std::to_string(prompt));
      session.release(slot);
    }
  }

  /// The longest prompt in pieces; a block of the cache ends within one.
  void inPieces(RuntimeSession &session) {
    int32_t slot = session.newSlot();
    const Indices &ids = reference.prompts[3];
    size_t at = 0;
    for (size_t piece : {1, 5, 33, 2, 9, 40}) {
      size_t end = std::min(ids.size(), at + piece);
      Rows rows = session.step(Indices(ids.begin() + at, ids.begin() + end), slot);
      expectNear(rows.values, rowsOf(reference.results[3], at, rows.rows), "piece at " + std::to_string(at));
      at = end;
    }
    session.release(slot);
  }

  /// Three sequences in one batch, their rows mixed; then one token of each a call.
  void together(RuntimeSession &session) {
    std::vector<int32_t> slots;
    for (int i = 0; i < 3; ++i) slots.push_back(session.newSlot());
    Indices tokens, owners, prompts;
    std::vector<int64_t> positions;
    for (size_t at = 0; at < 40; ++at)
      for (int prompt = 0; prompt < 3; ++prompt)
        if (at < reference.prompts[prompt].size()) {
          tokens.push_back(reference.prompts[prompt][at]);
          owners.push_back(slots[prompt]);
          prompts.push_back(prompt);
          positions.push_back(at);
        }
    Rows rows = session.step(tokens, owners);
    for (int64_t row = 0; row < rows.rows; ++row)
      expectNear(rowsOf(rows, row, 1), rowsOf(reference.results[prompts[row]], positions[row], 1),
                 "mixed row " + std::to_string(row));
    for (size_t turn = 0; turn < 4; ++turn) {
      Indices next;
      for (int prompt = 0; prompt < 3; ++prompt)
        next.push_back(reference.sequences[prompt][reference.prompts[prompt].size() + turn]);
      rows = session.step(next, slots);
      for (int prompt = 0; prompt < 3; ++prompt)
        expectNear(rowsOf(rows, prompt, 1),
                   rowsOf(reference.results[prompt], reference.prompts[prompt].size() + turn, 1),
                   "turn " + std::to_string(turn) + " of prompt " + std::to_string(prompt));
    }
    for (int32_t slot : slots) session.release(slot);
  }

  void embed(RuntimeSession &session) {
    for (int prompt = 0; prompt < 4; ++prompt)
      expectNear(session.embed({reference.prompts[prompt]}).values, reference.results[prompt].values,
                 "prompt " + std::to_string(prompt));
    Rows all = session.embed(reference.prompts);
    for (int prompt = 0; prompt < 4; ++prompt)
      expectNear(rowsOf(all, prompt, 1), reference.results[prompt].values,
                 "together, prompt " + std::to_string(prompt));
  }
};

} // namespace

static bool holds(mlir::ModuleOp module, llvm::StringRef name) {
  return module
      .walk([&](mlir::Operation *op) {
        return op->getName().getStringRef() == name ? mlir::WalkResult::interrupt()
                                                    : mlir::WalkResult::advance();
      })
      .wasInterrupted();
}

TEST_P(Families, BackendsAgree) {
  if (GetParam().op) {
    ASSERT_TRUE(holds(model.model(), GetParam().op)) << "the model has no " << GetParam().op;
  }
  std::vector<std::vector<float>> results;
  for (const Place &place : runnablePlaces(model.artifact())) {
    SCOPED_TRACE(testing::PrintToString(place));
    RuntimeSession session(model.artifact(), place);
    if (model.encoder()) {
      embed(session);
      results.push_back(session.embed(reference.prompts).values);
    } else {
      whole(session);
      inPieces(session);
      together(session);
      results.push_back(session.step(reference.prompts[3], session.newSlot()).values);
    }
    expectNear(results.back(), results.front(), "against the first instruction set");
  }
  EXPECT_FALSE(results.empty());
  RecordProperty("worst", std::to_string(worst));
}

INSTANTIATE_TEST_SUITE_P(Fixtures, Families, testing::ValuesIn(cases()), testing::PrintToStringParamName());
