#include "SampleArtifact.h"

#include "Artifact/Hash.h"

#include <filesystem>
#include <gtest/gtest.h>

using namespace lathe;
using namespace lathe::test;

TEST(Artifact, RoundTrip) {
  TemporaryFile file("lathe-roundtrip");
  fb::HeaderT header = sampleHeader();
  Status written = writeSample(file.path, header);
  ASSERT_TRUE(written.ok()) << written.message();
  auto artifact = Artifact::open(file.path);
  ASSERT_TRUE(artifact.ok()) << artifact.status().message();
  const fb::Header &read = artifact->header();
  EXPECT_EQ(read.model_name()->str(), "sample");
  ASSERT_EQ(read.weights()->size(), 4u);
  for (uint32_t i = 0; i < 4; ++i) {
    auto bytes = artifact->weight(i);
    ASSERT_EQ(bytes.size(), kSampleWeights[i]);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(bytes.data()) % kWeightAlignment, 0u);
    EXPECT_EQ(bytes[0], std::byte(i));
    EXPECT_EQ(read.weights()->Get(i)->error(), 0.5 * i);
  }
  EXPECT_EQ(artifact->weight(0)[999], std::byte(999 * 7 & 255));
  EXPECT_EQ(artifact->tokenizer().size(), 77u);
  auto code = artifact->code(*read.programs()->Get(0)->variants()->Get(1));
  EXPECT_EQ(code.size(), 5000u);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(code.data()) % kSectionAlignment, 0u);
  EXPECT_TRUE(artifact->verifyWeights().ok());
}

TEST(Artifact, BytesDependOnContentOnly) {
  TemporaryFile one("lathe-bytes-1"), two("lathe-bytes-2");
  fb::HeaderT first = sampleHeader(), second = sampleHeader();
  ASSERT_TRUE(writeSample(one.path, first).ok());
  ASSERT_TRUE(writeSample(two.path, second, {.threads = 4, .reversed = true, .imagesSwapped = true}).ok());
  EXPECT_EQ(readFile(one.path), readFile(two.path));
}

TEST(Artifact, NoWeightsNoTokenizer) {
  TemporaryFile file("lathe-empty");
  fb::HeaderT header = sampleHeader();
  for (auto &entry : header.programs[0]->entries)
    for (auto &dispatch : entry->dispatches)
      for (fb::Binding &binding : dispatch->bindings)
        if (binding.kind() == fb::BindingKind::Weight) binding = fb::Binding(fb::BindingKind::Arena, 0);
  auto writer = ArtifactWriter::create(file.path);
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE(writer->planWeights().ok());
  Bytes code(64, std::byte(0xc3));
  CodeImage images[] = {{0, 0, code}, {0, 1, code}};
  Status finished = writer->finish(header, images, {}, 2);
  ASSERT_TRUE(finished.ok()) << finished.message();
  auto artifact = Artifact::open(file.path);
  ASSERT_TRUE(artifact.ok()) << artifact.status().message();
  EXPECT_TRUE(artifact->tokenizer().empty());
  EXPECT_TRUE(artifact->verifyWeights().ok());
}

TEST(ArtifactWriter, AbandonedLeavesNothing) {
  TemporaryFile file("lathe-abandoned");
  {
    auto writer = ArtifactWriter::create(file.path);
    ASSERT_TRUE(writer.ok());
    writer->addWeight({"w", "i8", 1, 100, 100, 8});
    ASSERT_TRUE(writer->planWeights().ok());
  }
  EXPECT_FALSE(std::filesystem::exists(file.path));
}

/// Weights that kernels read beyond lie before the others; what those don't cover is filled up.
TEST(ArtifactWriter, ReachStaysInTheSection) {
  TemporaryFile file("lathe-reach");
  fb::HeaderT header = sampleHeader();
  auto writer = ArtifactWriter::create(file.path);
  ASSERT_TRUE(writer.ok());
  for (uint64_t reach : {0, 500, 100, 9000})
    writer->addWeight({"w" + std::to_string(reach), "i8", 1, 200, 200, 8, reach});
  ASSERT_TRUE(writer->planWeights().ok());
  Bytes code(64, std::byte(0xc3));
  CodeImage images[] = {{0, 0, code}, {0, 1, code}};
  Status finished = writer->finish(header, images, {}, 1);
  ASSERT_TRUE(finished.ok()) << finished.message();
  auto artifact = Artifact::open(file.path);
  ASSERT_TRUE(artifact.ok()) << artifact.status().message();
  const auto &weights = *artifact->header().weights();
  uint64_t first = artifact->header().weights_offset();
  EXPECT_EQ(weights[3]->offset(), first);
  EXPECT_EQ(weights[1]->offset(), first + 256);
  EXPECT_EQ(weights[0]->offset(), first + 512);
  EXPECT_EQ(weights[2]->offset(), first + 768);
  EXPECT_EQ(weights[2]->reach(), 0u) << "no more than its bytes";
  EXPECT_EQ(artifact->weightSection().size(), 9000u);
}

