#include "Compiler/Compile.h"

#include "Artifact/Format.h"
#include "Compiler/Describe.h"
#include "Compiler/Diagnostics.h"
#include "Compiler/EffectiveRecipe.h"
#include "Compiler/Numerics.h"
#include "Compiler/Source.h"
#include "Compiler/Targets.h"
#include "Compiler/WriteArtifact.h"
#include "Compress/WeightValues.h"
#include "Graph/Passes.h"
#include "Pipeline.h"
#include "Support/OutputFile.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ThreadPool.h"

#include <mutex>
#include <thread>

using namespace mlir;
using namespace lathe;

namespace {

/// One compilation, step by step.
class Compilation {
public:
  explicit Compilation(const CompileOptions &options)
      : options_(options), threads_(options.threads ? options.threads : std::max(1u, std::thread::hardware_concurrency())),
        pool_(llvm::hardware_concurrency(threads_)), context_(MLIRContext::Threading::DISABLED),
        diagnostics_(context_, options.log), remarks_(context_) {
    context_.setThreadPool(pool_);
    loadDialects(context_);
  }

  Status run() {
    Status status = steps();
    return status.ok() ? status : diagnostics_.explain(status);
  }

private:
  Status steps() {
    LATHE_TRY(checkOptions(options_));
    LATHE_TRY(open());
    LATHE_TRY(transform());
    if (options_.compileTo) return writeText(printed());
    if (options_.emit == Emit::Lathe || options_.emit == Emit::Exec) return writeText(printed());
    return generate();
  }

  Status step(const char *name) {
    if (options_.progress && options_.progress(name, 0, 1)) return Status(Code::Cancelled, "stopped");
    return {};
  }

  Status open() {
    LATHE_TRY(step("import"));
    Result<Source> source = openSource(options_, context_);
    if (!source.ok()) return source.status();
    source_ = std::move(*source);
    return checkStart(options_, source_.phase);
  }

  /// The last phase that this compilation needs.
  Phase lastPhase() const {
    if (options_.compileTo) return *options_.compileTo;
    return options_.emit == Emit::Lathe ? Phase::Compress : Phase::Lower;
  }

  Status transform() {
    LATHE_TRY(step("optimize"));
    Phase last = lastPhase();
    if (last < source_.phase)
      return Status(Code::InvalidArgument, options_.model + ": has a later phase behind it than --compile-to asks for");
    if (source_.checkpoint) params_.emplace(*source_.checkpoint);
    setParamSource(context_, params_ ? &*params_ : nullptr, threads_);
    PassManager manager(&context_);
    PipelineOptions pipeline;
    fillPipeline(pipeline);
    LATHE_TRY(checkSizes(pipeline));
    LATHE_TRY(addOwnPipeline(manager));
    for (Phase phase : {Phase::Graph, Phase::Compress})
      if (phase > source_.phase && phase <= last && options_.pipeline.empty()) buildPhase(manager, pipeline, phase);
    LATHE_TRY(runPasses(manager, *source_.module));
    LATHE_TRY(checkTargets());
    if (last == Phase::Lower && source_.phase < last) LATHE_TRY(lower(pipeline));
    setPhase(*source_.module, last);
    return {};
  }

  static Status runPasses(PassManager &manager, ModuleOp module) {
    if (manager.size() && failed(manager.run(module))) return Status(Code::InvalidArgument, "compilation failed");
    return {};
  }

  Status checkTargets() const {
    for (const std::string &name : options_.targets)
      if (!findCompileTarget(name))
        return Status(Code::InvalidArgument, "unknown target '" + name + "': targets are " + compileTargetNames());
    return {};
  }

