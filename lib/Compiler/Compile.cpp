#include "Compiler/Compile.h"

#include "Compiler/Describe.h"
#include "Compiler/Diagnostics.h"
#include "Compiler/Numerics.h"
#include "Compiler/Source.h"
#include "Compiler/WriteArtifact.h"
#include "Pipeline.h"
#include "Support/OutputFile.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
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
    return {};
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
    PassManager manager(&context_);
    PipelineOptions pipeline;
    fillPipeline(pipeline);
    LATHE_TRY(addOwnPipeline(manager));
    for (Phase phase : {Phase::Graph, Phase::Compress, Phase::Lower})
      if (phase > source_.phase && phase <= last && (options_.pipeline.empty() || phase == Phase::Lower))
        buildPhase(manager, pipeline, phase);
    if (manager.size() && failed(manager.run(*source_.module))) return Status(Code::InvalidArgument, "compilation failed");
    setPhase(*source_.module, last);
    return {};
  }

  void fillPipeline(PipelineOptions &pipeline) {
    bool fewerBits = !options_.weights.empty() && options_.weights != "f32";
    if (!options_.weights.empty()) pipeline.weights = options_.weights;
    pipeline.group = options_.group;
    pipeline.recipe = options_.recipe;
    pipeline.cacheType = !options_.cache.empty() ? options_.cache : fewerBits ? "bf16" : "f32";
    pipeline.activationType = options_.activations == "bf16" ? "bf16" : "f32";
    // Only products with integer codes are affected.
    pipeline.quantizeActivations = options_.activations.empty() || options_.activations == "int8";
    pipeline.maxRows = options_.maxRows;
    pipeline.maxOutputs = options_.maxOutputs;
    pipeline.params = params_ ? &*params_ : nullptr;
    pipeline.threads = threads_;
  }

  /// The user's own passes, in the place of the graph and compress phases.
  Status addOwnPipeline(PassManager &manager) {
    if (options_.pipeline.empty()) return {};
    static std::once_flag registered;
    std::call_once(registered, registerPasses);
    std::string errors;
    llvm::raw_string_ostream out(errors);
    if (failed(parsePassPipeline(options_.pipeline, manager, out)))
      return Status(Code::InvalidArgument, "--pipeline: " + errors);
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
    auto programs = source_.module->getOps<exec::ProgramOp>();
    if (programs.empty()) return Status(Code::InvalidArgument, "the module holds no exec.program");
    std::vector<StringRef> variants(options_.variants.begin(), options_.variants.end());
    if (variants.empty())
      for (const CpuVariant &variant : cpuVariants()) variants.push_back(variant.name);
    std::string text;
    CpuCodegenOptions codegen;
    if (options_.emit == Emit::Kernels) codegen.kernels = &text;
    if (options_.emit == Emit::LLVM) codegen.llvm = &text;
    if (options_.emit == Emit::Assembly) codegen.assembly = &text;
    FailureOr<CpuProgramCode> code = compileCpuProgram(*programs.begin(), variants, codegen);
    if (failed(code)) return Status(Code::InvalidArgument, "code generation failed");
    return options_.emit == Emit::Artifact ? writeArtifactFile(*programs.begin(), *code) : writeText(text);
  }

  Status writeArtifactFile(exec::ProgramOp program, const CpuProgramCode &code) {
    if (options_.output.empty()) return Status(Code::InvalidArgument, "an artifact needs a file to go to: give -o FILE.lathe");
    if (!source_.checkpoint)
      return Status(Code::InvalidArgument, "weights are needed: give the checkpoint's folder with --checkpoint");
    fb::HeaderT header;
    Result<std::vector<std::byte>> tokenizer = describeTokenizer(*source_.checkpoint, options_);
    if (!tokenizer.ok()) return tokenizer.status();
    LATHE_TRY(describeModel(*source_.module, &*source_.checkpoint, *tokenizer, options_, header));
    header.numerics = describeNumerics(program);
    printReport();
    describeRemarks(collected_, header);
    ArtifactRequest request{options_.output, program, code, *params_, *tokenizer, threads_, {}};
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
