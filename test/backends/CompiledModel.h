// One model on both sides: as the interpreter reads it behind the compress phase, and as an artifact.
#pragma once

#include "Interpreter/Interpreter.h"
#include "Pipeline.h"

#include <memory>
#include <optional>
#include <string>

namespace lathe::test {

/// What a compilation is told; see PipelineOptions.
struct Numerics {
  std::string name;
  std::string weights = "keep", group, recipe;
  std::string activations = "f32", cache = "f32";
  bool integers = false;   ///< int8 activations where weights are integers
  std::string passes;      ///< run between the graph and the compress phase
  int64_t maxOutputs = 16; ///< rows of logits computed at once
};

/// Throws, which fails the test, where something can't be done.
class CompiledModel {
public:
  /// A checkpoint's folder, or an .mlir file of the model level whose params are drawn from their keys;
  /// compiled for every kind of device here and every variant to a file that lives as long as this object.
  CompiledModel(const std::string &path, const Numerics &numerics);
  ~CompiledModel();

  /// Computes on the interpreter; states persist.
  interpreter::Rows interpret(const interpreter::Batch &batch);
  void forgetStates() { interpreter_->reset(); }

  bool encoder() { return !model_->lookupSymbol("step"); }
  const std::string &artifact() const { return path_; }
  mlir::ModuleOp model() { return *model_; }
  /// The model lowered for a target, with the options that it is compiled with.
  mlir::OwningOpRef<mlir::ModuleOp> lower(const Numerics &numerics, const std::string &target);

private:
  void importFolder(const std::string &folder);
  void readText(const std::string &file);
  void shrink(const Numerics &numerics);
  void write(const Numerics &numerics);

  mlir::MLIRContext context_;
  std::optional<Checkpoint> checkpoint_;
  std::unique_ptr<ParamSource> params_;
  mlir::OwningOpRef<mlir::ModuleOp> model_; ///< behind the compress phase
  std::unique_ptr<interpreter::Interpreter> interpreter_;
  std::string path_;
};

} // namespace lathe::test