TEST(ArtifactWriter, RefusesBytesOutsideAWeight) {
  TemporaryFile file("lathe-outside");
  auto writer = ArtifactWriter::create(file.path);
  ASSERT_TRUE(writer.ok());
  writer->addWeight({"w", "i8", 1, 100, 100, 8});
  ASSERT_TRUE(writer->planWeights().ok());
  Bytes bytes(101);
  EXPECT_EQ(writer->writeWeight(0, 0, bytes).code(), Code::InvalidArgument);
  EXPECT_EQ(writer->writeWeight(0, UINT64_MAX, bytes).code(), Code::InvalidArgument);
  EXPECT_TRUE(writer->writeWeight(0, 99, std::span(bytes).first(1)).ok());
}

TEST(ArtifactWriter, InconsistentHeaderIsACompilerBug) {
  TemporaryFile file("lathe-inconsistent");
  fb::HeaderT header = sampleHeader();
  header.programs[0]->entries[0]->dispatches[0]->kernel = 7;
  Status status = writeSample(file.path, header);
  EXPECT_EQ(status.code(), Code::Internal);
  EXPECT_NE(status.message().find("no kernel 7"), std::string::npos) << status.message();
  EXPECT_FALSE(std::filesystem::exists(file.path));
}

TEST(ArtifactWriter, EveryVariantNeedsItsImage) {
  TemporaryFile file("lathe-images");
  fb::HeaderT header = sampleHeader();
  auto writer = ArtifactWriter::create(file.path);
  ASSERT_TRUE(writer.ok() && writer->planWeights().ok());
  Bytes code(64);
  CodeImage images[] = {{0, 0, code}, {0, 0, code}};
  EXPECT_EQ(writer->finish(header, images, {}, 1).code(), Code::Internal);
}

TEST(Artifact, WeightDamageIsFoundOnRequest) {
  TemporaryFile file("lathe-weight-damage");
  fb::HeaderT header = sampleHeader();
  ASSERT_TRUE(writeSample(file.path, header).ok());
  Bytes bytes = readFile(file.path);
  bytes[header.weights[2]->offset + 17] ^= std::byte(4);
  writeFile(file.path, bytes);
  auto artifact = Artifact::open(file.path);
  ASSERT_TRUE(artifact.ok()) << "weights are not read when opening";
  Status status = artifact->verifyWeights();
  EXPECT_EQ(status.code(), Code::Corrupt);
  EXPECT_NE(status.message().find("'w4096'"), std::string::npos) << status.message();
  EXPECT_EQ(artifact->verifyWeights([](uint64_t, uint64_t) { return false; }).code(), Code::Cancelled);
}

TEST(Artifact, OtherVersionSaysSo) {
  TemporaryFile file("lathe-version");
  fb::HeaderT header = sampleHeader();
  ASSERT_TRUE(writeSample(file.path, header).ok());
  Bytes bytes = readFile(file.path);
  bytes[8] = std::byte(99);
  writeFile(file.path, bytes);
  Status status = Artifact::open(file.path).status();
  EXPECT_EQ(status.code(), Code::Unsupported);
  EXPECT_NE(status.message().find("version 99"), std::string::npos) << status.message();
}

TEST(Hash, PiecesHashAsTheWhole) {
  Bytes bytes(10000);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = std::byte(i * 31);
  StreamingHash hash;
  for (size_t i = 0; i < bytes.size(); i += 333)
    hash.update(std::span(bytes).subspan(i, std::min<size_t>(333, 10000 - i)));
  EXPECT_EQ(hash.value(), hashBytes(bytes));
}
