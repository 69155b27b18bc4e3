// The part of checkHeader() that is about one program.
#pragma once

#include "Artifact/Artifact_generated.h"
#include "Support/Status.h"

#include <string>
#include <vector>

namespace lathe {

/// A range of bytes with its name, for finding overlaps.
struct NamedRange {
  uint64_t offset;
  uint64_t bytes;
  std::string name;
};

/// Fails with Corrupt where two ranges share a byte. Sorts `ranges`.
Status checkDisjoint(std::vector<NamedRange> &ranges);

inline Status corrupt(const std::string &message) { return Status(Code::Corrupt, message); }

/// Kernels, states, entries and variants of `program` against each other and against `header`; adds the code
/// images to `sections`.
Status checkProgram(const fb::Program &program, const fb::Header &header, uint64_t fileBytes,
                    std::vector<NamedRange> &sections);

} // namespace lathe
