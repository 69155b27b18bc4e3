#include "Artifact/Writer.h"

#include "Artifact/Check.h"
#include "Artifact/Format.h"
#include "Artifact/Hash.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>
#include <thread>

namespace lathe {

Result<ArtifactWriter> ArtifactWriter::create(const std::string &path) {
  auto file = OutputFile::create(path);
  if (!file) return file.status();
  return ArtifactWriter(std::move(*file));
}

uint32_t ArtifactWriter::addWeight(WeightPlan plan) {
  assert(!planned_ && "weights are added before they are planned");
  PlannedWeight weight;
  static_cast<WeightPlan &>(weight) = std::move(plan);
  weights_.push_back(std::move(weight));
  return static_cast<uint32_t>(weights_.size() - 1);
}

Status ArtifactWriter::planWeights() {
  std::vector<PlannedWeight *> order;
  for (PlannedWeight &weight : weights_) {
    uint64_t bytes = weight.bytes + weight.beyond();
    if (bytes > limits::kArenaBytes)
      return Status(Code::Unsupported, "weight '" + weight.name + "' takes " + std::to_string(bytes) +
                                           " bytes, more than an artifact can hold");
    order.push_back(&weight);
  }
  std::stable_sort(order.begin(), order.end(), [](const PlannedWeight *a, const PlannedWeight *b) {
    return a->beyond() > b->beyond();
  });
  weightsOffset_ = weightsEnd_ = kSectionAlignment;
  uint64_t end = weightsOffset_;
  for (PlannedWeight *weight : order) {
    weight->offset = alignUp(end, kWeightAlignment);
    end = weight->offset + weight->bytes;
    weightsEnd_ = std::max(weightsEnd_, end + weight->beyond());
  }
  planned_ = true;
  // The length is fixed now so that a full disk shows as early as the file system lets it.
  return file_.reserve(weightsEnd_);
}

Status ArtifactWriter::writeWeight(uint32_t index, uint64_t offset, std::span<const std::byte> bytes) {
  assert(planned_ && "weights are planned before they are written");
  const PlannedWeight &weight = weights_[index];
  if (offset > weight.bytes || bytes.size() > weight.bytes - offset)
    return Status(Code::InvalidArgument, "weight '" + weight.name + "': " + std::to_string(bytes.size()) +
                                             " bytes at " + std::to_string(offset) + " exceed its " +
                                             std::to_string(weight.bytes));
  return file_.writeAt(weight.offset + offset, bytes);
}

Status ArtifactWriter::hashWeight(PlannedWeight &weight, std::span<std::byte> buffer) {
  StreamingHash hash;
  for (uint64_t done = 0; done < weight.bytes;) {
    auto piece = buffer.first(std::min<uint64_t>(buffer.size(), weight.bytes - done));
    LATHE_TRY(file_.readAt(weight.offset + done, piece));
    hash.update(piece);
    done += piece.size();
  }
  weight.hash = hash.value();
  return {};
}

Status ArtifactWriter::hashWeights(unsigned threads) {
  std::atomic<size_t> next = 0;
  std::mutex mutex;
  Status failure;
  auto work = [&] {
    std::vector<std::byte> buffer(1 << 18); // stays in L2, so the hash reads what the copy just wrote
    for (size_t i; (i = next++) < weights_.size();) {
      Status status = hashWeight(weights_[i], buffer);
      if (status.ok()) continue;
      std::lock_guard lock(mutex);
      failure = status;
    }
  };
  std::vector<std::thread> helpers;
  unsigned count = static_cast<unsigned>(std::min<size_t>(std::max(threads, 1u), weights_.size()));
  for (unsigned i = 1; i < count; ++i) helpers.emplace_back(work);
  work();
  for (std::thread &helper : helpers) helper.join();
  return failure;
}

Status ArtifactWriter::append(uint64_t &end, std::span<const std::byte> bytes, uint64_t &offset) {
  offset = alignUp(end, kSectionAlignment);
  end = offset + bytes.size();
  return file_.writeAt(offset, bytes);
}

Status ArtifactWriter::appendImages(fb::HeaderT &header, std::span<const CodeImage> images, uint64_t &end) {
  size_t variants = 0;
  for (const auto &program : header.programs) variants += program->variants.size();
  if (variants != images.size()) return Status(Code::Internal, "each variant needs one code image");
  // In the order of the header, whatever order the images come in.
  for (uint32_t p = 0; p < header.programs.size(); ++p)
    for (uint32_t v = 0; v < header.programs[p]->variants.size(); ++v) {
      auto image = std::find_if(images.begin(), images.end(),
                                [&](const CodeImage &i) { return i.program == p && i.variant == v; });
      fb::VariantT &variant = *header.programs[p]->variants[v];
      if (image == images.end())
        return Status(Code::Internal, "variant '" + variant.name + "' has no code image");
      variant.bytes = image->bytes.size();
      variant.hash = hashBytes(image->bytes);
      LATHE_TRY(append(end, image->bytes, variant.offset));
    }
  return {};
}

void ArtifactWriter::describeWeights(fb::HeaderT &header) const {
  header.weights_offset = weightsOffset_;
  header.weights_bytes = weightsEnd_ - weightsOffset_;
  header.weights.clear();
  for (const PlannedWeight &weight : weights_) {
    auto entry = std::make_unique<fb::WeightT>();
    entry->name = weight.name;
    entry->encoding = weight.encoding;
    entry->rows = weight.rows;
    entry->columns = weight.columns;
    entry->offset = weight.offset;
    entry->bytes = weight.bytes;
    entry->hash = weight.hash;
    entry->logical_bits = weight.logicalBits;
    entry->error = weight.error;
    entry->reach = weight.beyond() ? weight.reach : 0;
    header.weights.push_back(std::move(entry));
  }
}

/// The image that was written at `offset`.
static std::span<const std::byte> imageAt(const fb::HeaderT &header, std::span<const CodeImage> images,
                                          uint64_t offset) {
  for (const CodeImage &image : images)
    if (header.programs[image.program]->variants[image.variant]->offset == offset) return image.bytes;
  return {};
}

Status ArtifactWriter::finish(fb::HeaderT &header, std::span<const CodeImage> images,
                              std::span<const std::byte> tokenizer, unsigned threads) {
  assert(planned_ && "weights are planned before the file is finished");
  LATHE_TRY(hashWeights(threads));
  describeWeights(header);
  uint64_t end = weightsEnd_;
  LATHE_TRY(appendImages(header, images, end));
  header.tokenizer_offset = 0;
  header.tokenizer_bytes = tokenizer.size();
  header.tokenizer_hash = hashBytes(tokenizer);
  if (!tokenizer.empty()) LATHE_TRY(append(end, tokenizer, header.tokenizer_offset));

  flatbuffers::FlatBufferBuilder builder(1 << 16);
  builder.Finish(fb::Header::Pack(builder, &header), fb::HeaderIdentifier());
  std::span<const std::byte> bytes(reinterpret_cast<const std::byte *>(builder.GetBufferPointer()),
                                   builder.GetSize());
  Preamble preamble = {};
  std::memcpy(preamble.magic, kMagic, sizeof kMagic);
  preamble.version = kFormatVersion;
  preamble.preambleBytes = sizeof preamble;
  LATHE_TRY(append(end, bytes, preamble.headerOffset));
  preamble.headerBytes = bytes.size();
  preamble.headerHash = hashBytes(bytes);
  preamble.fileBytes = end;
  Status check = checkHeader(bytes, preamble);
  if (check.ok()) check = checkImages(*fb::GetHeader(bytes.data()), [&](const fb::Variant &variant) {
    return imageAt(header, images, variant.offset());
  });
  if (!check.ok())
    return Status(Code::Internal, "the compiler made an inconsistent artifact: " + check.message());
  LATHE_TRY(file_.writeAt(0, std::as_bytes(std::span(&preamble, 1))));
  LATHE_TRY(file_.resize(end));
  return file_.commit();
}

} // namespace lathe
