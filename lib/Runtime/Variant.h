// Which of a program's code variants a device runs.
#pragma once

#include "Artifact/Artifact_generated.h"
#include "Support/Status.h"

#include <functional>
#include <string>

namespace lathe {

/// The variant named `name`, or else (empty name) the last that runs: they are in order of capability.
/// `whyNot` says why the device can't run one, to be read behind its name, and nothing where it can. Fails
/// with NotFound or Unsupported, listing what there is and what `device` ("this CPU", "cuda:0") lacks.
Result<const fb::Variant *> chooseVariant(const fb::Program &program, const std::string &name,
                                          const std::string &device,
                                          const std::function<std::string(const fb::Variant &)> &whyNot);

} // namespace lathe
