#include "Runtime/Vulkan/Weights.h"

#include "Runtime/Vulkan/Uploader.h"

#include <algorithm>

namespace lathe::vulkan {

/// Smaller than what drivers give in one piece: a heap that is nearly full still has room for pieces.
static constexpr uint64_t kBufferBytes = uint64_t(512) << 20;
/// Progress is told after each such piece of a weight.
static constexpr uint64_t kPieceBytes = 16 << 20;

WeightLayout::WeightLayout(std::span<const WeightExtent> weights, std::span<const uint32_t> order,
                           uint64_t largest)
    : places(weights.size()) {
  uint64_t end = 0; // of the bytes in the last buffer; the buffer may be longer
  for (uint32_t number : order) {
    const WeightExtent &weight = weights[number];
    uint64_t offset = alignUp(end, kBufferStart), extent = std::max(weight.bytes, weight.reach);
    if (buffers.empty() || offset + extent > largest) {
      buffers.push_back(0);
      offset = 0;
    }
    places[number] = {static_cast<uint32_t>(buffers.size() - 1), offset};
    end = offset + weight.bytes;
    buffers.back() = std::max(buffers.back(), offset + extent);
  }
}

/// Of those weights that `program` reads; others are another program's.
static std::vector<WeightExtent> extentsOf(const Artifact &artifact, const fb::Program &program) {
  const auto &weights = *artifact.header().weights();
  std::vector<WeightExtent> extents(weights.size());
  for (const fb::Entry *entry : *program.entries())
    for (const fb::Dispatch *dispatch : *entry->dispatches())
      for (const fb::Binding *binding : *dispatch->bindings())
        if (binding->kind() == fb::BindingKind::Weight) {
          auto number = static_cast<uint32_t>(binding->value());
          extents[number] = {weights[number]->bytes(), weights[number]->reach()};
        }
  return extents;
}

/// As they lie in the file, which is read from front to back.
static std::vector<uint32_t> fileOrder(const Artifact &artifact, std::span<const WeightExtent> extents) {
  const auto &weights = *artifact.header().weights();
  std::vector<uint32_t> order;
  for (uint32_t i = 0; i < extents.size(); ++i)
    if (extents[i].bytes != 0) order.push_back(i);
  std::sort(order.begin(), order.end(),
            [&](uint32_t a, uint32_t b) { return weights[a]->offset() < weights[b]->offset(); });
  return order;
}

Status Weights::reserve(Device &device) {
  for (uint64_t bytes : layout_.buffers) {
    auto buffer = Buffer::create(device, bytes, Placement::Device, "weights");
    if (!buffer) return buffer.status();
    buffers_.push_back(std::move(*buffer));
  }
  return {};
}

Status Weights::copy(Device &device, const Artifact &artifact, std::span<const uint32_t> order,
                     const Progress &progress) {
  auto uploader = Uploader::create(device, kPieceBytes);
  if (!uploader) return uploader.status();
  uint64_t done = 0, all = 0;
  for (uint32_t number : order) all += artifact.weight(number).size();
  for (uint32_t number : order) {
    const WeightPlace &place = layout_.places[number];
    auto bytes = artifact.weight(number);
    for (uint64_t at = 0; at < bytes.size(); at += kPieceBytes) {
      auto piece = bytes.subspan(at, std::min<uint64_t>(kPieceBytes, bytes.size() - at));
      LATHE_TRY(uploader->write(buffers_[place.buffer], place.offset + at, piece));
      done += piece.size();
      if (progress && !progress(done, all)) return Status(Code::Cancelled, "loading was stopped");
    }
  }
  return uploader->finish();
}

Result<Weights> Weights::upload(Device &device, const Artifact &artifact, const fb::Program &program,
                                const Progress &progress) {
  std::vector<WeightExtent> extents = extentsOf(artifact, program);
  std::vector<uint32_t> order = fileOrder(artifact, extents);
  Weights weights(WeightLayout(extents, order, std::min(kBufferBytes, largestBuffer(device))));
  if (Status status = weights.reserve(device); !status.ok()) return status;
  if (Status status = weights.copy(device, artifact, order, progress); !status.ok()) return status;
  return weights;
}

} // namespace lathe::vulkan
