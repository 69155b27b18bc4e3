#include "SampleArtifact.h"

#include "Artifact/Hash.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>
#include <unistd.h>

namespace lathe::test {

TemporaryFile::TemporaryFile(const std::string &name)
    : path((std::filesystem::temp_directory_path() / (name + "." + std::to_string(getpid()))).string()) {}
TemporaryFile::~TemporaryFile() {
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
}

static std::unique_ptr<fb::KernelT> kernel(const char *name, fb::RowDomain domain, uint32_t bindings,
                                           uint32_t first, std::initializer_list<uint32_t> classes) {
  auto kernel = std::make_unique<fb::KernelT>();
  kernel->name = name;
  kernel->domain = domain;
  kernel->bindings = bindings;
  kernel->first_code = first;
  for (uint32_t rows : classes) {
    auto item = std::make_unique<fb::KernelClassT>();
    item->max_rows = rows;
    item->grid = {fb::GridFactor(fb::GridKind::Rows, 4), fb::GridFactor(fb::GridKind::Constant, 2)};
    item->scratch_bytes = 100;
    kernel->classes.push_back(std::move(item));
  }
  return kernel;
}

static std::unique_ptr<fb::DispatchT> dispatch(uint32_t kernel, std::vector<fb::Binding> bindings) {
  auto dispatch = std::make_unique<fb::DispatchT>();
  dispatch->kernel = kernel;
  dispatch->bindings = std::move(bindings);
  dispatch->label = "a dispatch";
  return dispatch;
}

static std::unique_ptr<fb::StateT> state(const char *name, fb::StateKind kind, uint64_t offset,
                                         uint64_t bytes) {
  auto state = std::make_unique<fb::StateT>();
  state->name = name;
  state->kind = kind;
  state->offset = offset;
  state->bytes = bytes;
  return state;
}

static std::unique_ptr<fb::EntryT> entry(const char *name, fb::RowDomain domain, uint32_t columns,
                                         uint64_t offset) {
  using K = fb::BindingKind;
  auto entry = std::make_unique<fb::EntryT>();
  entry->name = name;
  entry->dispatches.push_back(dispatch(0, {{K::Weight, 0}, {K::Arena, 0}, {K::Growing, 0}}));
  entry->dispatches.push_back(dispatch(1, {{K::Weight, 2}, {K::Fixed, 1}}));
  entry->result_offset = offset;
  entry->result_columns = columns;
  entry->result_stride = columns;
  entry->result_domain = domain;
  return entry;
}

static std::unique_ptr<fb::VariantT> variant(const char *name, std::vector<std::string> features) {
  auto variant = std::make_unique<fb::VariantT>();
  variant->arch = "x86_64";
  variant->name = name;
  variant->features = std::move(features);
  variant->entries = {0, 16, 32};
  return variant;
}

fb::HeaderT sampleHeader() {
  auto program = std::make_unique<fb::ProgramT>();
  program->target = "cpu";
  program->kernel_abi = 1;
  program->arena_bytes = 8192;
  program->max_rows = 32;
  program->max_outputs = 4;
  program->block_bytes = 8192;
  program->fixed_bytes = 256;
  program->kernels.push_back(kernel("gather", fb::RowDomain::Rows, 3, 0, {1, 32}));
  program->kernels.push_back(kernel("head", fb::RowDomain::Outputs, 2, 2, {4}));
  program->states.push_back(state("keys", fb::StateKind::Growing, 0, 8192));
  program->states.push_back(state("carry", fb::StateKind::Fixed, 0, 256));
  program->entries.push_back(entry("step", fb::RowDomain::Outputs, 50, 64));
  program->entries.push_back(entry("hidden", fb::RowDomain::Rows, 8, 1024));
  program->variants.push_back(variant("plain", {}));
  program->variants.push_back(variant("wide", {"avx2", "fma"}));
  fb::HeaderT header;
  header.producer = "lathe test";
  header.model_name = "sample";
  header.family = "toy";
  header.vocabulary = 50;
  header.context = 256;
  header.numerics = "f32";
  header.generation = std::make_unique<fb::GenerationT>();
  header.generation->stop_tokens = {2, 49};
  header.programs.push_back(std::move(program));
  auto remark = std::make_unique<fb::RemarkT>();
  remark->kind = "passed";
  remark->text = "fused";
  header.remarks.push_back(std::move(remark));
  return header;
}

/// The CPU's program for another target.
static std::unique_ptr<fb::ProgramT> gpuProgram(const fb::ProgramT &cpu, const char *target, const char *arch,
                                                std::vector<uint64_t> entries) {
  auto program = std::make_unique<fb::ProgramT>(cpu);
  program->target = target;
  for (auto &kernel : program->kernels)
    for (auto &item : kernel->classes) item->threads = 64;
  // The last kernel's class leaves to a join what two items of each row have found.
  auto join = std::make_unique<fb::KernelJoinT>();
  join->code = 3;
  join->grid = {fb::GridFactor(fb::GridKind::Outputs, 4)};
  join->threads = 32;
  program->kernels.back()->classes[0]->join = std::move(join);
  for (auto &variant : program->variants) {
    variant->arch = arch;
    variant->entries = entries;
  }
  return program;
}

fb::HeaderT sampleGpuHeader() {
  fb::HeaderT header = sampleHeader();
  auto vulkan = gpuProgram(*header.programs[0], "vulkan", "spirv", {0, 24, 44, 64});
  vulkan->variants[1]->features = {"shaderInt8"};
  auto cuda = gpuProgram(*header.programs[0], "cuda", "nvptx64", {0, 0, 0, 0});
  for (size_t i = 0; i < 2; ++i) {
    cuda->variants[i]->name = i == 0 ? "sm_80" : "sm_90a";
    cuda->variants[i]->features = {cuda->variants[i]->name};
  }
  header.programs.push_back(std::move(vulkan));
  header.programs.push_back(std::move(cuda));
  return header;
}

Bytes sampleImage(const fb::VariantT &variant, unsigned number) {
  if (variant.arch == "nvptx64") {
    std::string text = ".version 7.0\n.target " + variant.name + "\n";
    auto *begin = reinterpret_cast<const std::byte *>(text.c_str());
    return Bytes(begin, begin + text.size() + 1);
  }
  if (variant.arch != "spirv") return Bytes(number == 0 ? 100 : 5000, std::byte(0x90 + number));
  Bytes modules(100, std::byte(number));
  uint32_t magic = 0x07230203;
  for (uint64_t offset : {0, 24, 44, 64}) std::memcpy(modules.data() + offset, &magic, sizeof magic);
  return modules;
}

static Status writeWeights(ArtifactWriter &writer, const WriteOptions &options) {
  std::vector<uint32_t> order = {0, 1, 2, 3};
  if (options.reversed) std::reverse(order.begin(), order.end());
  for (uint32_t index : order) {
    Bytes bytes(kSampleWeights[index]);
    for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 7 + index);
    std::span<const std::byte> all(bytes);
    size_t half = options.reversed ? bytes.size() / 2 : 0;
    LATHE_TRY(writer.writeWeight(index, half, all.subspan(half)));
    LATHE_TRY(writer.writeWeight(index, 0, all.first(half)));
    writer.setWeightError(index, 0.5 * index);
  }
  return {};
}

