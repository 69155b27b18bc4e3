// One kernel as CUDA runs it, from its text.
#pragma once

#include "CudaEmulator.h"
#include "PackedWeights.h"

#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

namespace lathe::test {

/// One kernel "k" over rows.
class CudaKernel {
public:
  explicit CudaKernel(const std::string &body, const char *variant = "sm_80") {
    context_.loadDialect<LatheDialect, exec::ExecDialect>();
    module_ = mlir::parseSourceString<mlir::ModuleOp>(
        "exec.program @p for \"cuda\" attributes {max_rows = 512 : i64, max_outputs = 16 : i64} {\n" + body +
            "\n}",
        &context_);
    if (module_)
      emulator_ = std::make_unique<CudaEmulator>(*module_->getOps<exec::ProgramOp>().begin(),
                                                 *findGpuVariant(variant));
    else
      ADD_FAILURE() << "the program does not parse";
  }
  void run(const KernelBatch &batch, std::vector<void *> bindings) const {
    const PlannedKernel &kernel = emulator_->kernels().front();
    int64_t rows = kernel.domain == exec::RowDomain::Outputs ? batch.outputs : batch.rows;
    size_t index = 0;
    while (kernel.classes[index].maxRows < rows) ++index;
    emulator_->run(kernel, index, batch, bindings);
  }

private:
  mlir::MLIRContext context_;
  mlir::OwningOpRef<mlir::ModuleOp> module_;
  std::unique_ptr<CudaEmulator> emulator_;
};

inline std::string number(int64_t value) { return std::to_string(value); }

/// y = x . W^T over plain rows.
inline std::string linear(const PackedWeights &w, const std::string &input, const std::string &slice) {
  std::string n = number(w.rows), result = "tensor<?x" + n + "xf32>";
  return "exec.kernel @k over rows slices [!exec.slice<rows by " + number(w.columns) + " of " + slice +
         ">, unit, !exec.slice<rows by " + n + " of f32, stride " + number(w.rows * 4) +
         ">] states {} {\n^bb0(%x: " + input + ", %w: " + w.type() +
         "):\n %y = lathe.linear %x, [%w] : " + input + ", [" + w.type() + "] -> " + result +
         "\n lathe.yield %y : " + result + "\n}";
}

} // namespace lathe::test
