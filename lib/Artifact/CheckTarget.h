// The parts of the checks that depend on what a program is for.
#pragma once

#include "Artifact/Artifact_generated.h"
#include "Support/Status.h"

#include <cstddef>
#include <span>

namespace lathe {

/// Work groups, operands, architectures and code entries of `program`, which has passed checkProgram(). Fails
/// with Corrupt.
Status checkTarget(const fb::Program &program);

/// The programs of `header` among each other: one for a target, and entries of one name with the same result.
Status checkPrograms(const fb::Header &header);

/// The code of `variant`, as far as it can be told without a driver: SPIR-V begins as SPIR-V, PTX is one
/// text. Fails with Corrupt.
Status checkImage(const fb::Variant &variant, std::span<const std::byte> image);

} // namespace lathe
