// Encodings as a user writes them: "int4 group 64", "mxfp4", "<si4, block 1x64, scale <f16>>".
#pragma once

#include "Lathe/LatheDialect.h"

#include <optional>
#include <string>

namespace lathe {

/// How a matrix is to be stored.
struct EncodingChoice {
  EncodingAttr encoding; ///< null: as it is
  ClipKind clip = ClipKind::None;
  double pruned = 0; ///< share of the elements to set to zero before
  bool operator==(const EncodingChoice &) const = default;
};

/// `bits` bits (2 to 8) in blocks of 1 x `group` (0: per row), symmetric, or affine with offsets. Scales of
/// groups are f16, scales of rows f32.
EncodingAttr integerEncoding(mlir::MLIRContext *context, unsigned bits, int64_t group, bool affine = false);

/// The same encoding with or without a bitmap of what is not zero.
EncodingAttr withBitmap(EncodingAttr encoding, bool bitmap);

/// Parses a preset and its modifiers, or an encoding attribute:
///   int2 .. int8 [group N | channel | tensor] [affine] [mse | rtn] [bitmap]
///   nf4 [group N] [mse | rtn], mxfp4, q4_k, f32, f16, bf16, keep
///   <...> [mse | rtn]
/// and before any of them `prune SHARE`, a share in (0, 1).
/// Integers of up to 6 bits come in groups of `group` columns (0: per row), wider ones per row, where the
/// text does not say. `error` tells what is wrong and what is allowed.
std::optional<EncodingChoice> parseEncoding(llvm::StringRef text, int64_t group, mlir::MLIRContext *context,
                                            std::string &error);

/// An encoding in a user's words where it has a preset: "int4 group 64"; its attribute otherwise.
std::string describeEncoding(EncodingAttr encoding);

/// A choice in the words that parseEncoding takes: "prune 0.5 int8 channel rtn".
std::string describeChoice(const EncodingChoice &choice);

} // namespace lathe
