#include "Describe.h"

namespace lathe::tool {

/// "!lathe.weight<512x256x<si4, block 1x64, scale <f16>>, panel 64>" without what the other columns say.
static std::string shortEncoding(const lathe_weight_info &weight) {
  std::string text = weight.encoding, opening = "!lathe.weight<";
  if (!text.starts_with(opening) || !text.ends_with('>')) return text;
  text = text.substr(opening.size(), text.size() - opening.size() - 1);
  size_t shape = text.find_first_not_of("0123456789x");
  return shape == std::string::npos ? text : text.substr(shape);
}

Part describeTensors(const lathe_model *model) {
  Part part{"tensors", Table({"weight", "encoding", ">rows", ">columns", ">bytes", ">bits", ">error"}),
            Json::array()};
  for (size_t i = 0; i < infoOf(model).weights; ++i) {
    lathe_weight_info weight = weightOf(model, i);
    part.table.add({weight.name, shortEncoding(weight), std::to_string(weight.rows),
                    std::to_string(weight.columns), formatBytes(weight.bytes), format("%.2f", weight.bits),
                    weight.error > 0 ? format("%.4f", weight.error) : "exact"});
    part.json.push_back({{"name", weight.name},
                         {"encoding", weight.encoding},
                         {"rows", weight.rows},
                         {"columns", weight.columns},
                         {"offset", weight.offset},
                         {"bytes", weight.bytes},
                         {"bits", weight.bits},
                         {"error", weight.error}});
  }
  return part;
}

static void addDispatches(const lathe_model *model, size_t p, size_t e, Part &part) {
  lathe_program_info program = programOf(model, p);
  lathe_entry_info entry = entryOf(model, p, e);
  auto count = [](uint32_t value) { return value ? std::to_string(value) : std::string(); };
  auto bytes = [](uint64_t value) { return value ? formatBytes(value) : std::string(); };
  for (size_t i = 0; i < entry.dispatches; ++i) {
    lathe_dispatch_info dispatch = LATHE_INIT(lathe_dispatch_info);
    check(lathe_model_get_dispatch(model, p, e, i, &dispatch));
    part.table.add({program.target, entry.name, std::to_string(i), dispatch.label, dispatch.kernel,
                    std::to_string(dispatch.bindings), std::to_string(dispatch.classes),
                    count(dispatch.threads), count(dispatch.join_threads), bytes(dispatch.weight_bytes),
                    bytes(dispatch.scratch_bytes)});
    part.json.push_back({{"target", program.target},
                         {"entry", entry.name},
                         {"index", i},
                         {"label", dispatch.label},
                         {"kernel", dispatch.kernel},
                         {"operands", dispatch.bindings},
                         {"classes", dispatch.classes},
                         {"threads", dispatch.threads},
                         {"join_threads", dispatch.join_threads},
                         {"weight_bytes", dispatch.weight_bytes},
                         {"scratch_bytes", dispatch.scratch_bytes}});
  }
}

Part describeDispatches(const lathe_model *model) {
  Part part{"dispatches",
            Table({"program", "entry", ">#", "computes", "kernel", ">operands", ">classes", ">threads",
                   ">join", ">weights", ">scratch"}),
            Json::array()};
  for (size_t p = 0; p < infoOf(model).programs; ++p)
    for (size_t e = 0; e < programOf(model, p).entries; ++e) addDispatches(model, p, e, part);
  return part;
}

Part describeRemarks(const lathe_model *model) {
  Part part{"remarks", Table({"remark", "pass", "where", "what"}), Json::array()};
  for (size_t i = 0; i < infoOf(model).remarks; ++i) {
    lathe_remark_info remark = LATHE_INIT(lathe_remark_info);
    check(lathe_model_get_remark(model, i, &remark));
    std::string where = *remark.location ? remark.location : remark.function;
    part.table.add({remark.kind, remark.pass, where, remark.text});
    part.json.push_back({{"kind", remark.kind},
                         {"pass", remark.pass},
                         {"function", remark.function},
                         {"location", remark.location},
                         {"text", remark.text}});
  }
  return part;
}

} // namespace lathe::tool
