// JSON from untrusted files: bounded depth and size, duplicate keys refused, no exception comes out.
#pragma once

#include "Support/Status.h"

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>

namespace lathe {

/// What a document may cost. Values count scalars, arrays and objects; each takes some 100 bytes of memory at
/// most.
struct JsonLimits {
  size_t bytes = 16 << 20;
  size_t values = 256 << 10;
  unsigned depth = 32;
};

/// Parses a whole UTF-8 document. Errors: Corrupt with what is wrong and where (syntax, a key given twice in
/// one object, invalid UTF-8), or that a limit is passed. Trailing whitespace is allowed, other trailing text
/// is not.
Result<nlohmann::json> parseJson(std::string_view text, const JsonLimits &limits = {});

/// Reads and parses the file; every error names it. NotFound where it does not exist.
Result<nlohmann::json> readJson(const std::string &path, const JsonLimits &limits = {});

/// A name out of a file, fit for a message: in quotes, control characters replaced, long ones cut.
std::string inQuotes(std::string_view name);

/// Whether a name out of a file is that of an entry of the same folder: no separators, not "." or "..".
bool isPlainFileName(const std::string &name);

} // namespace lathe
