// Any bytes as the header of an artifact, with hashes that fit: what is accepted can be read through to the
// end and planned with. The first 64 bytes of an input are flipped into a right preamble; one that differs is
// never accepted.
//
// Nothing is run: an artifact with native code is as trusted as a program.
#include "Artifact/Artifact.h"
#include "Artifact/Check.h"
#include "Artifact/Hash.h"
#include "Artifact/KernelABI.h"
#include "MemoryFile.h"
#include "lathe/runtime.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <vector>

using namespace lathe;

/// Sections lie in zeros before the header.
static constexpr uint64_t kHeaderOffset = 8 * kSectionAlignment;

static std::vector<std::byte> fileWith(std::span<const std::byte> header) {
  std::vector<std::byte> file(kHeaderOffset);
  file.insert(file.end(), header.begin(), header.end());
  return file;
}

static Preamble preambleOf(std::span<const std::byte> file) {
  Preamble preamble = {};
  std::memcpy(preamble.magic, kMagic, sizeof kMagic);
  preamble.version = kFormatVersion;
  preamble.preambleBytes = sizeof preamble;
  preamble.fileBytes = file.size();
  preamble.headerOffset = kHeaderOffset;
  preamble.headerBytes = file.size() - kHeaderOffset;
  preamble.headerHash = hashBytes(file.subspan(kHeaderOffset));
  return preamble;
}

/// A number in the header that is to be overwritten.
struct Correction {
  const uint8_t *place;
  uint64_t value;
  size_t bytes;
};

template <typename Table> static const uint8_t *placeOf(const Table &table, flatbuffers::voffset_t field) {
  return reinterpret_cast<const flatbuffers::Table &>(table).GetAddressOf(field);
}

/// Hashes as they must be, and the present kernel interface: a fuzzer can't guess the former, and seeds
/// outlive the latter.
static std::vector<Correction> correctionsOf(const fb::Header &header, std::span<const std::byte> file) {
  auto hash = [&](uint64_t offset, uint64_t bytes) { return hashBytes(file.subspan(offset, bytes)); };
  std::vector<Correction> list = {{placeOf(header, fb::Header::VT_TOKENIZER_HASH),
                                   hash(header.tokenizer_offset(), header.tokenizer_bytes()), 8}};
  for (const fb::Program *program : *header.programs()) {
    list.push_back({placeOf(*program, fb::Program::VT_KERNEL_ABI), kKernelABI, 4});
    for (const fb::Variant *variant : *program->variants())
      list.push_back({placeOf(*variant, fb::Variant::VT_HASH), hash(variant->offset(), variant->bytes()), 8});
  }
  return list;
}

/// Reads all that an artifact hands out, so that a sanitizer sees what lies outside.
static uint64_t touch(const Artifact &artifact) {
  const fb::Header &header = artifact.header();
  uint64_t sum = hashBytes(artifact.tokenizer()) + hashBytes(artifact.weightSection());
  for (uint32_t i = 0; i < header.weights()->size(); ++i) sum += hashBytes(artifact.weight(i));
  for (const fb::Program *program : *header.programs()) {
    for (const fb::Variant *variant : *program->variants()) sum += hashBytes(artifact.code(*variant));
    for (const fb::Entry *entry : *program->entries())
      for (const fb::Dispatch *dispatch : *entry->dispatches()) {
        const fb::Kernel &kernel = *program->kernels()->Get(dispatch->kernel());
        sum += kernel.name()->size() + kernel.classes()->Get(kernel.classes()->size() - 1)->scratch_bytes();
        for (const fb::Binding *binding : *dispatch->bindings())
          if (binding->kind() == fb::BindingKind::Weight)
            sum += header.weights()->Get(uint32_t(binding->value()))->rows();
      }
  }
  return sum;
}

static uint64_t length(const char *text) {
  if (!text) std::abort(); // the interface says "", never NULL
  return std::strlen(text);
}

static void must(lathe_status status) {
  if (status != LATHE_OK) std::abort();
}

