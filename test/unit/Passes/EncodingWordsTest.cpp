// Encodings in a user's words: what is printed is read as the same choice.
#include "Compress/Encodings.h"

#include <gtest/gtest.h>

using namespace lathe;

namespace {

class EncodingWords : public testing::Test {
protected:
  EncodingWords() { context.loadDialect<LatheDialect>(); }
  EncodingChoice parse(const std::string &text) {
    std::string error;
    std::optional<EncodingChoice> choice = parseEncoding(text, 64, &context, error);
    EXPECT_TRUE(choice) << text << ": " << error;
    return choice.value_or(EncodingChoice());
  }
  mlir::MLIRContext context{mlir::MLIRContext::Threading::DISABLED};
};

class EncodingPresets : public EncodingWords, public testing::WithParamInterface<const char *> {};

} // namespace

TEST_P(EncodingPresets, AreReadAsTheyArePrinted) {
  EncodingChoice choice = parse(GetParam());
  std::string text = describeChoice(choice);
  EXPECT_EQ(parse(text), choice) << text;
  EXPECT_EQ(describeChoice(parse(text)), text);
}

INSTANTIATE_TEST_SUITE_P(
    Presets, EncodingPresets,
    testing::Values("keep", "f32", "bf16", "int8", "int8 group 32", "int8 tensor", "int4", "int4 rtn",
                    "int5 channel", "int3 group 16 affine", "int6 tensor affine rtn", "int8 bitmap",
                    "int4 group 32 bitmap rtn", "nf4", "nf4 group 32 rtn", "mxfp4", "q4_k", "prune 0.1 int8",
                    "prune 0.7 keep", "prune 0.3333333333333333 bf16", "<f8E4M3FN, block 1x0, scale <f32>>",
                    "<ui4, block 1x32, scale <f16>, offset <f16>> rtn", "<si6, block 2x8, scale <f32>>"));

TEST_F(EncodingWords, AreShort) {
  for (const char *text :
       {"int4 group 64", "int8 channel", "nf4 group 64", "prune 0.7 int8 channel rtn", "keep", "bf16"})
    EXPECT_EQ(describeChoice(parse(text)), text);
}
