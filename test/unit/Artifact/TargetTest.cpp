// Artifacts with programs for several targets, and ways in which those of GPUs are inconsistent.
#include "DamagedArtifact.h"

#include "Artifact/Hash.h"
#include "Artifact/KernelABI.h"

using namespace lathe;
using namespace lathe::test;
using fb::HeaderT;

namespace {

class Targets : public DamagedArtifact {
protected:
  Targets() : DamagedArtifact(sampleGpuHeader()) {}
  /// Opens the file with other bytes in the code of a variant, all hashes corrected.
  Status openWithCode(size_t program, size_t variant, const std::function<void(std::span<std::byte>)> &edit) {
    Bytes bytes = good_;
    auto header = unpackHeader(good_);
    fb::VariantT &changed = *header->programs[program]->variants[variant];
    auto code = std::span(bytes).subspan(changed.offset, changed.bytes);
    edit(code);
    changed.hash = hashBytes(code);
    return open(withHeader(bytes, packHeader(*header)));
  }
};

enum { Cpu, Vulkan, Cuda };
fb::ProgramT &program(HeaderT &h, int p) { return *h.programs[size_t(p)]; }
fb::KernelClassT &kernelClass(HeaderT &h, int p) { return *program(h, p).kernels[0]->classes[0]; }
fb::KernelJoinT &join(HeaderT &h, int p) { return *program(h, p).kernels[1]->classes[0]->join; }
fb::VariantT &variant(HeaderT &h, int p, size_t v = 0) { return *program(h, p).variants[v]; }

const std::vector<HeaderEdit> kEdits = {
    {"unknown target 'metal'", [](HeaderT &h) { program(h, Vulkan).target = "metal"; }},
    {"two programs for cpu",
     [](HeaderT &h) {
       h.programs[1] = std::make_unique<fb::ProgramT>(program(h, Cpu));
       h.programs.pop_back();
     }},
    {"another kind of device",
     [](HeaderT &h) { std::swap(program(h, Vulkan).target, program(h, Cuda).target); }},
    {"another kind of device", [](HeaderT &h) { variant(h, Vulkan).arch = "x86_64"; }},
    {"another kind of device", [](HeaderT &h) { variant(h, Cuda).arch = "spirv"; }},
    {"another kind of device", [](HeaderT &h) { variant(h, Cpu).arch = "nvptx64"; }},
    {"CPUs have not", [](HeaderT &h) { kernelClass(h, Cpu).threads = 32; }},
    {"groups of 0 threads", [](HeaderT &h) { kernelClass(h, Vulkan).threads = 0; }},
    {"groups of 33 threads", [](HeaderT &h) { kernelClass(h, Vulkan).threads = 33; }},
    {"groups of 288 threads", [](HeaderT &h) { kernelClass(h, Cuda).threads = 288; }},
    {"groups of 4294967264 threads", [](HeaderT &h) { kernelClass(h, Cuda).threads = UINT32_MAX - 31; }},
    {"CPUs have not",
     [](HeaderT &h) {
       kernelClass(h, Cpu).join = std::make_unique<fb::KernelJoinT>();
       kernelClass(h, Cpu).join->code = 2;
       program(h, Cpu).kernels[1]->first_code = 3;
       for (auto &variant : program(h, Cpu).variants) variant->entries.push_back(0);
     }},
    {"join: has work groups of 0 threads", [](HeaderT &h) { join(h, Vulkan).threads = 0; }},
    {"join: has work groups of 288 threads", [](HeaderT &h) { join(h, Cuda).threads = 288; }},
    {"code of a join", [](HeaderT &h) { join(h, Vulkan).code = 2; }},
    {"code of a join", [](HeaderT &h) { join(h, Cuda).code = UINT32_MAX; }},
    {"4 code entries, the kernels need 3",
     [](HeaderT &h) { program(h, Vulkan).kernels[1]->classes[0]->join = nullptr; }},
    {"no scratch to read", [](HeaderT &h) { program(h, Cuda).kernels[1]->classes[0]->scratch_bytes = 0; }},
    {"join: a grid factor is zero",
     [](HeaderT &h) {
       join(h, Vulkan).grid[0] = {fb::GridKind::Rows, 0};
     }},
    {"join: unknown kind of grid factor",
     [](HeaderT &h) {
       join(h, Vulkan).grid[0] = {fb::GridKind(99), 1};
     }},
    {"join: too many grid factors",
     [](HeaderT &h) {
       join(h, Cuda).grid.assign(5, {fb::GridKind::Rows, 1});
     }},
    {"join: implausibly many work items",
     [](HeaderT &h) {
       join(h, Cuda).grid.assign(3, {fb::GridKind::Constant, UINT32_MAX});
     }},
    {"15 operands",
     [](HeaderT &h) {
       program(h, Vulkan).kernels[0]->bindings = kMaxKernelAddresses - 1;
       for (auto &entry : program(h, Vulkan).entries)
         entry->dispatches[0]->bindings.resize(kMaxKernelAddresses - 1,
                                               fb::Binding(fb::BindingKind::Arena, 0));
     }},
    {"module 1", [](HeaderT &h) { variant(h, Vulkan).entries[1] = 22; }},
    {"module 0", [](HeaderT &h) { variant(h, Vulkan).entries[1] = 16; }},
    {"module 0", [](HeaderT &h) { std::swap(variant(h, Vulkan).entries[0], variant(h, Vulkan).entries[1]); }},
    {"module 1", [](HeaderT &h) { variant(h, Vulkan).entries[2] = variant(h, Vulkan).entries[1]; }},
    {"module 3", [](HeaderT &h) { variant(h, Vulkan).entries[3] = 96; }},
    {"code entry", [](HeaderT &h) { variant(h, Vulkan).entries[3] = 100; }},
    {"whole words", [](HeaderT &h) { variant(h, Vulkan).bytes -= 1; }},
    {"by name", [](HeaderT &h) { variant(h, Cuda).entries[2] = 4; }},
    {"compute capability", [](HeaderT &h) { variant(h, Cuda).name = "hopper"; }},
    {"compute capability", [](HeaderT &h) { variant(h, Cuda).name = "sm_"; }},
    {"compute capability", [](HeaderT &h) { variant(h, Cuda).name = "sm_80q"; }},
    {"compute capability", [](HeaderT &h) { variant(h, Cuda).name = "sm_99999999999999"; }},
    {"ascending order",
     [](HeaderT &h) { std::swap(program(h, Cuda).variants[0], program(h, Cuda).variants[1]); }},
    {"its name", [](HeaderT &h) { variant(h, Cuda).features = {"sm_75"}; }},
    {"its name", [](HeaderT &h) { variant(h, Cuda).features.clear(); }},
    {"another result for vulkan", [](HeaderT &h) { program(h, Vulkan).entries[1]->result_columns = 7; }},
    {"another result for cuda",
     [](HeaderT &h) { program(h, Cuda).entries[1]->result_domain = fb::RowDomain::Outputs; }},
};

} // namespace

