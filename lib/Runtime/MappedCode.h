// Native code, mapped from the artifact as it is.
#pragma once

#include "Artifact/Artifact.h"
#include "Artifact/KernelABI.h"
#include "Runtime/CpuFeatures.h"

namespace lathe {

/// A variant's flat image, readable and executable. It has no imports and no relocations: an entry is an
/// offset, checked by the artifact's reader.
class MappedCode {
public:
  /// Fails with Unsupported where the system refuses executable mappings of this file.
  static Result<MappedCode> map(const Artifact &artifact, const fb::Variant &variant);
  MappedCode() = default;
  MappedCode(MappedCode &&other) noexcept
      : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  MappedCode &operator=(MappedCode &&other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~MappedCode();

  Kernel kernel(uint64_t offset) const { return reinterpret_cast<Kernel>(data_ + offset); }

private:
  std::byte *data_ = nullptr;
  size_t bytes_ = 0;
};

/// What keeps a machine with `features` from running `variant`, to be read behind its name; empty where it
/// runs.
std::string whyNot(const fb::Variant &variant, const CpuFeatures &features);

} // namespace lathe
