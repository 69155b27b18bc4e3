// Compiles an exec.program from text, maps its code and calls its kernels on batches made by hand.
#pragma once

#include "Artifact/KernelABI.h"
#include "Codegen/CPU/CompileProgram.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace lathe::test {

/// A batch of rows of one or more sequences, with the tables that it points to.
class Batch {
public:
  struct Run {
    int32_t slot, position, rows;
  };
  /// `blocksPerSlot` blocks for each of `slots` slots, numbered in a scattered order.
  Batch(std::vector<Run> runs, int32_t slots = 4, int32_t blocksPerSlot = 8);
  Batch(const Batch &) = delete;

  const KernelBatch &get() const { return batch_; }
  KernelBatch &get() { return batch_; }
  int32_t rows() const { return batch_.rows; }
  std::vector<int32_t> tokens, positions, slots, outputRows, sequenceFirst, sequenceSlots, blockTables;
  std::vector<KernelSegment> segments;

private:
  KernelBatch batch_;
};

/// All variants of CPUs that this machine runs.
std::vector<llvm::StringRef> runnableVariants();
/// The same, and behind them those of Vulkan where a device runs on the CPU (VulkanKernels::runOrSkip).
std::vector<llvm::StringRef> deviceVariants();

class VulkanKernels;

/// The code of a program, mapped executable.
class Program {
public:
  /// `body` is what stands in the exec.program: kernels and states. Test failure (and no kernels) where it
  /// doesn't compile.
  explicit Program(const std::string &body, std::vector<llvm::StringRef> variants = runnableVariants());
  ~Program();

  size_t variants() const { return code_.variants.size() + vulkan_.size(); }
  llvm::StringRef variantName(size_t variant) const;
  /// Whether sums are made in another order than on CPUs, which agree bit for bit.
  bool isGpu(size_t variant) const { return variant >= code_.variants.size(); }
  const ProgramCode &code() const { return code_; }

  /// Runs a kernel in two parts, as two threads would, each with scratch full of NaNs.
  void run(size_t variant, llvm::StringRef kernel, const KernelBatch &batch,
           std::vector<void *> bindings) const;

private:
  mlir::MLIRContext context_;
  mlir::OwningOpRef<mlir::ModuleOp> module_;
  ProgramCode code_;
  std::vector<std::pair<char *, size_t>> images_;
  std::vector<std::unique_ptr<VulkanKernels>> vulkan_;

  void openVulkan(const ProgramCode &code);
  const ProgramCode &codeOf(size_t variant) const;
};

/// A 64-byte aligned array.
template <typename T> class Buffer {
public:
  explicit Buffer(size_t count)
      : count_(count), data_(static_cast<T *>(std::aligned_alloc(64, (count * sizeof(T) + 63) / 64 * 64))) {
    for (size_t i = 0; i < count; ++i) data_.get()[i] = T();
  }
  T *data() const { return data_.get(); }
  T &operator[](size_t i) const { return data_.get()[i]; }
  size_t size() const { return count_; }

private:
  struct Free {
    void operator()(T *p) const { std::free(p); }
  };
  size_t count_;
  std::unique_ptr<T, Free> data_;
};

/// Numbers in [-range, range), the same for the same seed.
Buffer<float> randomFloats(size_t count, unsigned seed, float range = 1);

/// Stored forms of an f32, rounded to nearest even.
uint16_t toBf16(float value);
float fromBf16(uint16_t bits);
uint16_t toF16(float value);
float fromF16(uint16_t bits);

} // namespace lathe::test
