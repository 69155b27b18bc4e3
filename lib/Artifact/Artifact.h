// A .lathe file, mapped and checked: what this class hands out can be used without another check.
#pragma once

#include "Artifact/Artifact_generated.h"
#include "Artifact/Format.h"
#include "Support/MappedFile.h"

#include <functional>
#include <memory>

namespace lathe {

class Artifact {
public:
  /// Maps `path` and checks magic, version, length, the hashes of header, code and tokenizer, and the
  /// consistency of everything in the header, and the form of code (Check.h). Weight bytes are not read: they can change numbers
  /// but never an address. Fails with NotFound, Io, Corrupt, or Unsupported (another format version).
  static Result<Artifact> open(const std::string &path);

  const fb::Header &header() const { return *fb::GetHeader(header_.get()); }
  /// XXH3 of the header, which holds the hashes of all other parts: it names this very artifact.
  uint64_t hash() const { return preamble_.headerHash; }
  const std::string &path() const { return path_; }
  uint64_t fileBytes() const { return preamble_.fileBytes; }

  std::span<const std::byte> weightSection() const;
  std::span<const std::byte> weight(uint32_t index) const;
  std::span<const std::byte> code(const fb::Variant &variant) const;
  /// Empty where the artifact has none.
  std::span<const std::byte> tokenizer() const;
  /// For mapping a part of the file another way. Owned by this object.
  int descriptor() const { return file_.descriptor(); }

  /// Reads every weight and compares its hash; `progress` (may be empty) is told bytes done and bytes in all,
  /// and stops the check with Cancelled by returning false. Fails with Corrupt, naming the first damaged
  /// weight.
  Status verifyWeights(const std::function<bool(uint64_t, uint64_t)> &progress = {}) const;

private:
  explicit Artifact(MappedFile file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}
  Status readPreamble();
  Status readHeader();
  Status checkContents() const;

  MappedFile file_;
  std::string path_;
  Preamble preamble_ = {};
  // A copy: what was checked can't change under us when the file is rewritten in place.
  struct FreeHeader {
    void operator()(std::byte *p) const;
  };
  std::unique_ptr<std::byte[], FreeHeader> header_;
};

} // namespace lathe
