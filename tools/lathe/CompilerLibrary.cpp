#include "CompilerLibrary.h"

#include "Command.h"
#include "Progress.h"

#include <csignal>
#include <dlfcn.h>
#include <filesystem>

namespace fs = std::filesystem;

static fs::path libraryBesideProgram() {
  std::error_code ignored;
  return fs::read_symlink("/proc/self/exe", ignored).parent_path().parent_path() / "lib/liblathe-compiler.so";
}

static void *openCompiler() {
  fs::path beside = libraryBesideProgram();
  std::error_code ignored;
  std::string path = fs::exists(beside, ignored) ? beside.string() : "liblathe-compiler.so";
  if (void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) return library;
  throw lathe::tool::Failure{std::string("the compiler can't be opened: ") + dlerror()};
}

static volatile std::sig_atomic_t stopRequested = 0;

/// The first signal asks the compiler to stop, so that it removes what it has begun to write; the second one
/// kills.
static void requestStop(int signal) {
  stopRequested = 1;
  std::signal(signal, SIG_DFL);
}

namespace {
struct SignalScope {
  SignalScope() : interrupt(std::signal(SIGINT, requestStop)), terminate(std::signal(SIGTERM, requestStop)) {}
  ~SignalScope() {
    std::signal(SIGINT, interrupt);
    std::signal(SIGTERM, terminate);
  }
  void (*interrupt)(int), (*terminate)(int);
};
} // namespace

std::string lathe::tool::describeCompiler() {
  fs::path path = libraryBesideProgram();
  std::error_code missing;
  std::string text = "lathe " LATHE_VERSION " " + path.string();
  auto size = fs::file_size(path, missing);
  if (missing) return text;
  return text + " " + std::to_string(size) + " " +
         std::to_string(fs::last_write_time(path).time_since_epoch().count());
}

void lathe::tool::compileModel(const std::string &model, lathe_compile_options options, bool quiet) {
  auto *compile = reinterpret_cast<decltype(&lathe_compile)>(dlsym(openCompiler(), "lathe_compile"));
  if (!compile) throw Failure{"liblathe-compiler.so has no lathe_compile; it is of another version"};
  Progress progress(quiet);
  options.progress = [](void *user, const char *step, uint64_t done, uint64_t total) {
    static_cast<Progress *>(user)->update(step, done, total);
    return int(stopRequested);
  };
  options.progress_user = &progress;
  char message[8192];
  SignalScope scope;
  if (compile(model.c_str(), &options, message, sizeof message) == LATHE_OK) return;
  throw Failure{stopRequested ? "stopped; nothing was written" : message};
}
