// Everything that must hold in a header before any of it is used.
#pragma once

#include "Artifact/Artifact_generated.h"
#include "Artifact/Format.h"
#include "Support/Status.h"

#include <functional>
#include <span>

namespace lathe {

/// Checks that `header` is a well-formed flatbuffer, and every count, index, offset, size, alignment, order
/// and overlap in it against each other and against the length of the file. Fails with Corrupt and the place
/// ("programs[0].kernels[3] 'rms_norm': ..."). `header` must be aligned to 8 bytes. Hashes are the caller's.
Status checkHeader(std::span<const std::byte> header, const Preamble &preamble);

/// What can be told of the code of all variants without running it; `header` has passed checkHeader(). Fails
/// with Corrupt.
Status checkImages(const fb::Header &header,
                   const std::function<std::span<const std::byte>(const fb::Variant &)> &imageOf);

} // namespace lathe