  /// From the model to a program for each target, side by side in one module.
  Status lower(PipelineOptions &pipeline) {
    std::vector<std::string> targets = options_.targets;
    if (targets.empty()) targets.push_back("cpu");
    OwningOpRef<ModuleOp> programs;
    for (const std::string &target : targets) {
      OwningOpRef<ModuleOp> lowered = source_.module->clone();
      pipeline.target = target;
      PassManager manager(&context_);
      buildPhase(manager, pipeline, Phase::Lower);
      LATHE_TRY(runPasses(manager, *lowered));
      if (!programs) {
        programs = std::move(lowered);
        continue;
      }
      for (auto program : llvm::make_early_inc_range(lowered->getOps<exec::ProgramOp>())) {
        if (programs->lookupSymbol(program.getSymName()))
          return Status(Code::InvalidArgument, "target '" + target + "' is given twice");
        program->moveBefore(programs->getBody(), programs->getBody()->end());
      }
    }
    source_.module = std::move(programs);
    return {};
  }

  void fillPipeline(PipelineOptions &pipeline) {
    if (!options_.weights.empty()) pipeline.weights = options_.weights;
    pipeline.group = options_.group;
    pipeline.recipe = options_.recipe;
    pipeline.cacheType = options_.cache.empty() ? defaultCacheType(options_, *source_.module) : options_.cache;
    pipeline.activationType = hasNarrowActivations(options_) ? options_.activations : "f32";
    // Only products with integer codes are affected.
    pipeline.quantizeActivations = options_.activations.empty() || options_.activations == "int8";
    if (options_.maxRows) pipeline.maxRows = options_.maxRows;
    pipeline.maxOutputs = options_.maxOutputs ? int64_t(options_.maxOutputs)
                                              : std::min<int64_t>(pipeline.maxOutputs, pipeline.maxRows);
  }

  /// What an artifact can hold.
  static Status checkSizes(const PipelineOptions &pipeline) {
    if (pipeline.maxRows > int64_t(limits::kRows))
      return Status(Code::InvalidArgument, "--max-rows is at most " + std::to_string(limits::kRows));
    if (pipeline.maxOutputs > pipeline.maxRows)
      return Status(Code::InvalidArgument, "--max-outputs is more than the " +
                                               std::to_string(pipeline.maxRows) +
                                               " rows of a call: give a larger --max-rows");
    return {};
  }

  /// The user's own passes, in the place of the graph and compress phases.
  Status addOwnPipeline(PassManager &manager) {
    if (options_.pipeline.empty()) return {};
    static std::once_flag registered;
    std::call_once(registered, [] {
      registerTransformsPasses();
      registerPasses();
    });
    std::string errors;
    llvm::raw_string_ostream out(errors);
    // As lathe-opt takes it, or without the op that it is for.
    StringRef passes = StringRef(options_.pipeline).trim();
    if (passes.consume_front("builtin.module(") && !passes.consume_back(")"))
      return Status(Code::InvalidArgument, "--pipeline: the ) of builtin.module( is missing");
    if (failed(parsePassPipeline(passes, manager, out)))
      return Status(Code::InvalidArgument, "--pipeline: " + errors);
    manager.addPass(createVerifyModelPass());
    return {};
  }

  std::string printed() {
    std::string text;
    llvm::raw_string_ostream out(text);
    OpPrintingFlags flags;
    source_.module.get()->print(out, flags.enableDebugInfo(false));
    return text;
  }

  Status writeText(const std::string &text) {
    printReport();
    if (options_.output.empty()) {
      llvm::outs() << text;
      return {};
    }
    Result<OutputFile> file = OutputFile::create(options_.output);
    if (!file.ok()) return file.status();
    LATHE_TRY(file->writeAt(0, std::as_bytes(std::span(text))));
    return file->commit();
  }

  Status generate() {
    LATHE_TRY(step("generate code"));
    std::vector<CompiledProgram> compiled;
    std::string text;
    for (auto program : source_.module->getOps<exec::ProgramOp>()) {
      bool wanted = options_.targets.empty() || llvm::is_contained(options_.targets, program.getTarget());
      if (wanted) LATHE_TRY(generateOne(program, compiled, text));
    }
    if (compiled.empty()) return Status(Code::InvalidArgument, "the module holds no exec.program for the targets asked for");
    LATHE_TRY(checkVariants(compiled));
    return options_.emit == Emit::Artifact ? writeArtifactFile(compiled) : writeText(text);
  }

