#include "Weights/Evaluator.h"

#include "Weights/Nodes.h"

#include <atomic>
#include <mutex>
#include <thread>

using namespace mlir;
using namespace lathe;

/// Runs `work(0) .. work(count - 1)` on some threads; the first failure ends it.
static Status forEach(int64_t count, unsigned threads, const std::function<Status(int64_t)> &work) {
  std::atomic<int64_t> next{0};
  std::mutex mutex;
  Status first;
  auto run = [&] {
    for (int64_t i; (i = next.fetch_add(1)) < count;) {
      Status status = work(i);
      if (status.ok()) continue;
      std::lock_guard lock(mutex);
      if (first.ok()) first = status;
      next = count;
    }
  };
  std::vector<std::thread> others;
  for (unsigned t = 1; t < std::min<int64_t>(threads, count); ++t) others.emplace_back(run);
  run();
  for (std::thread &thread : others) thread.join();
  return first;
}

FailureOr<std::vector<float>> Evaluator::dense(Value weight) {
  auto node = expressions_.build(weight);
  if (failed(node)) return failure();
  std::vector<float> values((*node)->rows() * (*node)->columns());
  Status status = expressions_.prepare(threads_);
  if (status.ok()) status = (*node)->read(0, (*node)->rows(), values);
  if (!status.ok()) return emitError(weight.getLoc()) << status.message();
  return values;
}

/// Stores a vector: its elements in order.
static Status storeVector(const Encoded &encoded, unsigned bits, const ByteSink &sink) {
  std::vector<std::byte> bytes(encoded.columns * encoded.rows * bits / 8);
  for (size_t i = 0; i < encoded.wide.size(); ++i) std::memcpy(&bytes[i * bits / 8], &encoded.wide[i], bits / 8);
  return sink(0, bytes);
}

FailureOr<StoredError> Evaluator::storeNode(Value weight, const QuantizeNode &node, const ByteSink &sink) {
  auto type = cast<WeightType>(weight.getType());
  std::optional<PackedMatrix> layout;
  if (type.getPanel()) layout = packedLayout(type);
  int64_t unit = node.independentRows() == 1 && layout ? kPanelRows : node.rows();
  int64_t count = (node.rows() + unit - 1) / unit;
  std::vector<StoredError> errors(count);
  Status status = forEach(count, threads_, [&](int64_t index) -> Status {
    int64_t first = index * unit, rows = std::min(unit, node.rows() - first);
    std::vector<float> given;
    Result<Encoded> encoded = node.encode(first, rows, given);
    if (!encoded.ok()) return encoded.status();
    std::vector<float> stored(given.size());
    dequantize(node.format(), *encoded, stored);
    for (size_t i = 0; i < given.size(); ++i) {
      double difference = double(stored[i]) - given[i];
      errors[index].squaredError += difference * difference;
      errors[index].squaredNorm += double(given[i]) * given[i];
    }
    return layout ? packRows(*layout, *encoded, first, sink) : storeVector(*encoded, type.getEncoding().getCodeBits(), sink);
  });
  if (!status.ok()) return emitError(weight.getLoc()) << status.message();
  StoredError total;
  for (const StoredError &part : errors) {
    total.squaredError += part.squaredError;
    total.squaredNorm += part.squaredNorm;
  }
  return total;
}

FailureOr<StoredError> Evaluator::store(Value weight, const ByteSink &sink) {
  auto type = cast<WeightType>(weight.getType());
  if (!type.getPanel() && !(type.isVector() && type.getEncoding().isPlain()))
    return emitError(weight.getLoc()) << "only packed matrices and plain vectors are stored, not " << type;
  auto node = expressions_.build(weight);
  if (failed(node)) return failure();
  Status status = expressions_.prepare(threads_);
  if (!status.ok()) return emitError(weight.getLoc()) << status.message();
  if (const QuantizeNode *quantized = (*node)->asQuantized()) return storeNode(weight, *quantized, sink);
  // Not quantized: the encoding is plain and storing it rounds nothing.
  auto format = formatOf(type.getEncoding(), [&] { return emitError(weight.getLoc()); });
  if (failed(format)) return failure();
  return storeNode(weight, QuantizeNode(*node, *format, false), sink);
}
