#include "Checkpoint/Safetensors.h"

#include "Fixtures.h"

#include <bit>
#include <cmath>

using namespace lathe;
using namespace lathe::testing;

namespace {
/// What the parser says of a header over `dataBytes` bytes of tensors.
Status parse(const std::string &header, size_t dataBytes) {
  std::string file = safetensors(header, std::string(dataBytes, '\1'));
  return parseSafetensors(asBytes(file)).status();
}

/// A header of one tensor with this entry.
std::string entry(const std::string &dtype, const std::string &shape, const std::string &offsets) {
  return R"({"w":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
}

/// One half, decoded by the formula in the standard.
double referenceF16(uint16_t half) {
  int exponent = (half >> 10) & 31;
  double fraction = half & 1023, sign = half & 0x8000 ? -1 : 1;
  if (exponent == 31) return fraction == 0 ? sign * INFINITY : NAN;
  return exponent == 0 ? sign * std::ldexp(fraction, -24) : sign * std::ldexp(1024 + fraction, exponent - 25);
}
} // namespace

TEST(Safetensors, ReadsTensorsAtAnyAlignment) {
  std::string header =
      R"({"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[2,2],"data_offsets":[3,19]},)"
      R"("a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}})";
  Folder folder;
  folder.write("m.safetensors", safetensors(header, "abc" + stored<float>({1, 2, 3, 4})));
  auto file = Safetensors::open(folder.path("m.safetensors"));
  ASSERT_TRUE(file.ok()) << file.status().message();
  ASSERT_EQ(file->tensors().size(), 2u);
  EXPECT_EQ(file->tensors()[0].name, "a");
  EXPECT_EQ(file->metadata().at("format"), "pt");
  const TensorInfo *tensor = file->find("b");
  ASSERT_NE(tensor, nullptr);
  EXPECT_EQ(tensor->shape, (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(tensor->elements(), 4u);
  EXPECT_EQ(file->find("c"), nullptr);
  float values[2];
  ASSERT_TRUE(readF32(*tensor, file->bytes(*tensor), 1, values).ok());
  EXPECT_EQ(values[0], 2);
  EXPECT_EQ(values[1], 3);
}

TEST(Safetensors, AcceptsHolesScalarsEmptyTensorsAndPaddedHeaders) {
  EXPECT_TRUE(parse("{}   ", 0).ok());
  EXPECT_TRUE(parse(entry("F32", "[]", "[8,12]"), 20).ok());
  EXPECT_TRUE(parse(entry("F32", "[0,5]", "[4,4]"), 4).ok());
  EXPECT_TRUE(parse(entry("F32", "[9223372036854775807,0,9223372036854775807]", "[0,0]"), 0).ok());
  EXPECT_TRUE(parse(entry("F4", "[3,2]", "[0,3]"), 3).ok());
}

TEST(Safetensors, RefusesBrokenHeaders) {
  std::string shortFile = "abc", huge(8, '\xff'), cut = safetensors("{}", "");
  cut[0] = 50;
  expectFailure(parseSafetensors(asBytes(shortFile)).status(), Code::Corrupt, {"too short"});
  expectFailure(parseSafetensors({}).status(), Code::Corrupt, {"too short"});
  expectFailure(parseSafetensors(asBytes(huge)).status(), Code::Corrupt, {"not a safetensors file"});
  expectFailure(parseSafetensors(asBytes(cut)).status(), Code::Corrupt, {"cut short"});
  expectFailure(parse("", 0), Code::Corrupt, {"not valid JSON"});
  expectFailure(parse("[]", 0), Code::Corrupt, {"not a JSON object"});
  expectFailure(parse("{\"w\":", 0), Code::Corrupt, {"not valid JSON"});
  expectFailure(parse("{}x", 0), Code::Corrupt, {"not valid JSON"});
  expectFailure(parse("{\"w\":1}", 0), Code::Corrupt, {"'w'", "not an object"});
  expectFailure(parse("{\"\xff\":1}", 0), Code::Corrupt, {"not valid JSON"});
  expectFailure(parse(R"({"__metadata__":[]})", 0), Code::Corrupt, {"__metadata__"});
  expectFailure(parse(R"({"__metadata__":{"a":1}})", 0), Code::Corrupt, {"'a'", "not a string"});
  expectFailure(parse(std::string(200, '['), 0), Code::Corrupt, {"nested deeper"});
}

TEST(Safetensors, RefusesDuplicates) {
  std::string one = R"("w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]})";
  expectFailure(parse("{" + one + "," + one + "}", 1), Code::Corrupt, {"'w'", "twice"});
  expectFailure(parse(R"({"w":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}})", 1),
                Code::Corrupt, {"'dtype'", "twice"});
}

