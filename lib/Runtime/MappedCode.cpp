#include "Runtime/MappedCode.h"

#include <cerrno>
#include <cstring>
#include <sys/mman.h>

namespace lathe {

Result<MappedCode> MappedCode::map(const Artifact &artifact, const fb::Variant &variant) {
  void *data = mmap(nullptr, variant.bytes(), PROT_READ | PROT_EXEC, MAP_PRIVATE, artifact.descriptor(),
                    static_cast<off_t>(variant.offset()));
  if (data == MAP_FAILED)
    return Status(
        Code::Unsupported,
        artifact.path() + ": the system refuses to map its code executable (" + std::strerror(errno) +
            "): move the file off a file system that is mounted 'noexec', or allow executable mappings");
  MappedCode image;
  image.data_ = static_cast<std::byte *>(data);
  image.bytes_ = variant.bytes();
  return image;
}

MappedCode::~MappedCode() {
  if (data_) munmap(data_, bytes_);
}

/// The features that `variant` needs and the machine lacks, with commas.
static std::string missingFeatures(const fb::Variant &variant, const CpuFeatures &features) {
  std::string missing;
  for (const flatbuffers::String *feature : *variant.features())
    if (!features.has(feature->string_view())) missing += (missing.empty() ? "" : ", ") + feature->str();
  return missing;
}

std::string whyNot(const fb::Variant &variant, const CpuFeatures &features) {
  if (variant.arch()->string_view() != CpuFeatures::architecture())
    return "is for " + variant.arch()->str() + ", this is " + CpuFeatures::architecture();
  std::string missing = missingFeatures(variant, features);
  return missing.empty() ? missing : "needs " + missing;
}

} // namespace lathe
