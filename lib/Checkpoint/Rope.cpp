#include "Checkpoint/Rope.h"

#include <cmath>
#include <numbers>

namespace lathe {

std::vector<float> Rope::inverseFrequencies(int64_t headDim) const {
  std::vector<float> frequencies;
  float lowWavelength = static_cast<float>(static_cast<double>(originalMaxPositions) / lowFreqFactor);
  float highWavelength = static_cast<float>(static_cast<double>(originalMaxPositions) / highFreqFactor);
  for (int64_t i = 0; i < headDim; i += 2) {
    float exponent = static_cast<float>(i) / static_cast<float>(headDim);
    float frequency = 1.0f / std::pow(static_cast<float>(theta), exponent);
    if (scaling == Scaling::Linear) frequency /= static_cast<float>(factor);
    if (scaling == Scaling::Llama3) {
      float wavelength = 2 * std::numbers::pi_v<float> / frequency;
      float scaled = frequency / static_cast<float>(factor);
      // The share of the unscaled frequency: 0 at the low-frequency end, 1 at the high one.
      float share =
          (static_cast<float>(originalMaxPositions) / wavelength - static_cast<float>(lowFreqFactor)) /
          static_cast<float>(highFreqFactor - lowFreqFactor);
      if (wavelength > lowWavelength)
        frequency = scaled;
      else if (wavelength >= highWavelength)
        frequency = (1 - share) * scaled + share * frequency;
    }
    frequencies.push_back(frequency);
  }
  return frequencies;
}

static void requireWholeHead(Config &config) {
  if (config.number("partial_rotary_factor", {0, 1}, 1) != 1)
    config.fail(Code::Unsupported, "partial_rotary_factor",
                "rotates a part of each head; only whole heads are rotated");
}

/// One "rope_scaling" or "rope_parameters" object. Before transformers 4.43 the kind was called "type".
static Rope readParameters(Config config, double theta, int64_t maxPositions) {
  Rope rope;
  rope.theta = config.number("rope_theta", positiveNumber, theta);
  requireWholeHead(config);
  std::string type = config.text("type", "");
  std::string kind = config.text("rope_type", type.empty() ? "default" : type);
  if (!type.empty() && type != kind) config.fail(Code::Corrupt, "rope_type", "contradicts 'type'");
  if (kind == "default") return rope;
  if (kind != "linear" && kind != "llama3") {
    config.fail(Code::Unsupported, "rope_type",
                "is '" + kind.substr(0, 40) + "'; supported are default, linear and llama3");
    return rope;
  }
  rope.factor = config.number("factor", {1, 1e6});
  rope.scaling = Rope::Scaling::Linear;
  if (kind == "linear") return rope;
  rope.scaling = Rope::Scaling::Llama3;
  rope.lowFreqFactor = config.number("low_freq_factor", {1e-3, 1e6});
  rope.highFreqFactor = config.number("high_freq_factor", {1e-3, 1e6});
  rope.originalMaxPositions = config.integer("original_max_position_embeddings", positiveSize, maxPositions);
  if (config.status().ok() && rope.highFreqFactor <= rope.lowFreqFactor)
    config.fail(Code::Corrupt, "high_freq_factor", "is not above 'low_freq_factor'");
  return rope;
}

Rope readRope(Config &config, int64_t maxPositions) {
  double theta = config.number("rope_theta", positiveNumber, 10000);
  requireWholeHead(config);
  Rope plain;
  plain.theta = theta;
  auto scaling = config.nested("rope_scaling");
  auto parameters = config.nested("rope_parameters");
  if (!scaling && !parameters) return plain;
  Rope rope = readParameters(parameters ? *parameters : *scaling, theta, maxPositions);
  if (scaling && parameters && !(readParameters(*scaling, theta, maxPositions) == rope))
    config.fail(Code::Corrupt, "rope_scaling", "contradicts 'rope_parameters'");
  return rope;
}

} // namespace lathe
