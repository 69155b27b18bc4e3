// What the configurations of all families have in common: bounds of sizes, and features that none of them
// supports.
#pragma once

#include "Checkpoint/Config.h"

namespace lathe {

// Above any model there is; what a hostile file asks for beyond them is refused before anything is sized by
// it. The largest matrix they allow (vocabulary × features) has 2^42 elements, so sizes in bytes don't
// overflow.
constexpr IntegerRange vocabularySize{1, 1 << 22};
constexpr IntegerRange featureSize{1, 1 << 20};
constexpr IntegerRange layerCount{1, 1 << 12};
constexpr IntegerRange headCount{1, 1 << 12};
constexpr IntegerRange positionCount{1, 1 << 25};
constexpr NumberRange normEpsilon{1e-30, 1};

/// "head_dim", or the model's width over its heads, which must then divide it.
int64_t headSize(Config &config, std::string_view widthKey, int64_t width, std::string_view headsKey,
                 int64_t heads);

/// Features that may stand in any configuration and would change the computation: quantized storage, pruned
/// heads, encoder-decoder and cross-attention. Records an error naming the one that is on.
void requireDense(Config &config);
/// The same; "is_decoder" is what the model is anyway.
void requireDenseDecoder(Config &config);

} // namespace lathe
