// A checkpoint, imported and ready to be interpreted, beside what transformers computed for it.
#pragma once

#include "Import/Import.h"
#include "Interpreter/Interpreter.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <stdexcept>

namespace lathe::test {

struct Model {
  mlir::MLIRContext context;
  Checkpoint checkpoint;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  CheckpointParams params;
  interpreter::Interpreter interpreter;

  /// Throws, which fails the test, where the folder can't be imported.
  explicit Model(const std::string &folder)
      : context(mlir::MLIRContext::Threading::DISABLED), checkpoint(open(folder)),
        module(import(checkpoint, context)), params(checkpoint), interpreter(*module, params) {}

  interpreter::Rows run(llvm::StringRef entry, const interpreter::Batch &batch) {
    mlir::FailureOr<interpreter::Rows> rows = interpreter.run(entry, batch);
    if (failed(rows)) throw std::runtime_error("the interpreter failed; see the diagnostics above");
    return *rows;
  }

private:
  static Checkpoint open(const std::string &folder) {
    Result<Checkpoint> opened = Checkpoint::open(folder);
    if (!opened) throw std::runtime_error(opened.status().message());
    return std::move(*opened);
  }
  static mlir::OwningOpRef<mlir::ModuleOp> import(const Checkpoint &checkpoint, mlir::MLIRContext &context) {
    auto module = importCheckpoint(checkpoint, context);
    if (!module) throw std::runtime_error(module.status().message());
    return std::move(*module);
  }
};

/// A results.safetensors: the tensors of promptN.
class Results {
public:
  explicit Results(const std::string &folder)
      : file_(std::move(*Safetensors::open(folder + "/results.safetensors"))) {}
  bool has(int prompt, const std::string &name) const { return file_.find(key(prompt, name)); }
  interpreter::Indices integers(int prompt, const std::string &name) const {
    const TensorInfo *info = file_.find(key(prompt, name));
    interpreter::Indices values(info->elements());
    std::memcpy(values.data(), file_.bytes(*info).data(), info->bytes);
    return values;
  }
  /// Leading dimensions are folded into rows.
  interpreter::Rows rows(int prompt, const std::string &name) const {
    const TensorInfo *info = file_.find(key(prompt, name));
    int64_t columns = info->shape.back();
    interpreter::Rows rows(static_cast<int64_t>(info->elements()) / columns, columns);
    std::memcpy(rows.values.data(), file_.bytes(*info).data(), info->bytes);
    return rows;
  }

private:
  static std::string key(int prompt, const std::string &name) {
    return "prompt" + std::to_string(prompt) + "." + name;
  }
  Safetensors file_;
};

inline std::string fixture(const std::string &name) {
  return std::string(LATHE_SOURCE_DIR "/test/fixtures/") + name;
}
inline std::string shared(const std::string &name) { return std::string(LATHE_SHARED_DATA "/") + name; }

/// The largest difference as a share of the range of `expected`.
inline float difference(const std::vector<float> &actual, const std::vector<float> &expected) {
  if (actual.size() != expected.size()) return INFINITY;
  auto [low, high] = std::minmax_element(expected.begin(), expected.end());
  float largest = 0;
  for (size_t i = 0; i < actual.size(); ++i) largest = std::max(largest, std::fabs(actual[i] - expected[i]));
  return std::isnan(largest) ? INFINITY : largest / (*high - *low);
}

/// Ids of the largest logit, one after another, behind a prompt.
inline interpreter::Indices greedy(Model &model, const interpreter::Indices &prompt, size_t count) {
  interpreter::Indices ids;
  interpreter::Batch batch = interpreter::Batch::sequence(prompt);
  while (ids.size() < count) {
    batch.outputs = {batch.size() - 1};
    interpreter::Rows logits = model.run("step", batch);
    ids.push_back(std::max_element(logits.values.begin(), logits.values.end()) - logits.values.begin());
    batch = interpreter::Batch::sequence({ids.back()}, batch.positions.back() + 1);
  }
  return ids;
}

} // namespace lathe::test