TEST_F(Targets, ShareTheWeights) {
  auto artifact = Artifact::open(file_.path);
  ASSERT_TRUE(artifact.ok()) << artifact.status().message();
  EXPECT_EQ(artifact->header().programs()->size(), 3u);
  EXPECT_EQ(artifact->header().weights()->size(), 4u);
  const fb::Program &cuda = *artifact->header().programs()->Get(Cuda);
  EXPECT_EQ(cuda.kernels()->Get(0)->classes()->Get(0)->threads(), 64u);
  ASSERT_TRUE(cuda.kernels()->Get(1)->classes()->Get(0)->join());
  EXPECT_EQ(cuda.kernels()->Get(1)->classes()->Get(0)->join()->threads(), 32u);
  auto text = artifact->code(*cuda.variants()->Get(1));
  EXPECT_STREQ(reinterpret_cast<const char *>(text.data()), ".version 7.0\n.target sm_90a\n");
}

TEST_F(Targets, InconsistentFieldsWithRightHashes) { expectRefused(kEdits); }

TEST_F(Targets, FlippedBitsOfCode) {
  auto header = unpackHeader(good_);
  for (int p : {Vulkan, Cuda})
    for (size_t v : {0, 1}) expectFlipsFound(variant(*header, p, v).offset, variant(*header, p, v).bytes, 50);
}

TEST_F(Targets, RandomHeadersWithRightHashes) { expectSafeWithRandomHeaders(); }

TEST_F(Targets, ModulesThatAreNoSpirv) {
  for (size_t offset : {0, 24, 44, 64}) {
    Status status = openWithCode(Vulkan, 1, [&](std::span<std::byte> code) { code[offset] ^= std::byte(1); });
    EXPECT_EQ(status.code(), Code::Corrupt) << offset;
    EXPECT_NE(status.message().find("module at " + std::to_string(offset) + " is not SPIR-V"),
              std::string::npos)
        << status.message();
  }
}

TEST_F(Targets, PtxEndsWhereItsTextEnds) {
  auto withoutEnd = [](std::span<std::byte> code) { code.back() = std::byte('\n'); };
  auto endsEarly = [](std::span<std::byte> code) { code[5] = std::byte(0); };
  for (const std::function<void(std::span<std::byte>)> &edit : {+withoutEnd, +endsEarly}) {
    Status status = openWithCode(Cuda, 0, edit);
    EXPECT_EQ(status.code(), Code::Corrupt);
    EXPECT_NE(status.message().find("zero byte at its end"), std::string::npos) << status.message();
  }
}

TEST(TargetsWriter, CodeOfAnotherFormIsACompilerBug) {
  TemporaryFile file("lathe-code-form");
  HeaderT header = sampleGpuHeader();
  auto writer = ArtifactWriter::create(file.path);
  ASSERT_TRUE(writer.ok());
  for (uint64_t bytes : kSampleWeights) writer->addWeight({"w", "i8", 1, bytes, bytes, 8});
  ASSERT_TRUE(writer->planWeights().ok());
  Bytes noModules(100, std::byte('x'));
  std::vector<CodeImage> images;
  for (uint32_t p = 0; p < 3; ++p)
    for (uint32_t v = 0; v < 2; ++v) images.push_back({p, v, noModules});
  Status status = writer->finish(header, images, {}, 1);
  EXPECT_EQ(status.code(), Code::Internal);
  EXPECT_NE(status.message().find("SPIR-V"), std::string::npos) << status.message();
}
