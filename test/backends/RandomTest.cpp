// Models of random shape and configuration: odd widths, heads of two features, every function, every pooling.
// What the runtime computes on every instruction set is what the interpreter computes.
#include "../unit/Passes/RandomModel.h"
#include "Compare.h"
#include "CompiledModel.h"
#include "RuntimeSession.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace lathe;
using namespace lathe::test;
using interpreter::Batch;
using interpreter::Indices;
using interpreter::Rows;

namespace {

constexpr unsigned kModels = 12;

struct Form {
  Numerics numerics;
  float bound; ///< share of the range of the results: see README.md
};

/// The form of a model goes round with its number.
Form formOf(unsigned seed) {
  const Form forms[] = {
      {{.name = "f32"}, 1e-5f},
      {{.name = "int4", .recipe = "* -> int4 group 16"}, 1e-5f},
      {{.name = "bf16", .weights = "bf16", .cache = "bf16"}, 1e-2f},
      {{.name = "f8", .recipe = "* -> <f8E4M3FN, block 1x0, scale <f32>>", .cache = "f16"}, 1e-3f},
  };
  return forms[seed % std::size(forms)];
}

class RandomModels : public testing::TestWithParam<unsigned> {
protected:
  RandomModel random{GetParam()};
  Form form = formOf(GetParam());
  const std::string path = write();
  CompiledModel model{path, form.numerics};
  RandomModels() { std::filesystem::remove(path); }

  /// The model as a file, with what an artifact says of it.
  std::string write() {
    std::string name = "lathe-random-" + std::to_string(getpid()) + ".mlir";
    std::string path = (std::filesystem::temp_directory_path() / name).string();
    std::string known =
        "module attributes {lathe.model = {context = 64 : i64, family = \"toy\", vocabulary = " +
        std::to_string(random.vocabulary) + " : i64, width = 1 : i64}} {";
    std::ofstream(path) << known << random.text.substr(random.text.find('{') + 1);
    return path;
  }
  Indices drawn(size_t count, uint32_t factor) {
    Indices tokens;
    for (size_t i = 0; i < count; ++i)
      tokens.push_back(int32_t((i * i + factor * i + GetParam()) % random.vocabulary));
    return tokens;
  }
  void expectNear(const std::vector<float> &actual, const std::vector<float> &expected) {
    EXPECT_LE(difference(actual, expected), form.bound) << random.text;
  }
};

} // namespace

TEST_P(RandomModels, BackendsAgree) {
  Indices prompt = drawn(33, 7);
  Rows expected = model.interpret(Batch::sequence(prompt));
  for (const Place &place : runnablePlaces(model.artifact())) {
    SCOPED_TRACE(testing::PrintToString(place) + " " + form.numerics.name);
    RuntimeSession session(model.artifact(), place);
    if (model.encoder()) {
      Rows together = session.embed({drawn(3, 5), prompt});
      expectNear(rowsOf(together, 1, 1), expected.values);
      continue;
    }
    int32_t slot = session.newSlot();
    size_t at = 0;
    for (size_t rows : {1, 21, 9, 2}) {
      Rows piece = session.step(Indices(prompt.begin() + at, prompt.begin() + at + rows), slot);
      expectNear(piece.values, rowsOf(expected, at, rows));
      at += rows;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomModels, testing::Range(0u, kModels));
