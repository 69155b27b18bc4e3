#include "Compiler/WriteArtifact.h"

#include "Artifact/Writer.h"
#include "Compiler/ProgramTable.h"
#include "Lathe/PackedLayout.h"
#include "Weights/Evaluator.h"

using namespace mlir;
using namespace lathe;

static WeightPlan planOf(exec::WeightOp op) {
  auto type = cast<WeightType>(op.getType());
  WeightPlan plan;
  plan.name = op.getSymName().str();
  llvm::raw_string_ostream(plan.encoding) << type;
  plan.rows = type.getRows();
  plan.columns = type.getColumns();
  plan.bytes = storedBytes(type);
  plan.logicalBits = type.getEncoding().getBitsPerWeight(type.getRows(), type.getColumns());
  return plan;
}

namespace {

/// Stores the weights of a program one after another, each on all threads.
class WeightStorer {
public:
  WeightStorer(const ArtifactRequest &request, ArtifactWriter &writer) : request_(request), writer_(writer) {
    for (auto op : request.program.getBody().getOps<exec::WeightOp>()) {
      weights_.push_back(op);
      index_[op.getSymName()] = writer.addWeight(planOf(op));
      total_ += storedBytes(cast<WeightType>(op.getType()));
    }
  }

  const llvm::StringMap<uint32_t> &index() const { return index_; }

  Status store() {
    uint64_t done = 0;
    for (exec::WeightOp op : weights_) {
      if (request_.progress && request_.progress(done, total_)) return Status(Code::Cancelled, "stopped");
      LATHE_TRY(storeOne(op));
      done += storedBytes(cast<WeightType>(op.getType()));
    }
    if (request_.progress) request_.progress(total_, total_);
    return {};
  }

private:
  Status storeOne(exec::WeightOp op) {
    uint32_t index = index_.lookup(op.getSymName());
    // One evaluator a weight: what a whole-matrix method holds is freed with it.
    Evaluator evaluator(request_.params, request_.threads);
    Value value = cast<YieldOp>(op.getBody().front().back()).getValues()[0];
    auto error = evaluator.store(value, [&](uint64_t offset, std::span<const std::byte> bytes) {
      return writer_.writeWeight(index, offset, bytes);
    });
    if (failed(error)) return Status(Code::InvalidArgument, "weight " + op.getSymName().str() + " could not be stored");
    writer_.setWeightError(index, error->relative());
    return {};
  }

  const ArtifactRequest &request_;
  ArtifactWriter &writer_;
  std::vector<exec::WeightOp> weights_;
  llvm::StringMap<uint32_t> index_;
  uint64_t total_ = 0;
};

} // namespace

Status lathe::writeArtifact(const ArtifactRequest &request, fb::HeaderT &header) {
  Result<ArtifactWriter> writer = ArtifactWriter::create(request.path);
  if (!writer.ok()) return writer.status();
  WeightStorer storer(request, *writer);
  LATHE_TRY(writer->planWeights());
  FailureOr<std::unique_ptr<fb::ProgramT>> table = programTable(request.program, request.code, storer.index());
  if (failed(table)) return Status(Code::Internal, "the program can't be encoded");
  header.programs.push_back(std::move(*table));
  LATHE_TRY(storer.store());
  std::vector<CodeImage> images;
  for (auto [number, variant] : llvm::enumerate(request.code.variants))
    images.push_back({0, static_cast<uint32_t>(number), std::as_bytes(std::span(variant.image))});
  return writer->finish(header, images, request.tokenizer, request.threads);
}
