#include "Compiler/WriteArtifact.h"

#include "Artifact/Writer.h"
#include "Compiler/ProgramTable.h"
#include "Weights/Evaluator.h"

using namespace mlir;
using namespace lathe;

static Value valueOf(exec::WeightOp op) { return cast<YieldOp>(op.getBody().front().back()).getValues()[0]; }

static WeightPlan planOf(exec::WeightOp op, int64_t bytes) {
  auto type = cast<WeightType>(op.getType());
  WeightPlan plan;
  plan.name = op.getSymName().str();
  llvm::raw_string_ostream(plan.encoding) << type;
  plan.rows = type.getRows();
  plan.columns = type.getColumns();
  plan.bytes = uint64_t(bytes);
  plan.reach = uint64_t(storedBytes(type));
  plan.logicalBits = type.getEncoding().getBitsPerWeight(type.getRows(), type.getColumns());
  return plan;
}

namespace {

/// Stores the weights of all programs one after another, each on all threads.
class WeightStorer {
public:
  WeightStorer(const ArtifactRequest &request, ArtifactWriter &writer) : request_(request), writer_(writer) {}

  /// Sizes first: what a pruned matrix takes depends on its values.
  Status plan() {
    for (const CompiledProgram &compiled : request_.programs) {
      index_.emplace_back();
      for (auto op : compiled.program.getBody().getOps<exec::WeightOp>()) LATHE_TRY(planOne(op));
    }
    return writer_.planWeights();
  }

  /// Numbers by symbol of the weights of program `program`.
  const llvm::StringMap<uint32_t> &index(size_t program) const { return index_[program]; }

  Status store() {
    uint64_t done = 0;
    for (auto [op, bytes, number] : weights_) {
      if (request_.progress && request_.progress(done, total_)) return Status(Code::Cancelled, "stopped");
      LATHE_TRY(storeOne(op, number));
      done += bytes;
    }
    if (request_.progress) request_.progress(total_, total_);
    return {};
  }

private:
  static bool isEqual(exec::WeightOp a, exec::WeightOp b) {
    return a.getSymName() == b.getSymName() && a.getType() == b.getType() &&
           OperationEquivalence::isRegionEquivalentTo(&a.getBody(), &b.getBody(),
                                                      OperationEquivalence::IgnoreLocations);
  }

  Status planOne(exec::WeightOp op) {
    for (auto [other, bytes, number] : weights_)
      if (isEqual(op, other)) {
        index_.back()[op.getSymName()] = number;
        return {};
      }
    Evaluator evaluator(request_.params, request_.threads);
    FailureOr<int64_t> bytes = evaluator.storedBytes(valueOf(op));
    if (mlir::failed(bytes)) return failed(op);
    uint32_t number = writer_.addWeight(planOf(op, *bytes));
    index_.back()[op.getSymName()] = number;
    weights_.push_back({op, uint64_t(*bytes), number});
    total_ += *bytes;
    return {};
  }

  Status storeOne(exec::WeightOp op, uint32_t index) {
    // One evaluator a weight: what a whole-matrix method holds is freed with it.
    Evaluator evaluator(request_.params, request_.threads);
    auto error = evaluator.store(valueOf(op), [&](uint64_t offset, std::span<const std::byte> bytes) {
      return writer_.writeWeight(index, offset, bytes);
    });
    if (mlir::failed(error)) return failed(op);
    writer_.setWeightError(index, error->relative());
    return {};
  }

  static Status failed(exec::WeightOp op) {
    return Status(Code::InvalidArgument, "weight " + op.getSymName().str() + " could not be stored");
  }

  const ArtifactRequest &request_;
  ArtifactWriter &writer_;
  struct Planned {
    exec::WeightOp op;
    uint64_t bytes;
    uint32_t number;
  };
  std::vector<Planned> weights_;
  std::vector<llvm::StringMap<uint32_t>> index_;
  uint64_t total_ = 0;
};

} // namespace

Status lathe::writeArtifact(const ArtifactRequest &request, fb::HeaderT &header) {
  Result<ArtifactWriter> writer = ArtifactWriter::create(request.path);
  if (!writer.ok()) return writer.status();
  WeightStorer storer(request, *writer);
  LATHE_TRY(storer.plan());
  std::vector<CodeImage> images;
  for (auto [number, compiled] : llvm::enumerate(request.programs)) {
    auto table = programTable(compiled.program, compiled.code, storer.index(number));
    if (failed(table)) return Status(Code::Internal, "the program can't be encoded");
    header.programs.push_back(std::move(*table));
    for (auto [index, variant] : llvm::enumerate(compiled.code.variants))
      images.push_back({static_cast<uint32_t>(number), static_cast<uint32_t>(index),
                        std::as_bytes(std::span(variant.image))});
  }
  LATHE_TRY(storer.store());
  return writer->finish(header, images, request.tokenizer, request.threads);
}
