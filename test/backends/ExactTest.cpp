// Products of integers agree bit for bit: the interpreter, every instruction set, every number of rows.
#include "CompiledModel.h"
#include "RuntimeSession.h"

#include <gtest/gtest.h>

#include <algorithm>

using namespace lathe;
using namespace lathe::test;
using interpreter::Batch;
using interpreter::Indices;
using interpreter::Rows;

namespace {

/// Recipes of the matrices; the table stays f32.
const char *const kEncodings[] = {
    "int8 channel",  "int8 group 32", "int8 group 64",        "int8 channel affine",
    "int7 group 32", "int6 group 32", "int5 group 32",        "int4 channel",
    "int4 group 32", "int4 group 64", "int4 group 128",       "int4 group 32 affine",
    "int3 group 32", "int2 group 64", "int2 group 32 affine", "q4_k",
    "prune 0.6 int8 bitmap", "prune 0.5 int4 group 32 bitmap",
};

class Exact : public testing::TestWithParam<const char *> {
protected:
  CompiledModel model{LATHE_SOURCE_DIR "/test/backends/exact.mlir",
                      {.name = "integers",
                       .recipe = std::string("embed -> f32; * -> ") + GetParam(),
                       .integers = true,
                       .maxOutputs = 128}};
};

Indices tokensOf(size_t count) {
  Indices tokens;
  for (size_t i = 0; i < count; ++i) tokens.push_back(int32_t(i * 37 % 75));
  return tokens;
}

bool multipliesIntegers(mlir::ModuleOp module) {
  bool all = true;
  module.walk([&](LinearOp op) {
    auto rows = mlir::cast<mlir::RankedTensorType>(op.getInput().getType());
    all &= mlir::isa_and_nonnull<QuantizedRowsAttr>(rows.getEncoding());
  });
  return all;
}

} // namespace

TEST_P(Exact, EqualBitsEverywhere) {
  ASSERT_TRUE(multipliesIntegers(model.model())) << "a product is not one of integers";
  Indices tokens = tokensOf(75);
  Rows expected = model.interpret(Batch::sequence(tokens));
  for (const std::string &variant : runnableVariants(model.artifact())) {
    SCOPED_TRACE(variant);
    RuntimeSession session(model.artifact(), variant);
    int32_t slot = session.newSlot();
    for (size_t rows : {1, 2, 5, 7, 8, 16, 17, 75})
      for (size_t at = 0; at < tokens.size(); at += rows) {
        size_t count = std::min(rows, tokens.size() - at);
        Rows actual = session.step(Indices(tokens.begin() + at, tokens.begin() + at + count), slot);
        ASSERT_TRUE(std::equal(actual.values.begin(), actual.values.end(), expected.row(at)))
            << rows << " rows a call, row " << at;
      }
  }
}

INSTANTIATE_TEST_SUITE_P(Encodings, Exact, testing::ValuesIn(kEncodings),
                         [](const testing::TestParamInfo<const char *> &info) {
                           std::string name = info.param;
                           std::replace_if(name.begin(), name.end(), [](char c) { return !std::isalnum(c); }, '_');
                           return name;
                         });
