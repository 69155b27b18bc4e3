#include "Weights/Evaluator.h"

#include "Weights/Nodes.h"
#include "Weights/Threads.h"

#include <algorithm>
#include <cstring>
#include <numeric>

using namespace mlir;
using namespace lathe;

FailureOr<std::shared_ptr<WeightNode>> Evaluator::prepared(Value weight) {
  auto node = expressions_.build(weight);
  if (failed(node)) return failure();
  Status status = expressions_.prepare(threads_);
  if (!status.ok()) return emitError(weight.getLoc()) << status.message();
  return node;
}

FailureOr<std::vector<float>> Evaluator::dense(Value weight) {
  auto node = prepared(weight);
  if (failed(node)) return failure();
  std::vector<float> values((*node)->rows() * (*node)->columns());
  Status status = (*node)->read(0, (*node)->rows(), values);
  if (!status.ok()) return emitError(weight.getLoc()) << status.message();
  return values;
}

FailureOr<Spectrum> Evaluator::spectrum(Value weight, double energy, int64_t maxRank) {
  auto node = prepared(weight);
  if (failed(node)) return failure();
  Result<LowRank> factors = truncatedSvd(**node, maxRank, energy, threads_);
  if (!factors.ok()) return emitError(weight.getLoc()) << factors.status().message();
  return std::move(factors->spectrum);
}

namespace {

/// A matrix cut into rows that threads work on one by one, the same rows whatever the number of threads.
struct Cut {
  int64_t rows, unit;
  Cut(const WeightNode &node, int64_t independent) : rows(node.rows()) {
    unit = std::min(rows, std::lcm(kPanelRows, independent));
  }
  int64_t count() const { return (rows + unit - 1) / unit; }
  int64_t first(int64_t index) const { return index * unit; }
  int64_t size(int64_t index) const { return std::min(unit, rows - first(index)); }
};

} // namespace

static int64_t independentRows(const WeightNode &node) {
  const QuantizeNode *quantized = node.asQuantized();
  return quantized ? quantized->independentRows() : 1;
}

FailureOr<StoredError> Evaluator::difference(Value approximate, Value exact, int64_t sampleRows) {
  auto left = prepared(approximate), right = prepared(exact);
  if (failed(left) || failed(right)) return failure();
  Cut cut(**left, ::independentRows(**left));
  int64_t wanted = std::clamp<int64_t>((sampleRows + cut.unit - 1) / cut.unit, 1, cut.count());
  std::vector<StoredError> errors(wanted);
  Status status = forEach(wanted, threads_, [&](int64_t sample) -> Status {
    int64_t index = sample * cut.count() / wanted, elements = cut.size(index) * (*left)->columns();
    std::vector<float> a(elements), b(elements);
    LATHE_TRY((*left)->read(cut.first(index), cut.size(index), a));
    LATHE_TRY((*right)->read(cut.first(index), cut.size(index), b));
    squaredSums(a, b, errors[sample].squaredError, errors[sample].squaredNorm);
    return {};
  });
  if (!status.ok()) return emitError(approximate.getLoc()) << status.message();
  StoredError total;
  for (const StoredError &error : errors) total += error;
  return total;
}

FailureOr<double> Evaluator::density(Value weight) {
  auto node = prepared(weight);
  if (failed(node)) return failure();
  Cut cut(**node, ::independentRows(**node));
  std::vector<int64_t> counts(cut.count());
  Status status = forEach(cut.count(), threads_, [&](int64_t index) -> Status {
    std::vector<float> values(cut.size(index) * (*node)->columns());
    LATHE_TRY((*node)->read(cut.first(index), cut.size(index), values));
    counts[index] = values.size() - std::count(values.begin(), values.end(), 0.0f);
    return {};
  });
  if (!status.ok()) return emitError(weight.getLoc()) << status.message();
  return double(std::accumulate(counts.begin(), counts.end(), int64_t(0))) / double((*node)->rows()) /
         double((*node)->columns());
}

FailureOr<std::shared_ptr<const QuantizeNode>> Evaluator::storable(Value weight) {
  auto type = cast<WeightType>(weight.getType());
  if (!(type.getPanel() == kPanelRows || (type.isVector() && type.getEncoding().isPlain())))
    return emitError(weight.getLoc()) << "only plain vectors and matrices packed in panels of " << kPanelRows
                                      << " rows are stored, not " << type;
  auto node = prepared(weight);
  if (failed(node)) return failure();
  if (const QuantizeNode *quantized = (*node)->asQuantized())
    return std::shared_ptr<const QuantizeNode>(*node, quantized);
  // Not quantized: the encoding is plain and storing it rounds nothing.
  auto format = formatOf(type.getEncoding(), [&] { return emitError(weight.getLoc()); });
  if (failed(format)) return failure();
  return std::make_shared<const QuantizeNode>(*node, *format, false);
}

