#include "Runtime/Device.h"

#include "Runtime/Backend.h"

#include <charconv>

namespace lathe {

static constexpr DeviceKind kKinds[] = {DeviceKind::Cpu, DeviceKind::Cuda, DeviceKind::Vulkan};

const char *nameOf(DeviceKind kind) {
  switch (kind) {
  case DeviceKind::Cpu:
    return "cpu";
  case DeviceKind::Cuda:
    return "cuda";
  case DeviceKind::Vulkan:
    return "vulkan";
  }
  return "";
}

std::optional<DeviceKind> deviceKindOf(std::string_view name) {
  for (DeviceKind kind : kKinds)
    if (name == nameOf(kind)) return kind;
  return std::nullopt;
}

std::string idOf(DeviceKind kind, uint32_t index) {
  return kind == DeviceKind::Cpu ? nameOf(kind) : std::string(nameOf(kind)) + ":" + std::to_string(index);
}

DeviceList listDevices() {
  DeviceList list;
  for (const Backend &backend : backends()) backend.list(list);
  return list;
}

Result<DeviceChoice> parseDevice(std::string_view text) {
  DeviceChoice choice;
  if (text.empty() || text == "auto") return choice;
  auto colon = text.find(':');
  choice.kind = deviceKindOf(text.substr(0, colon));
  bool valid = choice.kind.has_value();
  if (valid && colon != std::string_view::npos) {
    std::string_view number = text.substr(colon + 1);
    auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), choice.index);
    valid = error == std::errc() && end == number.data() + number.size();
    valid = valid && (*choice.kind != DeviceKind::Cpu || choice.index == 0);
  }
  if (valid) return choice;
  return Status(Code::InvalidArgument, "there can be no device '" + std::string(text) +
                                           "': use auto, cpu, cuda, vulkan, or one by its "
                                           "number, as in cuda:1");
}

} // namespace lathe
