#include "Artifact/Check.h"

#include "Artifact/CheckProgram.h"
#include "Artifact/CheckTarget.h"
#include "Support/MappedFile.h"

#include <cmath>

namespace lathe {

static Status checkWeight(const fb::Weight &weight, const fb::Header &header) {
  if (weight.rows() > limits::kDimension || weight.columns() > limits::kDimension)
    return corrupt("its shape is implausibly large");
  if (weight.offset() % kWeightAlignment != 0) return corrupt("misaligned");
  if (weight.offset() < header.weights_offset() ||
      !fits(weight.offset() - header.weights_offset(), weight.bytes(), header.weights_bytes()))
    return corrupt("outside the weight section");
  if (!fits(weight.offset() - header.weights_offset(), weight.reach(), header.weights_bytes()))
    return corrupt("kernels may read outside the weight section");
  if (!std::isfinite(weight.logical_bits()) || weight.logical_bits() < 0 || weight.logical_bits() > 1024)
    return corrupt("its bits per weight are out of range");
  if (!std::isfinite(weight.error()) || weight.error() < 0)
    return corrupt("its error is not a finite number");
  return {};
}

static Status checkWeights(const fb::Header &header) {
  if (header.weights()->size() > limits::kWeights) return corrupt("too many weights");
  std::vector<NamedRange> ranges;
  for (uint32_t i = 0; i < header.weights()->size(); ++i) {
    const fb::Weight &weight = *header.weights()->Get(i);
    std::string place = "weights[" + std::to_string(i) + "] '" + weight.name()->str() + "'";
    LATHE_TRY(checkWeight(weight, header).in(place));
    if (weight.bytes() != 0) ranges.push_back({weight.offset(), weight.bytes(), place});
  }
  return checkDisjoint(ranges);
}

static Status checkGeneration(const fb::Generation &generation, uint32_t vocabulary) {
  auto in = [](float value, float low, float high) { return value >= low && value <= high; }; // false for NaN
  if (!in(generation.temperature(), 0, 1000)) return corrupt("temperature is out of range");
  if (generation.top_k() < 0) return corrupt("top_k is negative");
  if (!in(generation.top_p(), 0, 1)) return corrupt("top_p is not between 0 and 1");
  if (!in(generation.min_p(), 0, 1)) return corrupt("min_p is not between 0 and 1");
  if (!in(generation.repetition_penalty(), 1e-3f, 1e3f)) return corrupt("repetition_penalty is out of range");
  if (generation.max_length() < 0) return corrupt("max_length is negative");
  if (!generation.stop_tokens()) return {};
  for (int32_t token : *generation.stop_tokens())
    if (token < 0 || static_cast<uint32_t>(token) >= vocabulary)
      return corrupt("stop token " + std::to_string(token) + " is outside the vocabulary");
  return {};
}

static Status checkSections(const fb::Header &header, const Preamble &preamble,
                            std::vector<NamedRange> sections) {
  sections.push_back({0, sizeof(Preamble), "the preamble"});
  sections.push_back({preamble.headerOffset, preamble.headerBytes, "the header"});
  if (header.weights_offset() % kSectionAlignment != 0 ||
      !fits(header.weights_offset(), header.weights_bytes(), preamble.fileBytes))
    return corrupt("the weight section is misaligned or outside the file");
  if (header.weights_bytes() != 0)
    sections.push_back({header.weights_offset(), header.weights_bytes(), "the weight section"});
  if (header.tokenizer_offset() % kSectionAlignment != 0 ||
      !fits(header.tokenizer_offset(), header.tokenizer_bytes(), preamble.fileBytes))
    return corrupt("the tokenizer is misaligned or outside the file");
  if (header.tokenizer_bytes() != 0)
    sections.push_back({header.tokenizer_offset(), header.tokenizer_bytes(), "the tokenizer"});
  return checkDisjoint(sections);
}

Status checkImages(const fb::Header &header,
                   const std::function<std::span<const std::byte>(const fb::Variant &)> &imageOf) {
  for (uint32_t p = 0; p < header.programs()->size(); ++p)
    for (const fb::Variant *variant : *header.programs()->Get(p)->variants())
      LATHE_TRY(checkImage(*variant, imageOf(*variant))
                    .in("programs[" + std::to_string(p) + "], code of '" + variant->name()->str() + "'"));
  return {};
}

Status checkHeader(std::span<const std::byte> bytes, const Preamble &preamble) {
  flatbuffers::Verifier verifier(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size(),
                                 /*max_depth=*/16,
                                 /*max_tables=*/16'000'000);
  if (bytes.size() < 16 || !fb::VerifyHeaderBuffer(verifier)) return corrupt("the header is malformed");
  const fb::Header &header = *fb::GetHeader(bytes.data());
  if (header.vocabulary() == 0 || header.vocabulary() > limits::kVocabulary)
    return corrupt("the size of the vocabulary is out of range");
  if (header.context() == 0 || header.context() > limits::kContext)
    return corrupt("the context is out of range");
  if (header.programs()->size() == 0 || header.programs()->size() > limits::kPrograms)
    return corrupt("no program, or too many");
  LATHE_TRY(checkWeights(header));
  std::vector<NamedRange> sections;
  for (uint32_t i = 0; i < header.programs()->size(); ++i)
    LATHE_TRY(checkProgram(*header.programs()->Get(i), header, preamble.fileBytes, sections)
                  .in("programs[" + std::to_string(i) + "]"));
  LATHE_TRY(checkPrograms(header));
  if (header.generation())
    LATHE_TRY(checkGeneration(*header.generation(), header.vocabulary()).in("generation"));
  return checkSections(header, preamble, std::move(sections));
}

} // namespace lathe
