// Writes a forward pass as ops of the model level, and checks every tensor that it names against the
// checkpoint.
//
// Errors stick: a tensor that is missing or has another shape is recorded (the first of them), the op is
// built with the shape that was expected, and the family goes on. It names its tensors one after another;
// finish() tells.
#pragma once

#include "Checkpoint/Activation.h"
#include "Checkpoint/Checkpoint.h"
#include "Lathe/ModelInfo.h"
#include "Lathe/LatheDialect.h"

#include "mlir/IR/Builders.h"

#include <initializer_list>
#include <set>
#include <string>
#include <vector>

namespace lathe {

class ModelBuilder {
public:
  ModelBuilder(const Checkpoint &checkpoint, mlir::MLIRContext &context);

  const Checkpoint &checkpoint() const { return checkpoint_; }

  // Names
  // -----------------------------------------------------------------------------------------------------------
  // Tensors and locations are named relative to a prefix and the scopes that are entered: in the scope
  // "layers.0", "mlp.up_proj" stands for "model.layers.0.mlp.up_proj".

  /// Leaves its scope when it is destroyed.
  class Scope {
  public:
    Scope(ModelBuilder &builder, std::string outer) : builder_(builder), outer_(std::move(outer)) {}
    Scope(const Scope &) = delete;
    ~Scope() { builder_.scope_ = outer_; }

  private:
    ModelBuilder &builder_;
    std::string outer_;
  };
  [[nodiscard]] Scope enter(const std::string &name);

  /// Chooses the first prefix under which there is `witness`: models are saved with and without the name of
  /// the module that holds them ("model.", "transformer.").
  void choosePrefix(std::initializer_list<std::string_view> prefixes, std::string_view witness);
  /// Tensors whose key contains one of these are not used and not missed: buffers, heads for other tasks.
  void ignoreTensors(std::initializer_list<std::string_view> parts);

  // Weights
  // ---------------------------------------------------------------------------------------------------------

  /// The tensor `name`, in the prefix and scope.
  mlir::Value parameter(const std::string &name, llvm::ArrayRef<int64_t> shape);
  /// The matrix that makes logits of hidden states: `lmHead` (a whole key), or the embedding where they are
  /// tied.
  mlir::Value head(const std::string &lmHead, mlir::Value embedding, bool tied);

  // The batch
  // -------------------------------------------------------------------------------------------------------

  mlir::Value tokens();    ///< tensor<?xi32>
  mlir::Value positions(); ///< tensor<?xi32>
  mlir::Value selectOutputs(mlir::Value x);
  mlir::Value pool(PoolKind kind, mlir::Value x);

  // Layers. x is [M, K]; `name` + ".weight" and ".bias" are the tensors.
  // -----------------------------------------------

  mlir::Value embedding(mlir::Value ids, mlir::Value table);
  mlir::Value linear(mlir::Value x, mlir::Value weight);
  /// x W^T (+ b) with W [columns, K].
  mlir::Value linear(mlir::Value x, const std::string &name, int64_t columns, bool bias);
  /// x W + b with W [K, columns]: GPT-2's Conv1D.
  mlir::Value conv1d(mlir::Value x, const std::string &name, int64_t columns);
  mlir::Value rmsNorm(mlir::Value x, const std::string &name, double epsilon);
  mlir::Value layerNorm(mlir::Value x, const std::string &name, double epsilon);
  mlir::Value l2Normalize(mlir::Value x, double epsilon);
  mlir::Value activation(Activation kind, mlir::Value x);
  mlir::Value add(mlir::Value x, mlir::Value y);
  mlir::Value mul(mlir::Value x, mlir::Value y);
  /// The same vector for every row.
  mlir::Value addVector(mlir::Value x, mlir::Value vector);
  /// Row `index` of a matrix, as a vector.
  mlir::Value row(mlir::Value matrix, int64_t index);
  /// Equal parts, side by side.
  std::vector<mlir::Value> split(mlir::Value x, int64_t parts);

  // Attention
  // -------------------------------------------------------------------------------------------------------

  mlir::Value ropeTable(const std::vector<float> &frequencies);
  mlir::Value rope(mlir::Value x, mlir::Value table, int64_t heads);
  /// Stores k and v of this layer, then attends to all positions of the sequence so far. k and v: [M, kvHeads
  /// * D].
  mlir::Value cachedAttention(mlir::Value q, mlir::Value k, mlir::Value v, int64_t heads, int64_t kvHeads,
                              double scale);
  /// Every row of a sequence attends to every row of it.
  mlir::Value fullAttention(mlir::Value q, mlir::Value k, mlir::Value v, int64_t heads, double scale);

  /// Another result of the entry point, which callers ask for as `name`.
  void alsoReturn(const std::string &name, mlir::Value result) { further_.push_back({name, result}); }
  /// Closes the entry point, which is called `name` and gives `result`.
  void finish(const std::string &name, mlir::Value result, const ModelInfo &info);
  /// The verified module. Errors: Corrupt for tensors that are missing, of another shape or type, or left
  /// over; Internal where the module does not verify.
  Result<mlir::OwningOpRef<mlir::ModuleOp>> take();

private:
  mlir::Location here(const std::string &name = "");
  mlir::Type typeOf(const CheckpointTensor *tensor);
  mlir::Value tensor(const std::string &key, llvm::ArrayRef<int64_t> shape);
  mlir::RankedTensorType rows(int64_t columns);
  void fail(Status status);
  Status checkLeftOver() const;

  const Checkpoint &checkpoint_;
  mlir::OpBuilder builder_;
  mlir::OwningOpRef<mlir::ModuleOp> module_;
  mlir::func::FuncOp entry_;
  mlir::Value batch_;
  std::string prefix_, scope_;
  std::vector<std::string> ignored_;
  std::vector<std::pair<std::string, mlir::Value>> further_;
  std::map<std::string, mlir::Value> parameters_;
  std::set<std::string, std::less<>> used_;
  int64_t states_ = 0;
  Status status_;
};

} // namespace lathe