Status writeSample(const std::string &path, fb::HeaderT &header, const WriteOptions &options) {
  auto writer = ArtifactWriter::create(path);
  if (!writer) return writer.status();
  for (uint64_t bytes : kSampleWeights)
    writer->addWeight({"w" + std::to_string(bytes), "i8", 1, bytes, bytes, 8});
  LATHE_TRY(writer->planWeights());
  LATHE_TRY(writeWeights(*writer, options));
  Bytes tokenizer(77, std::byte('t'));
  std::vector<Bytes> code;
  std::vector<CodeImage> images;
  for (uint32_t p = 0; p < header.programs.size(); ++p)
    for (uint32_t v = 0; v < header.programs[p]->variants.size(); ++v) {
      code.push_back(sampleImage(*header.programs[p]->variants[v], v));
      images.push_back({p, v, code.back()});
    }
  if (options.imagesSwapped) std::swap(images[0], images[1]);
  return writer->finish(header, images, tokenizer, options.threads);
}

Bytes readFile(const std::string &path) {
  std::ifstream in(path, std::ios::binary);
  std::vector<char> data((std::istreambuf_iterator<char>(in)), {});
  Bytes bytes(data.size());
  if (!data.empty()) std::memcpy(bytes.data(), data.data(), data.size());
  return bytes;
}

void writeFile(const std::string &path, std::span<const std::byte> bytes) {
  std::filesystem::remove(path); // a new file: cutting one that is being written back waits for the disk
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(reinterpret_cast<const char *>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

Preamble preambleOf(const Bytes &file) {
  Preamble preamble;
  std::memcpy(&preamble, file.data(), sizeof preamble);
  return preamble;
}

Bytes withHeader(const Bytes &file, std::span<const std::byte> header) {
  Preamble preamble = preambleOf(file);
  Bytes result(file.begin(), file.begin() + static_cast<ptrdiff_t>(preamble.headerOffset));
  result.insert(result.end(), header.begin(), header.end());
  preamble.headerBytes = header.size();
  preamble.headerHash = hashBytes(header);
  preamble.fileBytes = result.size();
  std::memcpy(result.data(), &preamble, sizeof preamble);
  return result;
}

std::unique_ptr<fb::HeaderT> unpackHeader(const Bytes &file) {
  Preamble preamble = preambleOf(file);
  return std::unique_ptr<fb::HeaderT>(fb::GetHeader(file.data() + preamble.headerOffset)->UnPack());
}

Bytes packHeader(const fb::HeaderT &header) {
  flatbuffers::FlatBufferBuilder builder;
  builder.Finish(fb::Header::Pack(builder, &header), fb::HeaderIdentifier());
  auto *data = reinterpret_cast<const std::byte *>(builder.GetBufferPointer());
  return Bytes(data, data + builder.GetSize());
}

} // namespace lathe::test
