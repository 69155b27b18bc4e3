#include "RandomModel.h"

#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace lathe;
using namespace lathe::test;

namespace {

struct Shape {
  int64_t vocabulary, width, heads, kvHeads, headDim, inner, layers;
  bool tied, bias, gated, rope, cached, normTwice;
};

/// Writes one op a call; a value is its name and its columns.
class Writer {
public:
  struct Value {
    std::string name;
    int64_t columns;
    std::string type() const { return "tensor<?x" + std::to_string(columns) + "xf32>"; }
  };

  Writer(unsigned seed) : random(seed) {}

  std::string write(std::string &entry, int64_t &vocabulary) {
    s = draw();
    vocabulary = s.vocabulary;
    entry = s.cached ? "step" : "embed";
    embed();
    for (int64_t layer = 0; layer < s.layers; ++layer) block(layer);
    Value result = s.cached ? logits() : pooled();
    std::string header = "module {\n";
    for (int64_t layer = 0; s.cached && layer < s.layers; ++layer)
      header += "lathe.state @kv" + std::to_string(layer) + " : !lathe.state<growing 2x" +
                std::to_string(s.kvHeads) + "x" + std::to_string(s.headDim) + "xf32>\n";
    return header + "func.func @" + entry + "(%batch: !lathe.batch) -> " + result.type() + " {\n" + body +
           "return " + result.name + " : " + result.type() + "\n}\n}\n";
  }

private:
  int64_t pick(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  }
  bool coin() { return pick(0, 1); }

  Shape draw() {
    Shape shape{};
    shape.vocabulary = pick(20, 70);
    shape.headDim = 2 * pick(1, 4);
    shape.kvHeads = pick(1, 3);
    shape.heads = shape.kvHeads * pick(1, 3);
    shape.width = pick(5, 40);
    shape.inner = pick(3, 70);
    shape.layers = pick(1, 3);
    shape.cached = pick(0, 3);
    shape.tied = coin();
    shape.bias = coin();
    shape.gated = coin();
    shape.rope = coin();
    shape.normTwice = coin();
    if (!shape.cached) shape.kvHeads = shape.heads;
    return shape;
  }

  std::string fresh() { return "%v" + std::to_string(next++); }
  Value define(const std::string &op, int64_t columns) {
    std::string name = fresh();
    body += name + " = lathe." + op + "\n";
    return {name, columns};
  }
  static std::string weightType(ArrayRef<int64_t> shape) {
    std::string text = "!lathe.weight<";
    for (int64_t extent : shape) text += std::to_string(extent) + "x";
    return text + "f32>";
  }
  std::string param(const std::string &key, ArrayRef<int64_t> shape) {
    std::string name = fresh();
    body += name + " = lathe.param \"" + key + "\" from \"model\" : " + weightType(shape) + "\n";
    return name;
  }

  Value linear(Value x, const std::string &weight, int64_t columns) {
    std::string type = weightType({columns, x.columns});
    Value y{"", columns};
    return define("linear " + x.name + ", [" + weight + "] : " + x.type() + ", [" + type + "] -> " + y.type(),
                  columns);
  }
  Value linearAt(Value x, const std::string &key, int64_t columns) {
    Value y = linear(x, param(key + ".weight", {columns, x.columns}), columns);
    if (!s.bias) return y;
    std::string b = param(key + ".bias", {columns});
    return define("bias " + y.name + ", " + b + " : " + y.type() + ", " + weightType({columns}), columns);
  }
  Value norm(Value x, const std::string &key) {
    std::string scale = param(key + ".weight", {x.columns}), type = weightType({x.columns});
    if (!s.bias)
      return define("rms_norm " + x.name + ", " + scale + " epsilon 1.0e-5 : " + x.type() + ", " + type,
                    x.columns);
    std::string b = param(key + ".bias", {x.columns});
    return define("layer_norm " + x.name + ", " + scale + ", " + b + " epsilon 1.0e-5 : " + x.type() + ", " +
                      type + ", " + type,
                  x.columns);
  }
  Value both(const std::string &op, Value a, Value b) {
    return define(op + " " + a.name + ", " + b.name + " : " + a.type(), a.columns);
  }
  Value activation(Value x) {
    const char *kinds[] = {"silu", "gelu", "gelu_tanh", "relu", "tanh", "sigmoid"};
    return define(std::string("activation ") + kinds[pick(0, 5)] + " " + x.name + " : " + x.type(),
                  x.columns);
  }

