#include "Runtime/Gpu/DeviceStates.h"

#include <algorithm>
#include <cstring>

namespace lathe::gpu {

uint64_t DeviceStates::stageBytes() const {
  constexpr uint64_t most = 4 << 20;
  return std::min(std::max(blockBytes_, fixedBytes_), most);
}

Status DeviceStates::read(Pool pool, uint64_t offset, std::span<std::byte> out) {
  while (!out.empty()) {
    auto piece = stage().first(std::min(out.size(), stage().size()));
    LATHE_TRY(toStage(pool, offset, piece.size()));
    std::memcpy(out.data(), piece.data(), piece.size());
    out = out.subspan(piece.size());
    offset += piece.size();
  }
  return {};
}

Status DeviceStates::write(Pool pool, uint64_t offset, std::span<const std::byte> in) {
  while (!in.empty()) {
    auto piece = stage().first(std::min(in.size(), stage().size()));
    std::memcpy(piece.data(), in.data(), piece.size());
    LATHE_TRY(fromStage(pool, offset, piece.size()));
    in = in.subspan(piece.size());
    offset += piece.size();
  }
  return {};
}

} // namespace lathe::gpu
