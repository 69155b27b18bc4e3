// A small artifact with one of everything, and ways to damage it.
#pragma once

#include "Artifact/Artifact.h"
#include "Artifact/Writer.h"

#include <string>
#include <vector>

namespace lathe::test {

using Bytes = std::vector<std::byte>;

/// Removes the file at the end of the test.
struct TemporaryFile {
  explicit TemporaryFile(const std::string &name);
  ~TemporaryFile();
  std::string path;
};

/// A program with two kernels, a growing and a fixed state, entries "step" and "hidden", and two variants.
fb::HeaderT sampleHeader();
/// The same with programs for Vulkan and CUDA beside it: two variants of SPIR-V, two of PTX.
fb::HeaderT sampleGpuHeader();
/// The sizes of its weights.
inline constexpr uint64_t kSampleWeights[] = {1000, 64, 4096, 1};

/// Code in the form that the variant's architecture has; `number` tells variants apart.
Bytes sampleImage(const fb::VariantT &variant, unsigned number);

struct WriteOptions {
  unsigned threads = 1;
  bool reversed = false; ///< write weights from the last to the first, in pieces
  bool imagesSwapped = false;
};
Status writeSample(const std::string &path, fb::HeaderT &header, const WriteOptions &options = {});

Bytes readFile(const std::string &path);
void writeFile(const std::string &path, std::span<const std::byte> bytes);

/// `file` with another header, its hash and the preamble corrected.
Bytes withHeader(const Bytes &file, std::span<const std::byte> header);
/// The header of `file`, to be edited.
std::unique_ptr<fb::HeaderT> unpackHeader(const Bytes &file);
Bytes packHeader(const fb::HeaderT &header);
Preamble preambleOf(const Bytes &file);

} // namespace lathe::test
