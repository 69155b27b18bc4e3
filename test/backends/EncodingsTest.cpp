// Encodings are open: what other projects store is spelled as an attribute, and reaches interpreter, packing
// and the generic kernels without an op, a type or a kernel of its own.
#include "Compare.h"
#include "CompiledModel.h"
#include "RuntimeSession.h"

#include "Artifact/Artifact.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <set>

using namespace lathe;
using namespace lathe::test;
using interpreter::Batch;
using interpreter::Indices;
using interpreter::Rows;

namespace {

constexpr const char *kModel = LATHE_SOURCE_DIR "/test/backends/exact.mlir";
constexpr float kBound = 1e-5f; // f32 sums of the same decoded weights: see README.md

struct Spelled {
  const char *name, *encoding;
};

void PrintTo(const Spelled &of, std::ostream *out) { *out << of.name; }

const Spelled kEncodings[] = {
    // 4 bits in blocks of 32; scales and offsets are codes of 6 bits, of which 8 share an f16.
    {"Q4KLike",
     "<ui4, block 1x32, scale <ui6, block 1x8, scale <f16>>, offset <ui6, block 1x8, scale <f16>>>"},
    // Floats of 4 bits, of which 32 share a power of two.
    {"MXFP4Like", "<f4E2M1FN, block 1x32, scale <f8E8M0FNU>>"},
    {"Float8Rows", "<f8E4M3FN, block 1x0, scale <f32>>"},
    {"FourLevels", "<ui2, table [-1.0, -0.25, 0.25, 1.0], block 1x16, scale <f8E4M3FN>>"},
    {"Squares", "<si6, block 8x16, scale <f16>>"},
    // What is left of pruned matrices.
    {"Int8Bitmap", "prune 0.6 <si8, block 1x0, scale <f32>, bitmap>"},
    {"Int4Bitmap", "prune 0.5 <si4, block 1x32, scale <f16>, bitmap>"},
    {"Float8Bitmap", "prune 0.5 <f8E4M3FN, block 1x0, scale <f32>, bitmap>"},
    {"Float16Bitmap", "prune 0.7 <f16, bitmap>"},
    {"Float32Bitmap", "prune 0.9 <f32, bitmap>"},
};

Numerics numericsOf(const std::string &encoding) {
  return {.name = "spelled", .recipe = "* -> " + encoding, .maxOutputs = 128};
}

std::set<std::string> opsOf(mlir::ModuleOp module) {
  std::set<std::string> names;
  module.walk([&](mlir::Operation *op) { names.insert(op->getName().getStringRef().str()); });
  return names;
}

class Encodings : public testing::TestWithParam<Spelled> {
protected:
  CompiledModel model{kModel, numericsOf(GetParam().encoding)};
};

} // namespace

TEST_P(Encodings, ReachInterpreterAndGenericKernel) {
  Indices tokens(75);
  for (size_t i = 0; i < tokens.size(); ++i) tokens[i] = int32_t(i * 37 % 75);
  Rows expected = model.interpret(Batch::sequence(tokens));
  for (const Place &place : runnablePlaces(model.artifact())) {
    SCOPED_TRACE(testing::PrintToString(place));
    RuntimeSession session(model.artifact(), place);
    int32_t slot = session.newSlot();
    for (size_t rows : {1, 7, 75}) {
      Rows actual = session.step(Indices(tokens.begin(), tokens.begin() + rows), slot);
      EXPECT_LE(difference(actual.values, rowsOf(expected, 0, rows)), kBound) << rows << " rows";
    }
  }
}

TEST_P(Encodings, NeedNoOp) {
  static const std::set<std::string> plain = opsOf(CompiledModel(kModel, numericsOf("int8")).model());
  std::set<std::string> names = opsOf(model.model());
  names.erase("lathe.prune"); // a recipe's own word, beside the encoding
  EXPECT_EQ(names, plain);
}

namespace {

std::vector<char> contentOf(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  return std::vector<char>(std::istreambuf_iterator<char>(file), {});
}

/// A model whose matrices are bitmaps, but for the embedding's table.
Numerics bitmaps(bool integers) {
  return {.name = "bitmaps", .recipe = "* -> prune 0.6 int8 bitmap", .integers = integers, .maxOutputs = 128};
}

} // namespace

/// An embedding reads rows, which a bitmap has no beginnings of.
TEST(Bitmaps, AreNotChosenForTables) {
  CompiledModel model(kModel, bitmaps(false));
  int tables = 0, matrices = 0;
  model.model().walk([&](EmbeddingOp op) {
    ++tables;
    EXPECT_FALSE(mlir::cast<WeightType>(op.getTable().getType()).getEncoding().getBitmap());
  });
  model.model().walk([&](LinearOp op) {
    ++matrices;
    EXPECT_TRUE(mlir::cast<WeightType>(op.getWeights().front().getType()).getEncoding().getBitmap());
  });
  EXPECT_EQ(tables, 1);
  EXPECT_GE(matrices, 3);
}

/// Any bytes in the weight section - masks and starts among them - give some numbers, and are never followed.
TEST(Bitmaps, RunWithDamagedWeights) {
  for (bool integers : {false, true}) {
    CompiledModel model(kModel, bitmaps(integers));
    std::vector<char> good = contentOf(model.artifact());
    auto artifact = Artifact::open(model.artifact());
    ASSERT_TRUE(artifact.ok()) << artifact.status().message();
    uint64_t first = artifact->header().weights_offset(), bytes = artifact->header().weights_bytes();
    std::mt19937 random(1);
    for (int turn = 0; turn < 6; ++turn) {
      std::vector<char> damaged = good;
      for (uint64_t i = 0; i < bytes; ++i) damaged[first + i] = turn ? char(random()) : char(0xff);
      std::string path = model.artifact() + ".damaged";
      std::ofstream(path, std::ios::binary).write(damaged.data(), std::streamsize(damaged.size()));
      for (const Place &place : runnablePlaces(path)) {
        RuntimeSession session(path, place);
        for (size_t rows : {1, 5, 75}) session.step(Indices(rows, 3), session.newSlot());
      }
      std::filesystem::remove(path);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Spelled, Encodings, testing::ValuesIn(kEncodings),
                         testing::PrintToStringParamName());
