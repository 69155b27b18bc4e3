// Writes a .lathe file: weights in parallel at planned offsets, then code, tokenizer and header, then the
// preamble.
//
//   auto writer = ArtifactWriter::create("model.lathe");
//   uint32_t w = writer->addWeight({.name = "embed", .encoding = "f32", .rows = n, .columns = k, .bytes = n *
//   k * 4}); LATHE_TRY(writer->planWeights()); parallel: LATHE_TRY(writer->writeWeight(w, offset, bytes)); //
//   any thread, any order, disjoint ranges fb::HeaderT header; ...                                       //
//   family, programs, remarks, generation ... LATHE_TRY(writer->finish(header, codeImages, tokenizer,
//   threads));
//
// The bytes depend on what was written only, not on order or thread count. Until finish() succeeds the
// destination does not exist (or is what it was).
#pragma once

#include "Artifact/Artifact_generated.h"
#include "Support/OutputFile.h"
#include "Support/Status.h"

#include <string>
#include <vector>

namespace lathe {

/// A weight whose packed size is known, before its bytes are.
struct WeightPlan {
  std::string name;
  std::string encoding; ///< the type as the IR prints it
  uint64_t rows = 0;    ///< logical shape
  uint64_t columns = 0;
  uint64_t bytes = 0;     ///< as stored, planes and padding included
  double logicalBits = 0; ///< bits per weight, padding left out
  /// Bytes that kernels may read from its start, if more than `bytes`: see fb::Weight.
  uint64_t reach = 0;
};

/// The flat image of one variant of one program.
struct CodeImage {
  uint32_t program = 0; ///< index into HeaderT::programs
  uint32_t variant = 0; ///< index into that program's variants
  std::span<const std::byte> bytes;
};

class ArtifactWriter {
public:
  /// Starts a file that appears at `path` when finish() succeeds (Support/OutputFile.h).
  static Result<ArtifactWriter> create(const std::string &path);

  /// Reserves room for a weight and returns its index, the value of a fb::BindingKind::Weight binding. Only
  /// before planWeights().
  uint32_t addWeight(WeightPlan plan);

  /// Fixes every weight's offset and the length of the weight section. Weights lie in the order in which they
  /// were added, behind those that reach beyond their bytes, which may thus reach into them; zeros end the
  /// section where that is not enough.
  Status planWeights();

  /// Writes `bytes` at `offset` inside weight `index`. Threads may write disjoint ranges at once; what is
  /// never written is zero. Fails with InvalidArgument where the range leaves the weight.
  Status writeWeight(uint32_t index, uint64_t offset, std::span<const std::byte> bytes);

  /// Notes the relative Frobenius error that storing weight `index` cost. Threads may set different weights
  /// at once.
  void setWeightError(uint32_t index, double error) { weights_[index].error = error; }

  /// Hashes the weights on `threads` threads, appends images, tokenizer (may be empty) and header, checks the
  /// result with the reader's own rules (a header that the reader would refuse fails with Internal), and
  /// renames the file to its destination. Fills in `header`: weights, tokenizer_*, weights_*, and offset,
  /// bytes and hash of each variant; all else is the caller's. Every variant needs exactly one image. Call
  /// once.
  Status finish(fb::HeaderT &header, std::span<const CodeImage> images, std::span<const std::byte> tokenizer,
                unsigned threads);

  uint64_t weightBytes() const { return weightsEnd_ - weightsOffset_; }

private:
  struct PlannedWeight : WeightPlan {
    uint64_t offset = 0;
    uint64_t hash = 0;
    double error = 0;
    uint64_t beyond() const { return reach > bytes ? reach - bytes : 0; }
  };
  explicit ArtifactWriter(OutputFile file) : file_(std::move(file)) {}
  Status hashWeights(unsigned threads);
  Status hashWeight(PlannedWeight &weight, std::span<std::byte> buffer);
  Status append(uint64_t &end, std::span<const std::byte> bytes, uint64_t &offset);
  Status appendImages(fb::HeaderT &header, std::span<const CodeImage> images, uint64_t &end);
  void describeWeights(fb::HeaderT &header) const;

  OutputFile file_;
  std::vector<PlannedWeight> weights_;
  uint64_t weightsOffset_ = 0, weightsEnd_ = 0;
  bool planned_ = false;
};

} // namespace lathe
