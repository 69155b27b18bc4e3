#include "Describe.h"

#include <sstream>

namespace lathe::tool {

/// A rule a row. Of many, the first ones and the last, which is for most matrices.
static void addRecipe(const std::string &recipe, Table &table) {
  constexpr size_t shown = 6;
  std::vector<std::string> lines;
  std::stringstream text(recipe);
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  if (lines.size() > shown) {
    lines[shown - 2] = format("... %zu more: lathe inspect --recipe", lines.size() - shown + 1);
    lines.erase(lines.begin() + shown - 1, lines.end() - 1);
  }
  for (size_t i = 0; i < lines.size(); ++i) table.add({i ? "" : "recipe", lines[i]});
}

Part describeSummary(const lathe_model *model) {
  lathe_model_info info = infoOf(model);
  double bits = bitsPerWeight(model);
  Part part{"model", Table({"", ""}), Json::object()};
  std::vector<int32_t> stops(info.stop_tokens, info.stop_tokens + info.stop_token_count);
  part.json = {{"name", info.name},
               {"family", info.family},
               {"producer", info.producer},
               {"numerics", info.numerics},
               {"recipe", info.recipe},
               {"parameters", info.parameters},
               {"bits_per_weight", bits},
               {"file_bytes", info.file_bytes},
               {"weight_bytes", info.weight_bytes},
               {"vocabulary", info.vocabulary},
               {"context", info.context},
               {"embedding_columns", info.embedding_columns},
               {"hidden_columns", info.hidden_columns},
               {"has_tokenizer", info.has_tokenizer != 0},
               {"stop_tokens", stops},
               {"hash", format("%016llx", (unsigned long long)info.hash)}};
  std::string stopText;
  for (int32_t stop : stops) stopText += (stopText.empty() ? "" : ", ") + std::to_string(stop);
  part.table.add(
      {"model", format("%s (%s), %.2f M parameters", info.name, info.family, double(info.parameters) / 1e6)});
  part.table.add(
      {"file", format("%s, of which weights %s; %.2f bits per weight", formatBytes(info.file_bytes).c_str(),
                      formatBytes(info.weight_bytes).c_str(), bits)});
  part.table.add({"numerics", info.numerics});
  addRecipe(info.recipe, part.table);
  part.table.add({"context", format("%u tokens", info.context)});
  part.table.add({"vocabulary", format("%u, %s", info.vocabulary,
                                       info.has_tokenizer ? "with a tokenizer" : "no tokenizer")});
  part.table.add({"stop tokens", stopText.empty() ? "none" : stopText});
  part.table.add({"made by", format("%s; hash %016llx", info.producer, (unsigned long long)info.hash)});
  return part;
}

static Json statesAsJson(const lathe_model *model, size_t program, size_t count) {
  Json states = Json::array();
  for (size_t i = 0; i < count; ++i) {
    lathe_state_info state = LATHE_INIT(lathe_state_info);
    check(lathe_model_get_state(model, program, i, &state));
    states.push_back({{"name", state.name}, {"grows", state.grows != 0}, {"bytes", state.bytes}});
  }
  return states;
}

Part describePrograms(const lathe_model *model) {
  Part part{"programs",
            Table({"program", ">rows at once", ">of logits", "entry points", ">arena", ">64 positions",
                   ">fixed state"}),
            Json::array()};
  for (size_t p = 0; p < infoOf(model).programs; ++p) {
    lathe_program_info program = programOf(model, p);
    Json entries = Json::array();
    std::string names;
    for (size_t i = 0; i < program.entries; ++i) {
      lathe_entry_info entry = entryOf(model, p, i);
      names += format("%s%s (%zu)", i ? ", " : "", entry.name, entry.dispatches);
      entries.push_back(
          {{"name", entry.name}, {"dispatches", entry.dispatches}, {"columns", entry.result_columns}});
    }
    part.table.add({program.target, std::to_string(program.max_rows), std::to_string(program.max_outputs),
                    names, formatBytes(program.arena_bytes), formatBytes(program.block_bytes),
                    formatBytes(program.fixed_bytes)});
    part.json.push_back({{"target", program.target},
                         {"max_rows", program.max_rows},
                         {"max_outputs", program.max_outputs},
                         {"arena_bytes", program.arena_bytes},
                         {"block_bytes", program.block_bytes},
                         {"fixed_bytes", program.fixed_bytes},
                         {"entries", entries},
                         {"states", statesAsJson(model, p, program.states)}});
  }
  return part;
}

Part describeVariants(const lathe_model *model) {
  Part part{"variants", Table({"program", "code", "needs", ">bytes", "runs here"}), Json::array()};
  for (size_t p = 0; p < infoOf(model).programs; ++p) {
    lathe_program_info program = programOf(model, p);
    for (size_t i = 0; i < program.variants; ++i) {
      lathe_variant_info variant = LATHE_INIT(lathe_variant_info);
      check(lathe_model_get_variant(model, p, i, &variant));
      part.table.add({program.target, variant.name, format("%s: %s", variant.arch, variant.features),
                      formatBytes(variant.code_bytes), variant.runnable ? "yes" : "no"});
      part.json.push_back({{"target", program.target},
                           {"name", variant.name},
                           {"arch", variant.arch},
                           {"features", variant.features},
                           {"code_bytes", variant.code_bytes},
                           {"runnable", variant.runnable != 0}});
    }
  }
  return part;
}

} // namespace lathe::tool
