#include "Checkpoint/Checkpoint.h"

#include "Fixtures.h"

using namespace lathe;
using namespace lathe::testing;
namespace fs = std::filesystem;

namespace {
/// A shard of one F32 vector.
std::string shard(const std::string &key, std::vector<float> values) {
  std::string size = std::to_string(values.size());
  return safetensors(R"({")" + key + R"(":{"dtype":"F32","shape":[)" + size + R"(],"data_offsets":[0,)" +
                         std::to_string(4 * values.size()) + "]}}",
                     stored(values));
}

std::string index(const std::string &weightMap) {
  return R"({"metadata":{"total_size":1},"weight_map":)" + weightMap + "}";
}

constexpr const char *indexName = "model.safetensors.index.json";

/// A folder of two shards, a.safetensors with "a" and b.safetensors with "b", and this weight map.
Status openSharded(const std::string &weightMap) {
  Folder folder;
  folder.write("config.json", "{}")
      .write("a.safetensors", shard("a", {1, 2}))
      .write("b.safetensors", shard("b", {3}));
  folder.write(indexName, index(weightMap));
  return Checkpoint::open(folder.path()).status();
}
} // namespace

TEST(Checkpoint, OpensStories260k) {
  std::string folder = sharedData("stories260k/hf");
  if (folder.empty()) GTEST_SKIP() << "no shared data";
  auto checkpoint = Checkpoint::open(folder);
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status().message();
  auto embedding = checkpoint->get("model.embed_tokens.weight");
  ASSERT_TRUE(embedding.ok()) << embedding.status().message();
  EXPECT_EQ((*embedding)->info.shape, (std::vector<int64_t>{512, 64}));
  EXPECT_EQ((*embedding)->info.dtype, DType::F32);
  std::vector<float> row(64);
  EXPECT_TRUE(checkpoint->readF32(**embedding, 511 * 64, row).ok());
  EXPECT_FALSE(checkpoint->readF32(**embedding, 511 * 64 + 1, row).ok());
  EXPECT_EQ(checkpoint->hash(**embedding), checkpoint->hash(**embedding));
  expectFailure(checkpoint->get("embed_tokens.weight").status(), Code::NotFound, {"'embed_tokens.weight'"});
  expectFailure(checkpoint->get("transformer.layers.0.mlp.up_proj.weight").status(), Code::NotFound,
                {"it has 'model.layers.0.mlp.up_proj.weight'"});
}

TEST(Checkpoint, OpensCappGpt) {
  std::string folder = sharedData("capp-gpt");
  if (folder.empty()) GTEST_SKIP() << "no shared data";
  auto checkpoint = Checkpoint::open(folder);
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status().message();
  EXPECT_TRUE(checkpoint->get("transformer.h.3.attn.c_attn.weight").ok());
}

TEST(Checkpoint, OpensShards) {
  Folder folder;
  folder.write("config.json", "{}")
      .write("a.safetensors", shard("x", {1, 2}))
      .write("b.safetensors", shard("w", {3}));
  folder.write(indexName, index(R"({"x":"a.safetensors","w":"b.safetensors"})"));
  auto checkpoint = Checkpoint::open(folder.path());
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status().message();
  ASSERT_EQ(checkpoint->tensors().size(), 2u);
  EXPECT_EQ(checkpoint->tensors()[0].info.name, "w");
  float values[1];
  ASSERT_TRUE(checkpoint->readF32(*checkpoint->find("w"), 0, values).ok());
  EXPECT_EQ(values[0], 3);
  ASSERT_TRUE(checkpoint->readF32(*checkpoint->find("x"), 1, values).ok());
  EXPECT_EQ(values[0], 2);
  EXPECT_EQ(checkpoint->files()[checkpoint->find("x")->file].path(), folder.path("a.safetensors"));
}