  Status generateOne(exec::ProgramOp program, std::vector<CompiledProgram> &compiled, std::string &text) {
    const CompileTarget *target = findCompileTarget(program.getTarget());
    if (!target)
      return Status(Code::InvalidArgument, "a program is for target '" + program.getTarget().str() + "': targets are " +
                                               compileTargetNames());
    if (options_.emit == Emit::LLVM && !target->showsLlvm)
      return Status(Code::Unsupported, "code for " + target->name.str() + " is not shown as LLVM IR: --emit kernels or asm");
    std::vector<StringRef> variants = target->variants();
    if (!options_.variants.empty())
      llvm::erase_if(variants, [&](StringRef name) { return !llvm::is_contained(options_.variants, name); });
    CodegenTexts texts;
    if (options_.emit == Emit::Kernels) texts.kernels = &text;
    if (options_.emit == Emit::LLVM) texts.llvm = &text;
    if (options_.emit == Emit::Assembly) texts.assembly = &text;
    FailureOr<ProgramCode> code = target->compile(program, variants, texts);
    if (failed(code)) return Status(Code::InvalidArgument, "code generation for " + target->name.str() + " failed");
    if (code->variants.empty())
      return Status(Code::InvalidArgument, "none of the variants asked for is one of " + target->name.str() + ": " +
                                               llvm::join(target->variants(), ", "));
    compiled.push_back({program, std::move(*code)});
    return {};
  }

  /// Every variant asked for must be one of some target, though a program may have no use for it.
  Status checkVariants(const std::vector<CompiledProgram> &compiled) const {
    for (const std::string &name : options_.variants) {
      bool found = llvm::any_of(compiled, [&](CompiledProgram of) {
        return llvm::is_contained(findCompileTarget(of.program.getTarget())->variants(), name);
      });
      if (!found) return Status(Code::InvalidArgument, "unknown variant '" + name + "'");
    }
    return {};
  }

  Status writeArtifactFile(const std::vector<CompiledProgram> &compiled) {
    if (options_.output.empty()) return Status(Code::InvalidArgument, "an artifact needs a file to go to: give -o FILE.lathe");
    if (!source_.checkpoint)
      return Status(Code::InvalidArgument, "weights are needed: give the checkpoint's folder with --checkpoint");
    fb::HeaderT header;
    Result<std::vector<std::byte>> tokenizer = describeTokenizer(*source_.checkpoint, options_);
    if (!tokenizer.ok()) return tokenizer.status();
    LATHE_TRY(describeModel(*source_.module, &*source_.checkpoint, *tokenizer, options_, header));
    header.numerics = describeNumerics(compiled.front().program);
    header.recipe = describeRecipe(compiled.front().program);
    printReport();
    describeRemarks(collected_, header);
    ArtifactRequest request{options_.output, compiled, *params_, *tokenizer, threads_, {}};
    if (options_.progress)
      request.progress = [&](uint64_t done, uint64_t total) { return options_.progress("weights", done, total); };
    return writeArtifact(request, header);
  }

  /// Collects the remarks once; prints them where that was asked for.
  void printReport() {
    collected_ = remarks_.take();
    if (!options_.remarks || !options_.log) return;
    std::string text;
    llvm::raw_string_ostream out(text);
    printRemarks(out, collected_);
    for (StringRef line : llvm::split(StringRef(text).rtrim('\n'), '\n')) options_.log(line.str());
  }

  const CompileOptions &options_;
  unsigned threads_;
  llvm::DefaultThreadPool pool_;
  MLIRContext context_;
  DiagnosticCollector diagnostics_;
  RemarkCollector remarks_;
  Source source_;
  std::optional<CheckpointParams> params_;
  std::vector<Remark> collected_;
};

} // namespace

Status lathe::compile(const CompileOptions &options) { return Compilation(options).run(); }
