// What a session takes on each kind of device that the artifact has a program for.
#include "Describe.h"

namespace lathe::tool {

namespace {
struct MemoryRow {
  const char *name;
  uint64_t lathe_memory::*bytes;
  const char *comment;
};
constexpr MemoryRow kRows[] = {
    {"weights", &lathe_memory::weights, "mapped from the file; copied to a GPU"},
    {"code", &lathe_memory::code, "the same"},
    {"pool", &lathe_memory::pool, "growing sequence state: keys and values"},
    {"fixed", &lathe_memory::fixed, "fixed-size sequence state"},
    {"arena", &lathe_memory::arena, "intermediate values and results"},
    {"scratch", &lathe_memory::scratch, "of all threads; on a GPU of one launch"},
    {"tables", &lathe_memory::tables, "of a batch, on a GPU"},
    {"device_needed", &lathe_memory::device_needed, "all of the above on a GPU"},
    {"device_available", &lathe_memory::device_available, "free in the GPU; 0: it is not here"},
    {"device_total", &lathe_memory::device_total, "of the GPU"},
    {"host", &lathe_memory::host, "tables and results"},
    {"needed", &lathe_memory::needed, "private memory; on a CPU with pool, fixed, arena and scratch"},
    {"available", &lathe_memory::available, "free in this machine, within its limits"},
    {"total", &lathe_memory::total, "of this machine, within its limits"},
};
} // namespace

/// The device asked for, or else each kind that there is a program for.
static std::vector<std::string> devicesToPlan(const lathe_model *model,
                                              const lathe_session_options &options) {
  if (options.device) return {options.device};
  std::vector<std::string> devices;
  for (size_t p = 0; p < infoOf(model).programs; ++p) devices.push_back(programOf(model, p).target);
  return devices;
}

Part describeMemory(const lathe_model *model, lathe_session_options options) {
  std::vector<std::string> headings = {"memory of a session"};
  std::vector<lathe_memory> plans;
  Json json = Json::object();
  for (const std::string &device : devicesToPlan(model, options)) {
    options.device = device.c_str();
    lathe_memory memory = LATHE_INIT(lathe_memory);
    check(lathe_session_plan(model, &options, &memory));
    for (const MemoryRow &row : kRows) json[device][row.name] = memory.*row.bytes;
    plans.push_back(memory);
    headings.push_back(">" + device);
  }
  headings.push_back("");
  Part part{"memory", Table(headings), json};
  for (const MemoryRow &row : kRows) {
    std::vector<std::string> cells = {row.name};
    bool any = false;
    for (const lathe_memory &plan : plans) {
      cells.push_back(formatBytes(plan.*row.bytes));
      any = any || plan.*row.bytes != 0;
    }
    cells.push_back(row.comment);
    if (any) part.table.add(std::move(cells));
  }
  return part;
}

} // namespace lathe::tool
