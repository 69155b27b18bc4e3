// Activation functions by the names that configurations use.
#pragma once

#include "Checkpoint/Config.h"

#include <string_view>

namespace lathe {

enum class Activation {
  Silu,     ///< x · sigmoid(x)
  Gelu,     ///< x · Φ(x), with erf
  GeluTanh, ///< its approximation 0.5 x (1 + tanh(√(2/π) (x + 0.044715 x³)))
  Relu,     ///< max(x, 0)
};

/// The activation that the text at `key` names (`fallback` where missing or null). transformers has several
/// names for one formula: gelu_new, gelu_fast, gelu_pytorch_tanh … are all GeluTanh. Records Unsupported on
/// `config` for others.
Activation readActivation(Config &config, std::string_view key, std::string_view fallback);

} // namespace lathe
