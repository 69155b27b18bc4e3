#include "CompilerLibrary.h"

#include "Command.h"

#include <dlfcn.h>
#include <filesystem>

static void *openCompiler() {
  std::error_code ignored;
  auto program = std::filesystem::read_symlink("/proc/self/exe", ignored);
  for (const std::string &path : {(program.parent_path().parent_path() / "lib/liblathe-compiler.so").string(),
                                  std::string("liblathe-compiler.so")})
    if (void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) return library;
  throw lathe::tool::Failure{std::string("the compiler can't be opened: ") + dlerror()};
}

void lathe::tool::compileModel(const std::string &model, const lathe_compile_options &options) {
  auto *compile = reinterpret_cast<decltype(&lathe_compile)>(dlsym(openCompiler(), "lathe_compile"));
  if (!compile) throw Failure{"liblathe-compiler.so has no lathe_compile; it is of another version"};
  char message[8192];
  if (compile(model.c_str(), &options, message, sizeof message) != LATHE_OK) throw Failure{message};
}
