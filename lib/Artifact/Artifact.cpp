#include "Artifact/Artifact.h"

#include "Artifact/Check.h"
#include "Artifact/Hash.h"

#include <cstring>
#include <new>

namespace lathe {

static constexpr std::align_val_t kHeaderAlignment{16};

void Artifact::FreeHeader::operator()(std::byte *p) const { ::operator delete[](p, kHeaderAlignment); }

Result<Artifact> Artifact::open(const std::string &path) {
  auto file = MappedFile::open(path);
  if (!file) return file.status();
  file->preferLargePages();
  Artifact artifact(std::move(*file), path);
  Status status = artifact.readPreamble();
  if (status.ok()) status = artifact.readHeader();
  if (status.ok()) status = artifact.checkContents();
  if (!status.ok()) return status.in(path);
  return artifact;
}

Status Artifact::readPreamble() {
  auto bytes = file_.bytes();
  if (bytes.size() < sizeof kMagic || std::memcmp(bytes.data(), kMagic, sizeof kMagic) != 0)
    return Status(Code::Corrupt, "not a .lathe file (compile a checkpoint with 'lathe compile')");
  if (bytes.size() < kSectionAlignment) return Status(Code::Corrupt, "the file is cut short");
  std::memcpy(&preamble_, bytes.data(), sizeof preamble_);
  if (preamble_.version != kFormatVersion)
    return Status(Code::Unsupported, "format version " + std::to_string(preamble_.version) +
                                         ", this Lathe reads " + std::to_string(kFormatVersion) +
                                         ": compile the model again");
  if (preamble_.preambleBytes != sizeof preamble_ || preamble_.reserved[0] || preamble_.reserved[1])
    return Status(Code::Corrupt, "damaged preamble");
  if (preamble_.fileBytes != bytes.size())
    return Status(Code::Corrupt, "the file has " + std::to_string(bytes.size()) +
                                     " bytes, but was written with " + std::to_string(preamble_.fileBytes) +
                                     ": it is cut short or has grown");
  if (preamble_.headerOffset % kSectionAlignment != 0 || preamble_.headerOffset < kSectionAlignment ||
      preamble_.headerBytes > limits::kHeaderBytes ||
      !fits(preamble_.headerOffset, preamble_.headerBytes, bytes.size()))
    return Status(Code::Corrupt, "damaged preamble: the header lies outside the file");
  return {};
}

Status Artifact::readHeader() {
  auto bytes = file_.bytes().subspan(preamble_.headerOffset, preamble_.headerBytes);
  void *copy = ::operator new[](bytes.size(), kHeaderAlignment, std::nothrow);
  if (!copy)
    return Status(Code::OutOfMemory, "no memory for a header of " + std::to_string(bytes.size()) + " bytes");
  header_.reset(static_cast<std::byte *>(copy));
  std::memcpy(copy, bytes.data(), bytes.size());
  std::span<const std::byte> header(header_.get(), bytes.size());
  if (hashBytes(header) != preamble_.headerHash)
    return Status(Code::Corrupt, "the header is damaged (hash mismatch)");
  return checkHeader(header, preamble_);
}

Status Artifact::checkContents() const {
  const fb::Header &header = this->header();
  if (hashBytes(tokenizer()) != header.tokenizer_hash())
    return Status(Code::Corrupt, "the tokenizer is damaged (hash mismatch)");
  for (const fb::Program *program : *header.programs())
    for (const fb::Variant *variant : *program->variants())
      if (hashBytes(code(*variant)) != variant->hash())
        return Status(Code::Corrupt,
                      "the code of variant '" + variant->name()->str() + "' is damaged (hash mismatch)");
  return checkImages(header, [&](const fb::Variant &variant) { return code(variant); });
}

std::span<const std::byte> Artifact::weightSection() const {
  return file_.bytes().subspan(header().weights_offset(), header().weights_bytes());
}

std::span<const std::byte> Artifact::weight(uint32_t index) const {
  const fb::Weight *weight = header().weights()->Get(index);
  return file_.bytes().subspan(weight->offset(), weight->bytes());
}

std::span<const std::byte> Artifact::code(const fb::Variant &variant) const {
  return file_.bytes().subspan(variant.offset(), variant.bytes());
}

std::span<const std::byte> Artifact::tokenizer() const {
  return file_.bytes().subspan(header().tokenizer_offset(), header().tokenizer_bytes());
}

Status Artifact::verifyWeights(const std::function<bool(uint64_t, uint64_t)> &progress) const {
  uint64_t done = 0, total = 0;
  for (const fb::Weight *weight : *header().weights()) total += weight->bytes();
  for (uint32_t i = 0; i < header().weights()->size(); ++i) {
    const fb::Weight *weight = header().weights()->Get(i);
    if (hashBytes(this->weight(i)) != weight->hash())
      return Status(Code::Corrupt,
                    path_ + ": weight '" + weight->name()->str() + "' is damaged (hash mismatch)");
    done += weight->bytes();
    if (progress && !progress(done, total)) return Status(Code::Cancelled, "verification stopped");
  }
  return {};
}

} // namespace lathe
