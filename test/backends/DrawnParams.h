// Numbers for params that no checkpoint holds.
#pragma once

#include "Weights/ParamSource.h"

#include <map>
#include <string>
#include <vector>

namespace lathe::test {

/// For every `lathe.param` of a module a tensor of its shape, uniform in [-1/2, 1/2), drawn from its key.
class DrawnParams final : public ParamSource {
public:
  explicit DrawnParams(mlir::ModuleOp module) {
    module.walk([&](ParamOp param) {
      shapes_[param.getKey().str()] = std::vector<int64_t>(param.getResult().getType().getShape());
    });
  }

  Result<ParamTensor> find(llvm::StringRef, llvm::StringRef key) const override {
    auto found = shapes_.find(key.str());
    if (found == shapes_.end()) return Status(Code::NotFound, "no param " + key.str());
    uint64_t seed = 0;
    for (char c : key) seed = (seed ^ uint8_t(c)) * 0x100000001B3u;
    return ParamTensor{found->second, [seed](uint64_t first, std::span<float> out) {
                         for (size_t i = 0; i < out.size(); ++i) out[i] = draw(seed + first + i);
                         return Status();
                       }};
  }

private:
  static float draw(uint64_t bits) {
    bits *= 0x9E3779B97F4A7C15u;
    bits = (bits ^ (bits >> 29)) * 0xBF58476D1CE4E5B9u;
    return float(double(bits >> 40) / double(1 << 24) - 0.5);
  }
  std::map<std::string, std::vector<int64_t>> shapes_;
};

} // namespace lathe::test
