// Whether the data of a tokenizer hold together: every id, range and enumerator, so that nothing behind needs
// to ask.
#pragma once

#include "Support/Status.h"
#include "Tokenizer/Tokenizer_generated.h"

#include <cstddef>
#include <span>

namespace lathe {

/// Verifies the structure of a flatbuffer and unpacks it; memory is in proportion to its size. Errors:
/// Corrupt.
Result<fb::tokenizer::TokenizerDataT> unpackTokenizer(std::span<const std::byte> flatbuffer);

/// Errors: Corrupt, naming the field; Unsupported for a version that is not known.
Status checkTokenizer(const fb::tokenizer::TokenizerDataT &data);

} // namespace lathe
