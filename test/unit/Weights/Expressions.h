// Weight expressions from MLIR text, over tensors that a test names.
#pragma once

#include "Weights/Evaluator.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"

#include <map>
#include <random>

namespace lathe {

struct TestParams final : ParamSource {
  std::map<std::string, std::pair<std::vector<int64_t>, std::vector<float>>> tensors;

  Result<ParamTensor> find(llvm::StringRef, llvm::StringRef key) const override {
    auto found = tensors.find(key.str());
    if (found == tensors.end()) return Status(Code::NotFound, "no tensor \"" + key.str() + "\"");
    const std::vector<float> *values = &found->second.second;
    return ParamTensor{found->second.first, [values](uint64_t first, std::span<float> out) -> Status {
                         std::copy_n(values->begin() + first, out.size(), out.begin());
                         return {};
                       }};
  }

  /// A matrix of normal values, a few of them large.
  const std::vector<float> &addRandom(const std::string &key, int64_t rows, int64_t columns,
                                      unsigned seed = 1) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0, 0.05f);
    std::vector<float> values(rows * columns);
    for (float &value : values) value = normal(random) * (random() % 97 == 0 ? 6 : 1);
    return (tensors[key] = {{rows, columns}, std::move(values)}).second;
  }
};

/// The body of a function that returns a weight.
class Expressions {
public:
  explicit Expressions(const std::string &body)
      : handler_(&context_, [this](mlir::Diagnostic &diagnostic) {
          diagnostics += diagnostic.str() + "\n";
          return mlir::success();
        }) {
    context_.loadDialect<LatheDialect, mlir::func::FuncDialect>();
    if (!body.empty()) module_ = mlir::parseSourceString<mlir::ModuleOp>(body, &context_);
  }

  /// `param "w"` of the shape, then quantized and packed in an encoding such as "<si4, block 1x32, scale
  /// <f16>>".
  static Expressions quantized(int64_t rows, int64_t columns, const std::string &encoding,
                               const std::string &clip) {
    std::string shape = std::to_string(rows) + "x" + std::to_string(columns) + "x";
    std::string given = "!lathe.weight<" + shape + "f32>", stored = "!lathe.weight<" + shape + encoding + ">";
    std::string packed = "!lathe.weight<" + shape + encoding + ", panel 64>";
    return Expressions("func.func @f() -> " + packed + " {\n %w = lathe.param \"w\" from \"t\" : " + given +
                       "\n %q = lathe.quantize " + clip + " %w : " + given + " -> " + stored +
                       "\n %p = lathe.pack %q : " + stored + " -> " + packed + "\n return %p : " + packed +
                       "\n}");
  }

  bool parsed() const { return static_cast<bool>(module_); }
  /// What the function returns.
  mlir::Value result(unsigned index = 0) {
    auto function = *module_->getOps<mlir::func::FuncOp>().begin();
    return function.getBody().front().getTerminator()->getOperand(index);
  }

  std::shared_ptr<Format> format(const std::string &encoding) {
    auto type = mlir::parseType("!lathe.weight<1x1x" + encoding + ">", &context_);
    if (!type)
      type = mlir::parseType("!lathe.weight<1x1x" + encoding.substr(1, encoding.size() - 2) + ">", &context_);
    if (!type) return nullptr;
    auto found = formatOf(mlir::cast<WeightType>(type).getEncoding(),
                          [&] { return mlir::emitError(mlir::UnknownLoc::get(&context_)); });
    return mlir::failed(found) ? nullptr : *found;
  }

  std::string diagnostics;

private:
  mlir::MLIRContext context_;
  mlir::ScopedDiagnosticHandler handler_;
  mlir::OwningOpRef<mlir::ModuleOp> module_;
};

/// A stored weight: the bytes, and what storing cost.
struct StoredWeight {
  std::vector<std::byte> bytes;
  StoredError error;
};

inline std::optional<StoredWeight> store(mlir::Value weight, const ParamSource &params,
                                         unsigned threads = 2) {
  Evaluator evaluator(params, threads);
  mlir::FailureOr<int64_t> size = evaluator.storedBytes(weight);
  if (mlir::failed(size)) return std::nullopt;
  StoredWeight result;
  result.bytes.resize(*size);
  mlir::FailureOr<StoredError> error =
      evaluator.store(weight, [&](uint64_t offset, std::span<const std::byte> bytes) -> Status {
        if (offset + bytes.size() > result.bytes.size())
          return Status(Code::Internal, "written past the end");
        std::copy(bytes.begin(), bytes.end(), result.bytes.begin() + offset);
        return {};
      });
  if (mlir::failed(error)) return std::nullopt;
  result.error = *error;
  return result;
}

} // namespace lathe
