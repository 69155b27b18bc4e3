#include "Runtime/ChooseDevice.h"

#include "Runtime/Variant.h"

#include <algorithm>

namespace lathe {

/// "Compile with --target cpu,cuda": what the artifact has, and `kind`.
static std::string compileFor(const LoadedModel &model, DeviceKind kind) {
  return "compile the model with --target " + model.targets(",") + "," + nameOf(kind);
}

static Result<ChosenDevice> programFor(const LoadedModel &model, const DeviceChoice &choice) {
  ChosenDevice chosen;
  chosen.backend = backendOf(*choice.kind);
  chosen.index = choice.index;
  chosen.program = model.program(*choice.kind);
  if (!chosen.backend)
    return Status(Code::Unsupported, std::string("this Lathe was built without ") + nameOf(*choice.kind));
  if (!chosen.program)
    return Status(Code::Unsupported, "the artifact has no program for " + idOf(*choice.kind, choice.index) +
                                         ", only for " + model.targets(", ") + ": " +
                                         compileFor(model, *choice.kind));
  return chosen;
}

static Status chooseCode(ChosenDevice &chosen, const std::string &name) {
  std::string device = chosen.backend->kind == DeviceKind::Cpu ? "this CPU" : chosen.id();
  auto variant = chooseVariant(*chosen.program, name, device, [&](const fb::Variant &candidate) {
    return chosen.backend->whyNot(chosen.index, candidate);
  });
  if (variant) chosen.variant = *variant;
  return variant.status();
}

/// Device `index` of `list`, which holds one kind.
static Status findUsable(const DeviceList &list, const ChosenDevice &chosen) {
  for (const DeviceInfo &device : list.devices)
    if (device.index == chosen.index)
      return device.unusable.empty()
                 ? Status()
                 : Status(Code::Unsupported, chosen.id() + " (" + device.name + "): " + device.unusable);
  std::string reason = list.notes.empty() ? "'lathe devices' lists what there is" : list.notes[0].reason;
  return Status(Code::NotFound, "there is no " + chosen.id() + ": " + reason);
}

static Result<ChosenDevice> chooseNamed(const LoadedModel &model, const DeviceChoice &choice,
                                        const std::string &variant) {
  auto chosen = programFor(model, choice);
  if (!chosen) return chosen;
  DeviceList list;
  chosen->backend->list(list);
  if (Status status = findUsable(list, *chosen); !status.ok()) return status;
  if (Status status = chooseCode(*chosen, variant); !status.ok()) return status;
  return chosen;
}

static Result<ChosenDevice> chooseBest(const LoadedModel &model, const std::string &variant) {
  std::string reasons;
  Status last;
  unsigned tried = 0;
  auto refuse = [&](Status status) {
    reasons += (reasons.empty() ? "" : "; ") + status.message();
    last = status;
    ++tried;
  };
  for (const Backend &backend : backends()) {
    const fb::Program *program = model.program(backend.kind);
    if (!program) continue;
    DeviceList list;
    backend.list(list);
    for (const DriverNote &note : list.notes) refuse(Status(Code::NotFound, note.reason));
    for (const DeviceInfo &device : list.devices) {
      ChosenDevice chosen = {&backend, device.index, program, nullptr};
      Status status = findUsable(list, chosen);
      if (status.ok() && device.emulated)
        status = Status(Code::Unsupported, chosen.id() + " (" + device.name +
                                               ") runs on the CPU and is used only where it is asked for");
      if (status.ok()) status = chooseCode(chosen, variant);
      if (status.ok()) return chosen;
      refuse(status);
    }
  }
  if (tried == 1) return last;
  std::string advice = model.program(DeviceKind::Cpu) ? "" : ": " + compileFor(model, DeviceKind::Cpu);
  return Status(last.ok() ? Code::Unsupported : last.code(),
                "nothing here runs this artifact (" + reasons + ")" + advice);
}

Result<ChosenDevice> chooseDevice(const LoadedModel &model, const DeviceChoice &choice,
                                  const std::string &variant) {
  return choice.kind ? chooseNamed(model, choice, variant) : chooseBest(model, variant);
}

Result<ChosenDevice> chooseProgram(const LoadedModel &model, const DeviceChoice &choice,
                                   const std::string &variant) {
  if (choice.kind) {
    auto chosen = programFor(model, choice);
    if (chosen && !chooseCode(*chosen, variant).ok()) chosen->variant = nullptr;
    return chosen;
  }
  auto best = chooseBest(model, variant);
  if (best) return best;
  return programFor(model, {model.kinds().front(), 0});
}

bool runsHere(DeviceKind kind, const fb::Variant &variant) {
  const Backend *backend = backendOf(kind);
  if (!backend) return false;
  DeviceList list;
  backend->list(list);
  return std::any_of(list.devices.begin(), list.devices.end(), [&](const DeviceInfo &device) {
    return device.unusable.empty() && backend->whyNot(device.index, variant).empty();
  });
}

} // namespace lathe