TEST(Checkpoint, TheHashIsOfTheBytesAlone) {
  Folder one, two;
  one.write("config.json", "{}").write("model.safetensors", shard("a", {1, 2, 3}));
  two.write("config.json", "{}").write("model.safetensors", shard("another.name", {1, 2, 3}));
  auto first = Checkpoint::open(one.path()), second = Checkpoint::open(two.path());
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(first->hash(first->tensors()[0]), second->hash(second->tensors()[0]));
}

TEST(Checkpoint, RefusesShardsThatDisagreeWithTheIndex) {
  EXPECT_TRUE(openSharded(R"({"a":"a.safetensors","b":"b.safetensors"})").ok());
  expectFailure(openSharded(R"({"a":"a.safetensors","b":"c.safetensors"})"), Code::NotFound,
                {"'c.safetensors' is missing"});
  expectFailure(openSharded(R"({"a":"a.safetensors","b":"a.safetensors"})"), Code::Corrupt,
                {"no tensor 'b'"});
  expectFailure(openSharded(R"({"a":"a.safetensors","b":"b.safetensors","c":"b.safetensors"})"),
                Code::Corrupt, {"no tensor 'c'"});
  expectFailure(openSharded(R"({"a":"a.safetensors","a":"b.safetensors"})"), Code::Corrupt, {"'a'", "twice"});
  expectFailure(openSharded(R"({})"), Code::Corrupt, {"'weight_map'"});
  expectFailure(openSharded(R"([])"), Code::Corrupt, {"'weight_map'"});
  expectFailure(openSharded(R"({"a":1})"), Code::Corrupt, {"'a' is not a string"});
}

TEST(Checkpoint, RefusesTensorsThatTheIndexDoesNotPlaceThere) {
  Folder folder;
  std::string both = safetensors(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                                 R"("b":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
                                 "xy");
  folder.write("config.json", "{}").write("a.safetensors", both).write("b.safetensors", shard("b", {3}));
  folder.write(indexName, index(R"({"a":"a.safetensors","b":"b.safetensors"})"));
  expectFailure(Checkpoint::open(folder.path()).status(), Code::Corrupt, {"'b'", "in another shard"});
  folder.write(indexName, index(R"({"a":"a.safetensors"})"));
  expectFailure(Checkpoint::open(folder.path()).status(), Code::Corrupt, {"'b'", "does not list"});
}

TEST(Checkpoint, RefusesShardNamesThatLeaveTheFolder) {
  for (const char *name :
       {"../a.safetensors", "/etc/passwd", "x/a.safetensors", "..", ".", "", "x\\\\a", "a\\u0000b"})
    expectFailure(openSharded(R"({"a":")" + std::string(name) + R"("})"), Code::Corrupt,
                  {"not the name of a file"});
}

TEST(Checkpoint, SaysWhatToDoAboutOtherFolders) {
  Folder folder;
  expectFailure(Checkpoint::open(folder.path("none")).status(), Code::NotFound, {"no such folder"});
  expectFailure(Checkpoint::open(folder.path()).status(), Code::NotFound, {"empty"});
  folder.write("adapter_config.json", "{}");
  expectFailure(Checkpoint::open(folder.path()).status(), Code::Unsupported, {"adapter", "merge"});
  fs::remove(folder.path("adapter_config.json"));
  folder.write("pytorch_model.bin", "x");
  expectFailure(Checkpoint::open(folder.path()).status(), Code::NotFound, {"no config.json"});
  folder.write("config.json", "{}");
  expectFailure(Checkpoint::open(folder.path()).status(), Code::Unsupported,
                {"pytorch_model.bin", "save_pretrained"});
  fs::remove(folder.path("pytorch_model.bin"));
  expectFailure(Checkpoint::open(folder.path()).status(), Code::NotFound,
                {"no weights", "model.safetensors"});
  expectFailure(Checkpoint::open(folder.path("config.json")).status(), Code::InvalidArgument,
                {"not a folder"});
  folder.write("model.safetensors", safetensors("{}", ""));
  expectFailure(Checkpoint::open(folder.path()).status(), Code::Corrupt, {"no tensor"});
}
