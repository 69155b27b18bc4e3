// lathe: compile, run and measure transformer models.
#include "Command.h"
#include "Usage.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

int main(int argc, char **argv) {
  CLI::App app("Lathe: an ahead-of-time compiler for transformer inference.\n"
               "\n"
               "  lathe compile models/storyteller -o story.lathe --weights int4\n"
               "  lathe run story.lathe \"Once upon a time\"\n",
               "lathe");
  app.require_subcommand(1);
  app.set_version_flag("--version", "lathe " LATHE_VERSION);
  lathe::tool::addCompile(app);
  lathe::tool::addRun(app);
  lathe::tool::addEval(app);
  lathe::tool::addEmbed(app);
  lathe::tool::addBench(app);
  lathe::tool::addInspect(app);
  lathe::tool::addDevices(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    return lathe::tool::reportUsage(app, error);
  } catch (const lathe::tool::Failure &failure) {
    std::fprintf(stderr, "lathe: %s\n", failure.message.c_str());
    return 1;
  } catch (const std::exception &error) {
    std::fprintf(stderr, "lathe: %s\n", error.what());
    return 1;
  }
  // Output that could not be written (a full disk) is a failure.
  if (std::fflush(stdout) == 0 && !std::ferror(stdout)) return 0;
  std::fprintf(stderr, "lathe: standard output: %s\n", std::strerror(errno));
  return 1;
}