TEST(Safetensors, RefusesEntriesThatDoNotFit) {
  expectFailure(parse(entry("F12", "[1]", "[0,1]"), 1), Code::Corrupt, {"'w'", "'F12'"});
  expectFailure(parse(entry("F32", "[1]", "[0,8]"), 8), Code::Corrupt, {"'w'", "takes 4 bytes"});
  expectFailure(parse(entry("F32", "[2]", "[8,0]"), 8), Code::Corrupt, {"backwards"});
  expectFailure(parse(entry("F32", "[2]", "[4,12]"), 8), Code::Corrupt, {"pass the end"});
  expectFailure(parse(entry("F32", "[2]", "[-8,0]"), 8), Code::Corrupt, {"not a pair"});
  expectFailure(parse(entry("F32", "[2]", "[0]"), 8), Code::Corrupt, {"not a pair"});
  expectFailure(parse(entry("F32", "[2]", "[0.5,8]"), 8), Code::Corrupt, {"not a pair"});
  expectFailure(parse(entry("F32", "[2]", "[0,99999999999999999999]"), 8), Code::Corrupt, {"not a pair"});
  expectFailure(parse(entry("F32", "[-1]", "[0,8]"), 8), Code::Corrupt, {"'shape' holds '-1'"});
  expectFailure(parse(entry("F32", "[\"2\"]", "[0,8]"), 8), Code::Corrupt, {"'shape' holds"});
  expectFailure(parse(entry("F32", "2", "[0,8]"), 8), Code::Corrupt, {"'shape' is not a list"});
  expectFailure(parse(entry("F32", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", "[0,4]"), 4), Code::Corrupt,
                {"17 dimensions"});
  expectFailure(parse(entry("F32", "[4294967296,4294967296]", "[0,0]"), 0), Code::Corrupt, {"overflows"});
  expectFailure(parse(entry("F32", "[2305843009213693953]", "[0,32]"), 32), Code::Corrupt, {"overflows"});
  expectFailure(parse(entry("F4", "[3]", "[0,2]"), 2), Code::Corrupt, {"whole bytes"});
  expectFailure(parse(R"({"w":{"dtype":"U8","shape":[1]}})", 1), Code::Corrupt, {"'data_offsets'"});
  expectFailure(parse(R"({"w":{"shape":[1],"data_offsets":[0,1]}})", 1), Code::Corrupt, {"'dtype'"});
  expectFailure(parse(R"({"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":0}})", 1), Code::Corrupt,
                {"'x'"});
}

TEST(Safetensors, RefusesOverlaps) {
  std::string header = R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
                       R"("b":{"dtype":"U8","shape":[4],"data_offsets":[3,7]}})";
  expectFailure(parse(header, 7), Code::Corrupt, {"'a' and 'b' overlap"});
}

TEST(Safetensors, RefusesTypesThatAreNotWeights) {
  std::string data = stored<double>({1, 2});
  TensorInfo tensor{"position_ids", DType::F64, {2}, 0, 16};
  float values[2];
  expectFailure(readF32(tensor, asBytes(data), 0, values), Code::Unsupported,
                {"'position_ids'", "F64", "convert"});
  tensor.dtype = DType::F32;
  expectFailure(readF32(tensor, asBytes(data), 1, values), Code::InvalidArgument, {"has 2 elements"});
  expectFailure(readF32(tensor, asBytes(data), UINT64_MAX, values), Code::InvalidArgument,
                {"has 2 elements"});
}

TEST(Safetensors, ErrorsNameTheFile) {
  Folder folder;
  folder.write("m.safetensors", "short");
  expectFailure(Safetensors::open(folder.path("m.safetensors")).status(), Code::Corrupt, {"m.safetensors: "});
  expectFailure(Safetensors::open(folder.path("none")).status(), Code::NotFound, {"none"});
}

TEST(DType, EveryF16AndBF16WidensExactly) {
  std::vector<uint16_t> all(65536);
  for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<uint16_t>(i);
  std::string bytes = "x" + stored(all); // one byte off: unaligned
  std::vector<float> halves(all.size()), brains(all.size());
  widenToF32(DType::F16, asBytes(bytes).data() + 1, halves);
  widenToF32(DType::BF16, asBytes(bytes).data() + 1, brains);
  for (size_t i = 0; i < all.size(); ++i) {
    double expected = referenceF16(all[i]);
    if (std::isnan(expected))
      EXPECT_TRUE(std::isnan(halves[i])) << i;
    else
      EXPECT_EQ(halves[i], expected) << i;
    ASSERT_EQ(std::bit_cast<uint32_t>(brains[i]), static_cast<uint32_t>(i) << 16);
  }
}

TEST(DType, NamesRoundTrip) {
  for (int i = 0; i <= static_cast<int>(DType::F4); ++i)
    EXPECT_EQ(parseDType(dtypeName(static_cast<DType>(i))), static_cast<DType>(i));
  EXPECT_FALSE(parseDType("f32").has_value());
}
