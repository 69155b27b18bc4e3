#include "CompiledModel.h"

#include "Compiler/Describe.h"
#include "Compiler/Source.h"
#include "Compiler/Targets.h"
#include "Compiler/WriteArtifact.h"
#include "Compress/WeightValues.h"
#include "DrawnParams.h"
#include "Import/Import.h"
#include "lathe/runtime.h"

#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

#include <filesystem>
#include <set>
#include <stdexcept>
#include <unistd.h>

using namespace mlir;
using namespace lathe;
using namespace lathe::test;

static void require(const Status &status) {
  if (!status.ok()) throw std::runtime_error(status.message());
}
static void require(LogicalResult result, const char *what) {
  if (failed(result)) throw std::runtime_error(std::string(what) + "; see the diagnostics above");
}

void CompiledModel::importFolder(const std::string &folder) {
  Result<Checkpoint> opened = Checkpoint::open(folder);
  require(opened.status());
  checkpoint_ = std::move(*opened);
  Result<OwningOpRef<ModuleOp>> module = importCheckpoint(*checkpoint_, context_);
  require(module.status());
  model_ = std::move(*module);
  params_ = std::make_unique<CheckpointParams>(*checkpoint_);
}

void CompiledModel::readText(const std::string &file) {
  model_ = parseSourceFile<ModuleOp>(file, ParserConfig(&context_));
  require(success(bool(model_)), "not valid IR");
  params_ = std::make_unique<DrawnParams>(*model_);
}

CompiledModel::~CompiledModel() {
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

static void fill(PipelineOptions &options, const Numerics &numerics) {
  options.weights = numerics.weights;
  options.group = numerics.group;
  options.recipe = numerics.recipe;
  options.activationType = numerics.activations;
  options.cacheType = numerics.cache;
  options.quantizeActivations = numerics.integers;
  options.maxOutputs = numerics.maxOutputs;
}

void CompiledModel::shrink(const Numerics &numerics) {
  PassManager passes(&context_);
  PipelineOptions options;
  fill(options, numerics);
  buildPhase(passes, options, Phase::Graph);
  if (!numerics.passes.empty()) require(parsePassPipeline(numerics.passes, passes), "no such pass");
  buildPhase(passes, options, Phase::Compress);
  require(passes.run(*model_), "the graph and compress phases failed");
}

CompiledModel::CompiledModel(const std::string &path, const Numerics &numerics)
    : context_(MLIRContext::Threading::DISABLED) {
  static const bool registered = (registerTransformsPasses(), registerPasses(), true);
  (void)registered;
  static int number = 0;
  std::string name = "lathe-backends-" + std::to_string(getpid()) + "-" + std::to_string(number++) + ".lathe";
  path_ = (std::filesystem::temp_directory_path() / name).string();

  loadDialects(context_);
  path.ends_with(".mlir") ? readText(path) : importFolder(path);
  setParamSource(context_, params_.get(), /*threads=*/1);
  shrink(numerics);
  interpreter_ = std::make_unique<interpreter::Interpreter>(*model_, *params_);

  write(numerics);
}

/// The targets for which there is a device here, emulated ones among them.
static std::set<std::string> targetsHere() {
  std::set<std::string> kinds;
  auto take = [](void *user, const lathe_device_info *device) {
    if (!*device->unusable) static_cast<std::set<std::string> *>(user)->insert(device->kind);
    return 0;
  };
  if (lathe_devices(take, &kinds) != LATHE_OK) throw std::runtime_error(lathe_last_error());
  return kinds;
}

OwningOpRef<ModuleOp> CompiledModel::lower(const Numerics &numerics, const std::string &target) {
  OwningOpRef<ModuleOp> lowered = model_->clone();
  PassManager passes(&context_);
  PipelineOptions options;
  fill(options, numerics);
  options.target = target;
  buildPhase(passes, options, Phase::Lower);
  require(passes.run(*lowered), "the lower phase failed");
  return lowered;
}

void CompiledModel::write(const Numerics &numerics) {
  std::vector<OwningOpRef<ModuleOp>> modules;
  std::vector<CompiledProgram> compiled;
  for (const std::string &name : targetsHere()) {
    modules.push_back(lower(numerics, name));
    auto program = *modules.back()->getOps<exec::ProgramOp>().begin();
    const CompileTarget *target = findCompileTarget(name);
    auto code = target->compile(program, target->variants(), {});
    require(code, "code generation failed");
    compiled.push_back({program, std::move(*code)});
  }
  fb::HeaderT header;
  CompileOptions options;
  options.model = "model";
  require(describeModel(*modules.front(), nullptr, {}, options, header));
  require(writeArtifact({path_, compiled, *params_, {}, 1, {}}, header));
}

interpreter::Rows CompiledModel::interpret(const interpreter::Batch &batch) {
  FailureOr<interpreter::Rows> rows = interpreter_->run(encoder() ? "embed" : "step", batch);
  require(rows, "the interpreter failed");
  return std::move(*rows);
}
