// An artifact as `lathe inspect` shows it: each part as a table and as JSON.
#pragma once

#include "Output.h"
#include "Runtime.h"

namespace lathe::tool {

/// One kind of thing that an artifact holds.
struct Part {
  const char *name; ///< in JSON, and as the heading
  Table table;
  Json json;
};

/// Pairs "what: value" about the model.
Part describeSummary(const lathe_model *model);
/// A program for each kind of device, and the code variants of each.
Part describePrograms(const lathe_model *model);
Part describeVariants(const lathe_model *model);
/// Name, encoding, shape, bits per weight, error of each stored weight.
Part describeTensors(const lathe_model *model);
/// The list of launches of each entry point of each program.
Part describeDispatches(const lathe_model *model);
/// What a session with `options` takes, on its device or on each kind that there is a program for.
Part describeMemory(const lathe_model *model, lathe_session_options options);
Part describeRemarks(const lathe_model *model);

} // namespace lathe::tool
