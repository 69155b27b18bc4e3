// lathe inspect
#include "Command.h"
#include "Describe.h"
#include "Progress.h"

using namespace lathe::tool;

namespace {

struct InspectArguments {
  std::string file;
  bool recipe = false, tensors = false, dispatches = false, memory = false, remarks = false, verify = false,
       json = false, quiet = false;
  SessionFlags session;
};

void verify(const lathe_model *model, bool quiet) {
  Progress progress(quiet);
  check(lathe_model_verify(
      model,
      [](void *user, uint64_t done, uint64_t total) {
        static_cast<Progress *>(user)->update("verifying", done, total);
        return 0;
      },
      &progress));
}

void run(const InspectArguments &arguments) {
  ModelPtr model = openModel(arguments.file);
  if (arguments.verify) verify(model.get(), arguments.quiet);
  if (arguments.recipe && !arguments.json) {
    std::fputs(infoOf(model.get()).recipe, stdout);
    return;
  }
  std::vector<Part> parts;
  bool one = arguments.tensors || arguments.dispatches || arguments.memory || arguments.remarks;
  if (!one || arguments.json) parts.push_back(describeSummary(model.get()));
  if (!one || arguments.json) parts.push_back(describePrograms(model.get()));
  if (!one || arguments.json) parts.push_back(describeVariants(model.get()));
  if (arguments.tensors) parts.push_back(describeTensors(model.get()));
  if (arguments.dispatches) parts.push_back(describeDispatches(model.get()));
  if (arguments.memory) parts.push_back(describeMemory(model.get(), arguments.session.options()));
  if (arguments.remarks) parts.push_back(describeRemarks(model.get()));
  if (arguments.json) {
    Json json = Json::object();
    for (const Part &part : parts) json[part.name] = part.json;
    if (arguments.verify) json["verified"] = true;
    return printJson(json);
  }
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i) std::printf("\n");
    parts[i].table.print();
  }
  if (arguments.verify) std::printf("\nverified: every weight is as it was written\n");
}

} // namespace

void lathe::tool::addInspect(CLI::App &app) {
  auto *command = app.add_subcommand("inspect", "What a .lathe file holds");
  auto arguments = std::make_shared<InspectArguments>();
  InspectArguments &a = *arguments;
  command->add_option("file", a.file, "a .lathe file")->required();
  command->add_flag("--recipe", a.recipe, "how matrices are stored, as compile --recipe takes it");
  command->add_flag("--tensors", a.tensors, "stored weights: encoding, shape, bits per weight, error");
  command->add_flag("--dispatches", a.dispatches, "the kernel launches of each entry point of each program");
  command->add_flag("--memory", a.memory,
                    "what a session takes on each device, or on --device; with --ctx and --threads");
  command->add_flag("--remarks", a.remarks, "what the compiler did and why");
  command->add_flag("--verify", a.verify, "read all weights and compare their hashes");
  a.session.addTo(*command);
  command->add_flag("--json", a.json, "print as JSON");
  command->add_flag("-q,--quiet", a.quiet, "no progress");
  command->footer("Examples:\n"
                  "  lathe inspect story.lathe\n"
                  "  lathe inspect story.lathe --tensors --dispatches\n"
                  "  lathe inspect story.lathe --recipe > story.recipe\n"
                  "  lathe inspect story.lathe --memory --ctx 4096\n"
                  "  lathe inspect story.lathe --verify --json");
  command->callback([arguments] { run(*arguments); });
}
