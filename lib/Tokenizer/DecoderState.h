// How far a text has been decoded: apart from the decoder, so that Tokenizer.h stays light.
#pragma once

#include "Tokenizer/Utf8.h"

#include <cstdint>

namespace lathe {

struct DecoderState {
  Utf8Stream characters;
  uint32_t leading = 0; ///< spaces that the start of the text has lost
  bool any = false;     ///< a token has been decoded
  bool begun = false;   ///< the text has begun: no leading space is dropped any more
};

} // namespace lathe
