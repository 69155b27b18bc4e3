#include "Checkpoint/Activation.h"

namespace lathe {

Activation readActivation(Config &config, std::string_view key, std::string_view fallback) {
  struct Entry {
    std::string_view name;
    Activation activation;
  };
  constexpr Entry names[] = {
      {"silu", Activation::Silu},
      {"swish", Activation::Silu},
      {"gelu", Activation::Gelu},
      {"gelu_python", Activation::Gelu},
      {"gelu_new", Activation::GeluTanh},
      {"gelu_fast", Activation::GeluTanh},
      {"gelu_accurate", Activation::GeluTanh},
      {"gelu_pytorch_tanh", Activation::GeluTanh},
      {"gelu_python_tanh", Activation::GeluTanh},
      {"relu", Activation::Relu},
  };
  std::string name = config.text(key, fallback);
  for (const Entry &entry : names)
    if (entry.name == name) return entry.activation;
  config.fail(Code::Unsupported, key,
              "is '" + name.substr(0, 40) +
                  "'; supported are silu, gelu, gelu_new (and its synonyms) and relu");
  return Activation::Silu;
}

} // namespace lathe
