// One .safetensors file: an 8-byte little-endian length, a JSON header of that length, then the tensors'
// bytes.
//
// The format: https://github.com/huggingface/safetensors#format. Everything that the header claims is checked
// when the file is opened; afterwards a tensor's bytes are a span of the mapping. Differences from the
// reference reader: holes between tensors are accepted, overlaps are not.
#pragma once

#include "Checkpoint/DType.h"
#include "Support/MappedFile.h"
#include "Support/Status.h"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lathe {

/// What a header says of one tensor, checked against the file.
struct TensorInfo {
  std::string name;
  DType dtype = DType::F32;
  std::vector<int64_t> shape; ///< row-major; empty for a scalar
  uint64_t offset = 0;        ///< of the first byte, from the start of the file; not aligned
  uint64_t bytes = 0;

  uint64_t elements() const;
};

/// "[32000, 2048]"
std::string shapeText(std::span<const int64_t> shape);

/// Parses and checks a whole file that is in memory. Errors are Corrupt, naming the tensor where there is
/// one. The tensors come back sorted by name. `metadata` (may be null) receives the "__metadata__" strings.
Result<std::vector<TensorInfo>> parseSafetensors(std::span<const std::byte> file,
                                                 std::map<std::string, std::string> *metadata = nullptr);

/// Converts elements [first, first + out.size()) of a tensor, whose bytes are `data`, to f32 (see
/// widenToF32). Errors: Unsupported where the type is not F32, F16 or BF16; InvalidArgument where the range
/// does not lie within it.
Status readF32(const TensorInfo &tensor, std::span<const std::byte> data, uint64_t first,
               std::span<float> out);

class Safetensors {
public:
  /// Maps and checks the file; every error names it.
  static Result<Safetensors> open(const std::string &path);

  const std::string &path() const { return path_; }
  /// Sorted by name.
  std::span<const TensorInfo> tensors() const { return tensors_; }
  /// Null where there is none of that name.
  const TensorInfo *find(std::string_view name) const;
  const std::map<std::string, std::string> &metadata() const { return metadata_; }
  /// The stored bytes of one of tensors(); they live as long as this object.
  std::span<const std::byte> bytes(const TensorInfo &tensor) const;
  const MappedFile &file() const { return file_; }

private:
  Safetensors(std::string path, MappedFile file) : path_(std::move(path)), file_(std::move(file)) {}
  std::string path_;
  MappedFile file_;
  std::vector<TensorInfo> tensors_;
  std::map<std::string, std::string> metadata_;
};

} // namespace lathe
