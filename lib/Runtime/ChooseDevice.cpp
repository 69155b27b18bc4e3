#include "Runtime/ChooseDevice.h"

#include "Runtime/Variant.h"

namespace lathe {

/// "Compile with --target cpu,cuda": what the artifact has, and `kind`.
static std::string compileFor(const LoadedModel &model, DeviceKind kind) {
  return "compile the model with --target " + model.targets(",") + "," + nameOf(kind);
}

static Result<ChosenDevice> programFor(const LoadedModel &model, const DeviceChoice &choice,
                                       std::span<const Backend> among) {
  ChosenDevice chosen;
  for (const Backend &backend : among)
    if (backend.kind == *choice.kind) chosen.backend = &backend;
  assert(chosen.backend && "there is a backend for each kind");
  chosen.index = choice.index;
  chosen.program = model.program(*choice.kind);
  if (chosen.program) return chosen;
  return Status(Code::Unsupported, model.artifact().path() + ": it has no program for " + chosen.id() +
                                       ", only for " + model.targets(", ") + ": " +
                                       compileFor(model, *choice.kind));
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
                                        const std::string &variant, std::span<const Backend> among) {
  auto chosen = programFor(model, choice, among);
  if (!chosen) return chosen;
  DeviceList list;
  chosen->backend->list(list);
  if (Status status = findUsable(list, *chosen); !status.ok()) return status;
  if (Status status = chooseCode(*chosen, variant); !status.ok()) return status;
  return chosen;
}

/// The first device of a kind that runs the artifact's program for it, or nothing; then `refusals` say why.
static std::optional<ChosenDevice> chooseOfKind(const Backend &backend, const fb::Program &program,
                                                const std::string &variant, std::vector<Status> &refusals) {
  DeviceList list;
  backend.list(list);
  for (const DriverNote &note : list.notes) refusals.push_back(Status(Code::NotFound, note.reason));
  if (list.devices.empty() && list.notes.empty())
    refusals.push_back(Status(Code::NotFound, std::string("there is no device for ") + nameOf(backend.kind)));
  for (const DeviceInfo &device : list.devices) {
    ChosenDevice chosen = {&backend, device.index, &program, nullptr};
    Status status = findUsable(list, chosen);
    if (status.ok() && device.emulated)
      status = Status(Code::Unsupported,
                      device.name + " runs on the CPU and is used only by --device " + chosen.id());
    if (status.ok()) status = chooseCode(chosen, variant);
    if (status.ok()) return chosen;
    refusals.push_back(status);
  }
  return std::nullopt;
}

static Result<ChosenDevice> chooseBest(const LoadedModel &model, const std::string &variant,
                                       std::span<const Backend> among) {
  std::vector<Status> refusals;
  for (const Backend &backend : among)
    if (const fb::Program *program = model.program(backend.kind))
      if (auto chosen = chooseOfKind(backend, *program, variant, refusals)) return *chosen;
  bool hasCpu = model.program(DeviceKind::Cpu) != nullptr;
  if (refusals.size() == 1 && hasCpu) return refusals[0];
  std::string reasons;
  for (const Status &refusal : refusals) reasons += (reasons.empty() ? "" : "; ") + refusal.message();
  return Status(refusals.back().code(), model.artifact().path() + ": nothing here runs it: " + reasons +
                                            (hasCpu ? "" : "; or " + compileFor(model, DeviceKind::Cpu)));
}

Result<ChosenDevice> chooseDevice(const LoadedModel &model, const DeviceChoice &choice,
                                  const std::string &variant, std::span<const Backend> among) {
  return choice.kind ? chooseNamed(model, choice, variant, among) : chooseBest(model, variant, among);
}

Result<ChosenDevice> chooseProgram(const LoadedModel &model, const DeviceChoice &choice,
                                   const std::string &variant, std::span<const Backend> among) {
  if (choice.kind) {
    auto chosen = programFor(model, choice, among);
    if (chosen && !chooseCode(*chosen, variant).ok()) chosen->variant = nullptr;
    return chosen;
  }
  auto best = chooseBest(model, variant, among);
  return best ? best : programFor(model, {model.kinds().front(), 0}, among);
}

bool runsHere(DeviceKind kind, const fb::Variant &variant) {
  for (const Backend &backend : backends()) {
    if (backend.kind != kind) continue;
    DeviceList list;
    backend.list(list);
    for (const DeviceInfo &device : list.devices)
      if (device.unusable.empty() && backend.whyNot(device.index, variant).empty()) return true;
  }
  return false;
}

} // namespace lathe