namespace {

/// Stores one weight: rows are encoded, compared with what they were and handed on, unit by unit.
class Storer {
public:
  Storer(WeightType type, const QuantizeNode &node, unsigned threads, const ByteSink &sink)
      : node_(node), cut_(node, node.independentRows()), threads_(threads), sink_(sink) {
    if (!type.getPanel()) return;
    layout_.emplace(packedLayout(type));
    packer_.emplace(node.format(), *layout_, sink_);
  }

  /// The panels' codes are counted before their places are known.
  Status planBitmap() {
    std::vector<std::vector<uint32_t>> counts(cut_.count());
    LATHE_TRY(forEach(cut_.count(), threads_, [&](int64_t index) -> Status {
      std::vector<float> given;
      Result<Encoded> encoded = node_.encode(cut_.first(index), cut_.size(index), given);
      if (encoded.ok()) counts[index] = packer_->countCodes(*encoded);
      return encoded.status();
    }));
    std::vector<uint32_t> all;
    for (const std::vector<uint32_t> &part : counts) all.insert(all.end(), part.begin(), part.end());
    return packer_->setStarts(all);
  }
  int64_t bitmapBytes() const { return packer_->bitmapBytes(); }

  Result<StoredError> store() {
    std::vector<StoredError> errors(cut_.count());
    Status status =
        forEach(cut_.count(), threads_, [&](int64_t index) { return storeUnit(index, errors[index]); });
    if (!status.ok()) return status;
    StoredError total;
    for (const StoredError &error : errors) total += error;
    return total;
  }

private:
  Status storeUnit(int64_t index, StoredError &error) const {
    std::vector<float> given;
    Result<Encoded> encoded = node_.encode(cut_.first(index), cut_.size(index), given);
    if (!encoded.ok()) return encoded.status();
    std::vector<float> stored(given.size());
    dequantize(node_.format(), *encoded, stored);
    squaredSums(stored, given, error.squaredError, error.squaredNorm);
    if (!std::isfinite(error.squaredError))
      return Status(Code::Unsupported,
                    "a weight is too large for its encoding; use one of a wider range, such as bf16");
    return packer_ ? packer_->packRows(*encoded, cut_.first(index)) : storeVector(*encoded);
  }

  /// A vector: its elements in order.
  Status storeVector(const Encoded &encoded) const {
    if (encoded.wide.empty()) return sink_(0, std::as_bytes(std::span(encoded.codes)));
    int64_t width = node_.format().bits / 8;
    std::vector<std::byte> bytes(encoded.wide.size() * width);
    for (size_t i = 0; i < encoded.wide.size(); ++i) std::memcpy(&bytes[i * width], &encoded.wide[i], width);
    return sink_(0, bytes);
  }

  const QuantizeNode &node_;
  Cut cut_;
  unsigned threads_;
  const ByteSink &sink_;
  std::optional<PackedMatrix> layout_;
  std::optional<Packer> packer_;
};

} // namespace

FailureOr<int64_t> Evaluator::storedBytes(Value weight) {
  auto type = cast<WeightType>(weight.getType());
  if (!type.getEncoding().getBitmap() || type.getPanel() != kPanelRows) return lathe::storedBytes(type);
  auto node = storable(weight);
  if (failed(node)) return failure();
  ByteSink nowhere = [](uint64_t, std::span<const std::byte>) { return Status(); };
  Storer storer(type, **node, threads_, nowhere);
  Status status = storer.planBitmap();
  if (!status.ok()) return emitError(weight.getLoc()) << status.message();
  return storer.bitmapBytes();
}

FailureOr<StoredError> Evaluator::store(Value weight, const ByteSink &sink) {
  auto type = cast<WeightType>(weight.getType());
  auto node = storable(weight);
  if (failed(node)) return failure();
  Storer storer(type, **node, threads_, sink);
  Status status = type.getEncoding().getBitmap() ? storer.planBitmap() : Status();
  if (!status.ok()) return emitError(weight.getLoc()) << status.message();
  Result<StoredError> error = storer.store();
  if (!error.ok()) return emitError(weight.getLoc()) << error.status().message();
  return *error;
}
