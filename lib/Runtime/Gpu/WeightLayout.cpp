#include "Runtime/Gpu/WeightLayout.h"

#include <algorithm>

namespace lathe::gpu {

WeightLayout::WeightLayout(std::span<const WeightExtent> weights, std::span<const uint32_t> order,
                           uint64_t largest)
    : places(weights.size()) {
  uint64_t end = 0; // of the bytes in the last buffer; the buffer may be longer
  for (uint32_t number : order) {
    const WeightExtent &weight = weights[number];
    uint64_t offset = alignUp(end, kWeightStart), extent = std::max(weight.bytes, weight.reach);
    if (buffers.empty() || offset + extent > largest) {
      buffers.push_back(0);
      offset = 0;
    }
    places[number] = {static_cast<uint32_t>(buffers.size() - 1), offset};
    end = offset + weight.bytes;
    buffers.back() = std::max(buffers.back(), offset + extent);
  }
}

std::vector<WeightExtent> weightExtents(const Artifact &artifact, const fb::Program &program) {
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

std::vector<uint32_t> fileOrder(const Artifact &artifact, std::span<const WeightExtent> extents) {
  const auto &weights = *artifact.header().weights();
  std::vector<uint32_t> order;
  for (uint32_t i = 0; i < extents.size(); ++i)
    if (extents[i].bytes != 0) order.push_back(i);
  std::sort(order.begin(), order.end(),
            [&](uint32_t a, uint32_t b) { return weights[a]->offset() < weights[b]->offset(); });
  return order;
}

Status streamWeights(const Artifact &artifact, const WeightLayout &layout, std::span<const uint32_t> order,
                     uint64_t pieceBytes, const Progress &progress, const WritePiece &write) {
  uint64_t done = 0, all = 0;
  for (uint32_t number : order) all += artifact.weight(number).size();
  for (uint32_t number : order) {
    const WeightPlace &place = layout.places[number];
    auto bytes = artifact.weight(number);
    for (uint64_t at = 0; at < bytes.size(); at += pieceBytes) {
      auto piece = bytes.subspan(at, std::min<uint64_t>(pieceBytes, bytes.size() - at));
      LATHE_TRY(write({place.buffer, place.offset + at}, piece));
      done += piece.size();
      if (progress && !progress(done, all)) return Status(Code::Cancelled, "loading was stopped");
    }
  }
  return {};
}

} // namespace lathe::gpu
