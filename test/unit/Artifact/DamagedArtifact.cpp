#include "DamagedArtifact.h"

#include <random>

namespace lathe::test {

DamagedArtifact::DamagedArtifact(fb::HeaderT header) {
  Status written = writeSample(file_.path, header);
  EXPECT_TRUE(written.ok()) << written.message();
  good_ = readFile(file_.path);
}

Status DamagedArtifact::open(const Bytes &bytes) {
  writeFile(file_.path, bytes);
  return Artifact::open(file_.path).status();
}

void DamagedArtifact::expectRefused(const std::vector<HeaderEdit> &edits) {
  for (size_t i = 0; i < edits.size(); ++i) {
    auto header = unpackHeader(good_);
    edits[i].apply(*header);
    Status status = open(withHeader(good_, packHeader(*header)));
    EXPECT_EQ(status.code(), Code::Corrupt) << "edit " << i << " must be refused for: " << edits[i].message;
    EXPECT_NE(status.message().find(edits[i].message), std::string::npos)
        << "edit " << i << ": '" << status.message() << "' lacks '" << edits[i].message << "'";
  }
}

void DamagedArtifact::expectFlipsFound(uint64_t offset, uint64_t bytes, int times) {
  std::mt19937_64 random(1);
  for (int i = 0; i < times; ++i) {
    Bytes damaged = good_;
    damaged[offset + random() % bytes] ^= std::byte(1 << random() % 8);
    Status status = open(damaged);
    ASSERT_EQ(status.code(), Code::Corrupt);
    ASSERT_NE(status.message().find("hash mismatch"), std::string::npos) << status.message();
  }
}

/// Reads all that an artifact hands out.
static uint64_t touch(const Artifact &artifact) {
  uint64_t sum = artifact.tokenizer().size();
  for (const fb::Program *program : *artifact.header().programs()) {
    for (const fb::Variant *variant : *program->variants())
      for (std::byte byte : artifact.code(*variant)) sum += uint64_t(byte);
    for (const fb::Kernel *kernel : *program->kernels()) sum += kernel->name()->size();
  }
  for (uint32_t i = 0; i < artifact.header().weights()->size(); ++i)
    for (std::byte byte : artifact.weight(i)) sum += uint64_t(byte);
  return sum;
}

void DamagedArtifact::expectSafeWithRandomHeaders() {
  Preamble preamble = preambleOf(good_);
  Bytes header(good_.begin() + static_cast<ptrdiff_t>(preamble.headerOffset), good_.end());
  std::mt19937_64 random(2);
  int refused = 0;
  for (int i = 0; i < 2000; ++i) {
    Bytes changed = header;
    for (uint64_t n = 1 + random() % 4; n > 0; --n)
      changed[random() % changed.size()] = std::byte(random() % 3 ? random() : 0xff);
    if (random() % 8 == 0) changed.resize(random() % changed.size());
    writeFile(file_.path, withHeader(good_, changed));
    auto artifact = Artifact::open(file_.path);
    if (!artifact)
      ++refused;
    else
      touch(*artifact);
  }
  EXPECT_GT(refused, 500) << "most changes of a header make no sense";
}

} // namespace lathe::test
