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

bool runnable(const fb::Variant &variant, const CpuFeatures &features) {
  return variant.arch()->string_view() == CpuFeatures::architecture() &&
         missingFeatures(variant, features).empty();
}

static std::string whyNot(const fb::Variant &variant, const CpuFeatures &features) {
  std::string name = "'" + variant.name()->str() + "' ";
  if (variant.arch()->string_view() != CpuFeatures::architecture())
    return name + "is for " + variant.arch()->str() + ", this is " + CpuFeatures::architecture();
  return name + "needs " + missingFeatures(variant, features);
}

Result<const fb::Variant *> chooseVariant(const fb::Program &program, const CpuFeatures &features,
                                          const std::string &name) {
  std::string names, reasons;
  const fb::Variant *best = nullptr;
  for (const fb::Variant *variant : *program.variants()) {
    bool runs = runnable(*variant, features);
    if (variant->name()->str() == name) {
      if (runs) return variant;
      return Status(Code::Unsupported, "this CPU can't run the variant " + whyNot(*variant, features));
    }
    if (runs)
      best = variant;
    else
      reasons += (reasons.empty() ? "" : "; ") + whyNot(*variant, features);
    names += (names.empty() ? "" : ", ") + variant->name()->str();
  }
  if (!name.empty()) return Status(Code::NotFound, "no variant '" + name + "'; the artifact has: " + names);
  if (!best)
    return Status(Code::Unsupported, "this CPU runs none of the artifact's variants (" + reasons +
                                         "): compile the model for it");
  return best;
}

} // namespace lathe
