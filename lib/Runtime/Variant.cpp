#include "Runtime/Variant.h"

namespace lathe {

Result<const fb::Variant *> chooseVariant(const fb::Program &program, const std::string &name,
                                          const std::string &device,
                                          const std::function<std::string(const fb::Variant &)> &whyNot) {
  std::string names, reasons;
  const fb::Variant *best = nullptr;
  for (const fb::Variant *variant : *program.variants()) {
    std::string reason = whyNot(*variant);
    if (!reason.empty()) reason = "'" + variant->name()->str() + "' " + reason;
    if (variant->name()->str() == name) {
      if (reason.empty()) return variant;
      return Status(Code::Unsupported, device + " can't run the variant: " + reason);
    }
    if (reason.empty())
      best = variant;
    else
      reasons += (reasons.empty() ? "" : "; ") + reason;
    names += (names.empty() ? "" : ", ") + variant->name()->str();
  }
  if (!name.empty())
    return Status(Code::NotFound, "no variant '" + name + "' for " + device + "; the artifact has: " + names);
  if (!best)
    return Status(Code::Unsupported, device + " runs none of the artifact's variants (" + reasons +
                                         "): compile the model for it");
  return best;
}

} // namespace lathe