  void embed() {
    body += "%tokens = lathe.tokens %batch : tensor<?xi32>\n%positions = lathe.positions %batch : "
            "tensor<?xi32>\n";
    table = param("embed.weight", {s.vocabulary, s.width});
    auto lookup = [&](const char *ids, const std::string &weight, int64_t rows) {
      std::string type = weightType({rows, s.width});
      return define(std::string("embedding ") + ids + ", " + weight + " : tensor<?xi32>, " + type + " -> " +
                        Value{"", s.width}.type(),
                    s.width);
    };
    x = lookup("%tokens", table, s.vocabulary);
    if (!s.rope) x = both("add", x, lookup("%positions", param("position.weight", {64, s.width}), 64));
    if (s.rope) {
      std::string frequencies;
      for (int64_t j = 0; j < s.headDim / 2; ++j)
        frequencies += (j ? ", " : "") + std::to_string(1.0 / double(j + 1));
      rotation = define("rope_table %positions {frequencies = array<f32: " + frequencies +
                            ">} : tensor<?xi32> -> " + Value{"", s.headDim}.type(),
                        s.headDim);
    }
  }

  Value rope(Value v, int64_t heads) {
    if (!s.rope) return v;
    return define("rope " + v.name + ", " + rotation.name + " heads " + std::to_string(heads) + " : " +
                      v.type() + ", " + rotation.type(),
                  v.columns);
  }

  Value attention(Value h, int64_t layer, const std::string &at) {
    Value q = rope(linearAt(h, at + "q", s.heads * s.headDim), s.heads);
    Value k = rope(linearAt(h, at + "k", s.kvHeads * s.headDim), s.kvHeads);
    Value v = linearAt(h, at + "v", s.kvHeads * s.headDim);
    std::string state = "@kv" + std::to_string(layer);
    std::string shape =
        " heads " + std::to_string(s.heads) + " over " + std::to_string(s.kvHeads) + " scale 0.5 ";
    if (!s.cached)
      return define("attention " + q.name + " keys " + k.name + " values " + v.name + ", %batch" + shape +
                        ": " + q.type() + ", " + k.type() + ", " + v.type() + " -> " + q.type(),
                    q.columns);
    body += "lathe.cache_write " + k.name + ", " + v.name + ", %batch into " + state + " : " + k.type() +
            ", " + v.type() + "\n";
    return define("attention " + q.name + ", %batch from " + state + shape + "causal : " + q.type() + " -> " +
                      q.type(),
                  q.columns);
  }

  void block(int64_t layer) {
    std::string at = "layers." + std::to_string(layer) + ".";
    Value a = attention(norm(x, at + "norm1"), layer, at);
    x = both("add", x, linearAt(a, at + "o", s.width));
    Value h = norm(x, at + "norm2");
    Value m = activation(linearAt(h, at + "gate", s.inner));
    if (s.gated) m = both("mul", m, linearAt(h, at + "up", s.inner));
    x = both("add", x, linearAt(m, at + "down", s.width));
    if (s.normTwice) x = norm(x, at + "norm3");
  }

  Value logits() {
    Value last = norm(x, "norm");
    Value selected = define("select_outputs " + last.name + ", %batch : " + last.type(), last.columns);
    return linear(selected, s.tied ? table : param("head.weight", {s.vocabulary, s.width}), s.vocabulary);
  }
  Value pooled() {
    const char *kinds[] = {"mean", "first", "last", "max"};
    Value p =
        define(std::string("pool ") + kinds[pick(0, 3)] + " " + x.name + ", %batch : " + x.type(), x.columns);
    return define("l2_normalize " + p.name + " epsilon 1.0e-12 : " + p.type(), p.columns);
  }

  std::mt19937 random;
  Shape s;
  std::string body, table;
  Value x, rotation;
  int next = 0;
};

} // namespace

RandomModel::RandomModel(unsigned seed) { text = Writer(seed).write(entry, vocabulary); }

RandomParams::RandomParams(ModuleOp module) {
  module.walk([&](ParamOp param) {
    WeightType type = param.getResult().getType();
    shapes_[param.getKey().str()] = std::vector<int64_t>(type.getShape());
  });
}

Result<ParamTensor> RandomParams::find(StringRef, StringRef key) const {
  auto found = shapes_.find(key.str());
  if (found == shapes_.end()) return Status(Code::NotFound, "no param " + key.str());
  uint64_t seed = llvm::xxh3_64bits(key);
  auto read = [seed](uint64_t first, std::span<float> out) {
    for (size_t i = 0; i < out.size(); ++i) {
      uint64_t bits = (seed + first + i) * 0x9E3779B97F4A7C15u;
      bits = (bits ^ (bits >> 29)) * 0xBF58476D1CE4E5B9u;
      out[i] = float(double(bits >> 40) / double(1 << 24) - 0.5);
    }
    return Status();
  };
  return ParamTensor{found->second, read};
}
