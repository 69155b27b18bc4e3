#include "Describe.h"

namespace lathe::tool {

static void addEntriesAndStates(const lathe_model *model, const lathe_model_info &info, Part &part) {
  Json entries = Json::array(), states = Json::array();
  for (size_t i = 0; i < info.entries; ++i) {
    lathe_entry_info entry = entryOf(model, i);
    part.table.add({i ? "" : "entry points", format("%s: %zu dispatches, %u columns", entry.name,
                                                    entry.dispatches, entry.result_columns)});
    entries.push_back(
        {{"name", entry.name}, {"dispatches", entry.dispatches}, {"columns", entry.result_columns}});
  }
  for (size_t i = 0; i < info.states; ++i) {
    lathe_state_info state = LATHE_INIT(lathe_state_info);
    check(lathe_model_get_state(model, i, &state));
    states.push_back({{"name", state.name}, {"grows", state.grows != 0}, {"bytes", state.bytes}});
  }
  if (info.states)
    part.table.add({"sequence state",
                    format("%zu states: %s for 64 positions, %s fixed", info.states,
                           formatBytes(info.block_bytes).c_str(), formatBytes(info.fixed_bytes).c_str())});
  part.json["entries"] = entries;
  part.json["states"] = states;
}

Part describeSummary(const lathe_model *model) {
  lathe_model_info info = infoOf(model);
  double bits = bitsPerWeight(model);
  Part part{"model", Table({"", ""}), Json::object()};
  std::vector<int32_t> stops(info.stop_tokens, info.stop_tokens + info.stop_token_count);
  part.json = {{"name", info.name},
               {"family", info.family},
               {"producer", info.producer},
               {"target", info.target},
               {"numerics", info.numerics},
               {"recipe", info.recipe},
               {"parameters", info.parameters},
               {"bits_per_weight", bits},
               {"file_bytes", info.file_bytes},
               {"weight_bytes", info.weight_bytes},
               {"vocabulary", info.vocabulary},
               {"context", info.context},
               {"max_rows", info.max_rows},
               {"max_outputs", info.max_outputs},
               {"embedding_columns", info.embedding_columns},
               {"hidden_columns", info.hidden_columns},
               {"has_tokenizer", info.has_tokenizer != 0},
               {"stop_tokens", stops},
               {"arena_bytes", info.arena_bytes},
               {"hash", format("%016llx", (unsigned long long)info.hash)}};
  std::string stopText;
  for (int32_t stop : stops) stopText += (stopText.empty() ? "" : ", ") + std::to_string(stop);
  part.table.add(
      {"model", format("%s (%s), %.2f M parameters", info.name, info.family, double(info.parameters) / 1e6)});
  part.table.add(
      {"file", format("%s, of which weights %s; %.2f bits per weight", formatBytes(info.file_bytes).c_str(),
                      formatBytes(info.weight_bytes).c_str(), bits)});
  part.table.add({"numerics", info.numerics});
  part.table.add({"recipe", info.recipe});
  part.table.add({"context", format("%u tokens; %u rows at once, %u rows of logits", info.context,
                                    info.max_rows, info.max_outputs)});
  part.table.add({"vocabulary", format("%u, %s", info.vocabulary,
                                       info.has_tokenizer ? "with a tokenizer" : "no tokenizer")});
  part.table.add({"stop tokens", stopText.empty() ? "none" : stopText});
  addEntriesAndStates(model, info, part);
  part.table.add({"arena", formatBytes(info.arena_bytes)});
  part.table.add({"made by", format("%s, for %s; hash %016llx", info.producer, info.target,
                                    (unsigned long long)info.hash)});
  return part;
}

Part describeVariants(const lathe_model *model) {
  Part part{"variants", Table({"code", "needs", ">bytes", "runs here"}), Json::array()};
  for (size_t i = 0; i < infoOf(model).variants; ++i) {
    lathe_variant_info variant = LATHE_INIT(lathe_variant_info);
    check(lathe_model_get_variant(model, i, &variant));
    part.table.add({variant.name, format("%s: %s", variant.arch, variant.features),
                    formatBytes(variant.code_bytes), variant.runnable ? "yes" : "no"});
    part.json.push_back({{"name", variant.name},
                         {"arch", variant.arch},
                         {"features", variant.features},
                         {"code_bytes", variant.code_bytes},
                         {"runnable", variant.runnable != 0}});
  }
  return part;
}

Part describeMemory(const lathe_model *model, const lathe_session_options &options) {
  lathe_memory memory = LATHE_INIT(lathe_memory);
  check(lathe_session_plan(model, &options, &memory));
  Part part{"memory", Table({"memory of a session", ">bytes", ""}), Json::object()};
  auto add = [&](const char *name, uint64_t bytes, const char *comment) {
    part.table.add({name, formatBytes(bytes), comment});
    part.json[name] = bytes;
  };
  add("weights", memory.weights, "mapped from the file");
  add("code", memory.code, "mapped from the file");
  add("pool", memory.pool, "growing sequence state: keys and values");
  add("fixed", memory.fixed, "fixed-size sequence state");
  add("arena", memory.arena, "intermediate values and results");
  add("scratch", memory.scratch, "of all threads");
  add("host", memory.host, "tables");
  add("needed", memory.needed, "private memory: the five above");
  add("available", memory.available, "free in this machine, within its limits");
  add("total", memory.total, "of this machine, within its limits");
  return part;
}

} // namespace lathe::tool
