// lathe compile
#include "Command.h"
#include "CompilerLibrary.h"
#include "Output.h"
#include "Runtime.h"
#include "Text.h"

#include <chrono>
#include <filesystem>

using namespace lathe::tool;

namespace {

struct CompileArguments {
  std::string model, output, weights, group, recipe, activations, cache, pipeline, emit, compileTo,
      checkpoint, targets, variants;
  uint32_t maxRows = 0, maxOutputs = 0, threads = 0;
  bool remarks = false, quiet = false;
};

const char *orNull(const std::string &text) { return text.empty() ? nullptr : text.c_str(); }

/// "4.31 bits per weight" of what was written.
void printResult(const CompileArguments &arguments, double seconds) {
  ModelPtr model = openModel(arguments.output);
  lathe_model_info info = infoOf(model.get());
  std::fprintf(stderr, "%s: %s, %.2f bits per weight, in %.2f s\n", arguments.output.c_str(),
               formatBytes(info.file_bytes).c_str(), bitsPerWeight(model.get()), seconds);
}

/// Said now rather than when all the work is done.
void requireFolderOf(const std::string &output) {
  std::filesystem::path folder = std::filesystem::path(output).parent_path();
  std::error_code ignored;
  if (!folder.empty() && !std::filesystem::is_directory(folder, ignored))
    throw Failure{output + ": there is no folder " + folder.string()};
}

void run(const CompileArguments &arguments) {
  bool artifact = arguments.compileTo.empty() && (arguments.emit.empty() || arguments.emit == "artifact");
  if (artifact && (arguments.output.empty() || arguments.output == "-"))
    throw CLI::ValidationError("-o", "an artifact needs a file to go to: give -o FILE.lathe");
  requireFolderOf(arguments.output);
  std::string recipe = arguments.recipe.empty() ? "" : readText(arguments.recipe);
  auto start = std::chrono::steady_clock::now();
  lathe_compile_options options = LATHE_INIT(lathe_compile_options);
  options.output = orNull(arguments.output);
  options.weights = orNull(arguments.weights);
  options.group = orNull(arguments.group);
  options.recipe = orNull(recipe);
  options.activations = orNull(arguments.activations);
  options.cache = orNull(arguments.cache);
  options.pipeline = orNull(arguments.pipeline);
  options.emit = orNull(arguments.emit);
  options.compile_to = orNull(arguments.compileTo);
  options.checkpoint = orNull(arguments.checkpoint);
  options.targets = orNull(arguments.targets);
  options.variants = orNull(arguments.variants);
  options.max_rows = arguments.maxRows;
  options.max_outputs = arguments.maxOutputs;
  options.threads = arguments.threads;
  options.remarks = arguments.remarks;
  options.log = [](void *, lathe_log_level, const char *line) { std::fprintf(stderr, "%s\n", line); };
  compileModel(arguments.model, options, arguments.quiet);
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (artifact && !arguments.quiet) printResult(arguments, seconds);
}

} // namespace

void lathe::tool::addCompile(CLI::App &app) {
  auto *command = app.add_subcommand("compile", "Compile a checkpoint to one .lathe file");
  auto arguments = std::make_shared<CompileArguments>();
  CompileArguments &a = *arguments;
  command->add_option("model", a.model, "Hugging Face folder, or an .mlir file of any phase")->required();
  command->add_option("-o,--output", a.output, "file to write; texts go to standard output without it");
  command->add_option("--weights", a.weights, "how matrices are stored (default: as in the checkpoint)")
      ->check(CLI::IsMember({"f32", "bf16", "f16", "int8", "int4"}));
  command->add_option("--group", a.group, "columns that share a scale")
      ->check(CLI::IsMember({"32", "64", "128", "channel"}));
  command->add_option("--recipe", a.recipe,
                      "file of lines \"name pattern -> encoding\", tried before --weights");
  command
      ->add_option("--activations", a.activations,
                   "arithmetic of matrix products (default: int8 with integer weights)")
      ->check(CLI::IsMember({"f32", "bf16", "f16", "int8"}));
  command
      ->add_option("--cache", a.cache, "type of cached keys and values (default: bf16; f32 with f32 weights)")
      ->check(CLI::IsMember({"f32", "bf16", "f16"}));
  command->add_option("--pipeline", a.pipeline,
                      "pass pipeline to run in place of the graph and compress phases");
  command->add_option("--emit", a.emit, "what to write (default: artifact)")
      ->check(CLI::IsMember({"artifact", "lathe", "exec", "kernels", "llvm", "asm"}));
  command->add_option("--compile-to", a.compileTo, "stop behind a phase and write the IR")
      ->check(CLI::IsMember({"import", "graph", "compress", "lower"}))
      ->excludes("--emit");
  command->add_option("--checkpoint", a.checkpoint, "folder with weights and tokenizer, for an .mlir file");
  command->add_option("--target", a.targets,
                      "cpu, vulkan, cuda, or several separated by commas (default: cpu)");
  command->add_option("--variants", a.variants,
                      "instruction sets or kinds of GPU, separated by commas (default: all of the targets)");
  command->add_option("--max-rows", a.maxRows, "tokens computed at once (default: 512)");
  command->add_option("--max-outputs", a.maxOutputs, "rows of logits computed at once (default: 16)");
  command->add_option("--threads", a.threads, "default: one a core");
  command->add_flag("--remarks", a.remarks, "print every decision, with its reason");
  command->add_flag("-q,--quiet", a.quiet, "no progress");
  command->footer("Examples:\n"
                  "  lathe compile models/storyteller -o story.lathe --weights int4\n"
                  "  lathe compile DIR --weights int4 --group 32 --remarks -o model.lathe\n"
                  "  lathe compile DIR --compile-to graph -o model.mlir      # dump, edit, then go on:\n"
                  "  lathe compile model.mlir --checkpoint DIR -o model.lathe\n"
                  "  lathe compile DIR --weights int4 --target cpu,vulkan,cuda -o model.lathe\n"
                  "  lathe compile DIR --emit asm --variants avx2            # the machine code, as text");
  command->callback([arguments] { run(*arguments); });
}
