// lathe devices
#include "Command.h"
#include "Output.h"
#include "Runtime.h"

using namespace lathe::tool;

namespace {

struct Device {
  std::string id, name, features, unusable;
  uint64_t memory;
  bool emulated;
};

int take(void *user, const lathe_device_info *device) {
  static_cast<std::vector<Device> *>(user)->push_back(
      {device->id, device->name, device->features, device->unusable, device->memory, device->emulated != 0});
  return 0;
}

void print(const Device &device) {
  const char *indent = "";
  std::printf("%-10s", device.id.c_str());
  if (!device.name.empty()) {
    std::printf("%s, %s%s\n", device.name.c_str(), formatBytes(device.memory).c_str(),
                device.emulated ? ", emulated: used only where asked for" : "");
    std::printf("%-10s%s\n", indent, device.features.c_str());
    if (!device.unusable.empty()) std::printf("%-10s", indent);
  }
  if (!device.unusable.empty()) std::printf("not usable: %s\n", device.unusable.c_str());
}

Json asJson(const Device &device) {
  return {{"id", device.id},
          {"name", device.name},
          {"memory", device.memory},
          {"features", device.features},
          {"emulated", device.emulated},
          {"usable", device.unusable.empty()},
          {"reason", device.unusable}};
}

void run(bool json) {
  std::vector<Device> devices;
  check(lathe_devices(take, &devices));
  if (!json) {
    for (const Device &device : devices) print(device);
    return;
  }
  Json list = Json::array();
  for (const Device &device : devices) list.push_back(asJson(device));
  printJson(list);
}

} // namespace

void lathe::tool::addDevices(CLI::App &app) {
  auto *command = app.add_subcommand("devices", "What this machine can run models on");
  auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "print as JSON");
  command->footer("Examples:\n"
                  "  lathe devices\n"
                  "  lathe devices --json\n"
                  "  lathe run story.lathe \"Once upon a time\" --device vulkan:0");
  command->callback([json] { run(*json); });
}
