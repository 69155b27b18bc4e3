// Encodings are open: what other projects store is spelled as an attribute, and reaches interpreter, packing
// and the generic kernels without an op, a type or a kernel of its own.
#include "Compare.h"
#include "CompiledModel.h"
#include "RuntimeSession.h"

#include <gtest/gtest.h>

#include <set>
#include <stdexcept>

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
  for (const std::string &variant : runnableVariants(model.artifact())) {
    SCOPED_TRACE(variant);
    RuntimeSession session(model.artifact(), variant);
    int32_t slot = session.newSlot();
    for (size_t rows : {1, 7, 75}) {
      Rows actual = session.step(Indices(tokens.begin(), tokens.begin() + rows), slot);
      EXPECT_LE(difference(actual.values, rowsOf(expected, 0, rows)), kBound) << rows << " rows";
    }
  }
}

TEST_P(Encodings, NeedNoOp) {
  static const std::set<std::string> plain = opsOf(CompiledModel(kModel, numericsOf("int8")).model());
  EXPECT_EQ(opsOf(model.model()), plain);
}

/// Code generation has no kernel for bitmaps, and says so rather than reading them wrong.
TEST(Bitmaps, AreRefused) {
  EXPECT_THROW(CompiledModel(kModel, numericsOf("int8 bitmap")), std::runtime_error);
}

INSTANTIATE_TEST_SUITE_P(Spelled, Encodings, testing::ValuesIn(kEncodings),
                         testing::PrintToStringParamName());