/// What a program sees of one program of a model.
static uint64_t describeProgram(const lathe_model *model, size_t index) {
  lathe_program_info program = LATHE_INIT(lathe_program_info);
  must(lathe_model_get_program(model, index, &program));
  uint64_t sum = length(program.target);
  for (size_t i = 0; i < program.variants; ++i) {
    lathe_variant_info variant = LATHE_INIT(lathe_variant_info);
    must(lathe_model_get_variant(model, index, i, &variant));
    sum += length(variant.name) + length(variant.arch) + length(variant.features);
  }
  for (size_t i = 0; i < program.states; ++i) {
    lathe_state_info state = LATHE_INIT(lathe_state_info);
    must(lathe_model_get_state(model, index, i, &state));
    sum += length(state.name);
  }
  for (size_t i = 0; i < program.entries; ++i) {
    lathe_entry_info entry = LATHE_INIT(lathe_entry_info);
    must(lathe_model_get_entry(model, index, i, &entry));
    sum += length(entry.name);
    for (size_t d = 0; d < entry.dispatches; ++d) {
      lathe_dispatch_info dispatch = LATHE_INIT(lathe_dispatch_info);
      must(lathe_model_get_dispatch(model, index, i, d, &dispatch));
      sum += length(dispatch.kernel) + length(dispatch.label);
    }
  }
  return sum;
}

/// What a program sees of a model that it opened.
static uint64_t describe(const lathe_model *model) {
  lathe_model_info info = LATHE_INIT(lathe_model_info);
  must(lathe_model_get_info(model, &info));
  uint64_t sum = length(info.producer) + length(info.name) + length(info.family) + length(info.numerics);
  for (size_t i = 0; i < info.stop_token_count; ++i) sum += uint64_t(info.stop_tokens[i]);
  for (size_t i = 0; i < info.weights; ++i) {
    lathe_weight_info weight = LATHE_INIT(lathe_weight_info);
    must(lathe_model_get_weight(model, i, &weight));
    sum += length(weight.name) + length(weight.encoding);
  }
  for (size_t i = 0; i < info.remarks; ++i) {
    lathe_remark_info remark = LATHE_INIT(lathe_remark_info);
    must(lathe_model_get_remark(model, i, &remark));
    sum += length(remark.kind) + length(remark.pass) + length(remark.function) + length(remark.location) +
           length(remark.text);
  }
  for (size_t i = 0; i < info.programs; ++i) sum += describeProgram(model, i);
  lathe_session_options options = LATHE_INIT(lathe_session_options);
  options.device = "cpu";
  lathe_memory memory = LATHE_INIT(lathe_memory);
  if (lathe_session_plan(model, &options, &memory) == LATHE_OK) sum += memory.needed;
  lathe_sampling sampling = LATHE_INIT(lathe_sampling);
  must(lathe_sampling_defaults(model, &sampling));
  return sum;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < sizeof(Preamble)) return 0;
  std::span<const std::byte> input(reinterpret_cast<const std::byte *>(data), size);
  auto flips = input.first(sizeof(Preamble)), header = input.subspan(sizeof(Preamble));
  auto file = fileWith(header);
  if (!checkHeader(std::span(file).subspan(kHeaderOffset), preambleOf(file)).ok()) return 0;
  // Tables may share bytes, so that the header may be worse after this.
  for (const Correction &correction : correctionsOf(*fb::GetHeader(file.data() + kHeaderOffset), file))
    if (correction.place)
      std::memcpy(const_cast<uint8_t *>(correction.place), &correction.value, correction.bytes);
  Preamble preamble = preambleOf(file);
  std::memcpy(file.data(), &preamble, sizeof preamble);
  for (size_t i = 0; i < flips.size(); ++i) file[i] ^= flips[i];

  MemoryFile opened(file);
  auto artifact = Artifact::open(opened.path());
  if (!artifact) return 0;
  if (std::any_of(flips.begin(), flips.end(), [](std::byte flip) { return flip != std::byte(0); }))
    std::abort();
  touch(*artifact);
  lathe_model *model = nullptr;
  if (lathe_model_open(opened.path().c_str(), nullptr, &model) != LATHE_OK) return 0;
  describe(model);
  lathe_model_release(model);
  return 0;
}
