// lathe: compile, run and measure transformer models.
#include "Command.h"

#include <cstdio>

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
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    return app.exit(error);
  } catch (const lathe::tool::Failure &failure) {
    std::fprintf(stderr, "lathe: %s\n", failure.message.c_str());
    return 1;
  }
  return 0;
}
