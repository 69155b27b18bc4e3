#include "KernelHarness.h"

#include "VulkanKernels.h"
#include "WorkItems.h"

#include "Codegen/GPU/CompileProgram.h"
#include "Codegen/GPU/GpuVariant.h"
#include "Exec/ExecDialect.h"
#include "Runtime/CpuFeatures.h"

#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <sys/mman.h>

namespace lathe::test {

Batch::Batch(std::vector<Run> runs, int32_t slotCount, int32_t blocksPerSlot) : batch_() {
  for (const Run &run : runs) {
    int32_t first = int32_t(tokens.size());
    sequenceFirst.push_back(first);
    sequenceSlots.push_back(run.slot);
    for (int32_t row = 0; row < run.rows; ++row) {
      tokens.push_back((first + row) * 7 % 97);
      positions.push_back(run.position + row);
      slots.push_back(run.slot);
    }
    for (int32_t row = 0; row < run.rows; row += kSegmentRows)
      segments.push_back({run.slot, first + row, std::min(kSegmentRows, run.rows - row), run.position + row,
                          first, run.rows});
    outputRows.push_back(first + run.rows - 1);
  }
  sequenceFirst.push_back(int32_t(tokens.size()));
  int32_t blocks = slotCount * blocksPerSlot;
  for (int32_t i = 0; i < blocks; ++i) blockTables.push_back((i * 5 + 3) % blocks);
  batch_.rows = int32_t(tokens.size());
  batch_.outputs = int32_t(outputRows.size());
  batch_.segments = int32_t(segments.size());
  batch_.sequences = int32_t(runs.size());
  batch_.tokens = tokens.data();
  batch_.positions = positions.data();
  batch_.slots = slots.data();
  batch_.outputRows = outputRows.data();
  batch_.runs = segments.data();
  batch_.sequenceFirst = sequenceFirst.data();
  batch_.sequenceSlots = sequenceSlots.data();
  batch_.blockTables = blockTables.data();
  batch_.blocksPerSlot = blocksPerSlot;
}

static bool hasAll(llvm::ArrayRef<llvm::StringRef> required) {
  CpuFeatures features = CpuFeatures::probe();
  return llvm::all_of(required, [&](llvm::StringRef name) { return features.has(std::string_view(name)); });
}

std::vector<llvm::StringRef> runnableVariants() {
  std::vector<llvm::StringRef> names;
  for (const CpuVariant &variant : cpuVariants())
    if (hasAll(variant.requiredFeatures)) names.push_back(variant.name);
  return names;
}

std::vector<llvm::StringRef> deviceVariants() {
  std::vector<llvm::StringRef> names = runnableVariants();
  if (VulkanKernels::runOrSkip()) llvm::append_range(names, VulkanKernels::runnableVariants());
  return names;
}

void Program::openVulkan(const ProgramCode &code) {
  for (const VariantCode &variant : code.variants)
    vulkan_.push_back(std::make_unique<VulkanKernels>(ProgramCode{code.kernels, {variant}}));
}

Program::Program(const std::string &body, std::vector<llvm::StringRef> variants) {
  context_.loadDialect<LatheDialect, exec::ExecDialect>();
  std::string text =
      "exec.program @cpu for \"cpu\" attributes {max_rows = 512 : i64, max_outputs = 16 : i64} {\n" + body +
      "\n}";
  module_ = mlir::parseSourceString<mlir::ModuleOp>(text, &context_);
  if (!module_) {
    ADD_FAILURE() << "the program does not parse";
    return;
  }
  exec::ProgramOp program = *module_->getBody()->getOps<exec::ProgramOp>().begin();
  auto gpu = llvm::find_if(variants, [](llvm::StringRef name) { return findGpuVariant(name); });
  if (gpu != variants.end()) {
    auto code = compileGpuProgram(program, llvm::ArrayRef(&*gpu, size_t(variants.end() - gpu)));
    if (succeeded(code))
      openVulkan(*code);
    else
      ADD_FAILURE() << "the program does not compile for Vulkan";
    variants.erase(gpu, variants.end());
  }
  auto code = compileCpuProgram(program, variants);
  if (failed(code)) {
    ADD_FAILURE() << "the program does not compile";
    return;
  }
  code_ = std::move(*code);
  // A program may ask more of a machine than its variant by itself.
  llvm::erase_if(code_.variants, [](const VariantCode &code) {
    return !hasAll(llvm::SmallVector<llvm::StringRef>(code.features.begin(), code.features.end()));
  });
  for (const VariantCode &variant : code_.variants) {
    size_t bytes = variant.image.size();
    void *image = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    std::memcpy(image, variant.image.data(), bytes);
    mprotect(image, bytes, PROT_READ | PROT_EXEC);
    images_.push_back({static_cast<char *>(image), bytes});
  }
}

Program::~Program() {
  for (auto [image, bytes] : images_) munmap(image, bytes);
}

llvm::StringRef Program::variantName(size_t variant) const {
  return isGpu(variant) ? codeOf(variant).variants.front().name : code_.variants[variant].name;
}

const ProgramCode &Program::codeOf(size_t variant) const {
  return isGpu(variant) ? vulkan_[variant - code_.variants.size()]->code() : code_;
}

void Program::run(size_t variant, llvm::StringRef name, const KernelBatch &batch,
                  std::vector<void *> bindings) const {
  for (const PlannedKernel &kernel : codeOf(variant).kernels) {
    if (kernel.name != name) continue;
    ASSERT_EQ(kernel.bindings, bindings.size());
    int64_t rows = kernel.domain == exec::RowDomain::Rows      ? batch.rows
                   : kernel.domain == exec::RowDomain::Outputs ? batch.outputs
                                                               : batch.sequences;
    size_t index = 0;
    while (kernel.classes[index].maxRows < rows) ++index;
    const KernelClass &kernelClass = kernel.classes[index];
    if (isGpu(variant)) return vulkan_[variant - code_.variants.size()]->run(kernel, index, batch, bindings);
    int64_t items = workItems(kernelClass.grid, batch);
    auto entry = reinterpret_cast<Kernel>(images_[variant].first +
                                          code_.variants[variant].entries[kernel.firstCode + index]);
    for (auto [begin, end] : {std::pair(int64_t(0), items / 2), std::pair(items / 2, items)}) {
      Buffer<float> scratch(kernelClass.scratchBytes / 4 + 16);
      for (size_t i = 0; i < scratch.size(); ++i) scratch[i] = std::numeric_limits<float>::quiet_NaN();
      entry(&batch, bindings.data(), scratch.data(), begin, end);
      for (size_t i = kernelClass.scratchBytes / 4; i < scratch.size(); ++i)
        ASSERT_TRUE(std::isnan(scratch[i])) << "scratch overrun";
    }
    return;
  }
  FAIL() << "no kernel " << name.str();
}

Buffer<float> randomFloats(size_t count, unsigned seed, float range) {
  Buffer<float> values(count);
  uint64_t state = seed * 0x9e3779b97f4a7c15ull + 1;
  for (size_t i = 0; i < count; ++i) {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    values[i] = (float(state >> 40) / float(1 << 23) - 1) * range;
  }
  return values;
}

uint16_t toBf16(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  return uint16_t((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}
float fromBf16(uint16_t bits) { return std::bit_cast<float>(uint32_t(bits) << 16); }
uint16_t toF16(float value) { return std::bit_cast<uint16_t>(_Float16(value)); }
float fromF16(uint16_t bits) { return float(std::bit_cast<_Float16>(bits)); }

} // namespace lathe::test
