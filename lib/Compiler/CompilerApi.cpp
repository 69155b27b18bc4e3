// include/lathe/compiler.h: the C interface of the compiler.
#include "lathe/compiler.h"

#include "Compiler/Compile.h"

#include <algorithm>
#include <cstring>
#include <sstream>

using namespace lathe;

static std::string text(const char *value) { return value ? value : ""; }

static std::vector<std::string> split(const std::string &list) {
  std::vector<std::string> names;
  std::stringstream stream(list);
  for (std::string name; std::getline(stream, name, ',');) names.push_back(name);
  return names;
}

static Result<CompileOptions> readOptions(const char *model, const lathe_compile_options &given) {
  CompileOptions options;
  options.model = model;
  options.output = text(given.output) == "-" ? "" : text(given.output);
  options.weights = text(given.weights);
  options.group = text(given.group);
  options.recipe = text(given.recipe);
  options.activations = text(given.activations);
  options.cache = text(given.cache);
  options.pipeline = text(given.pipeline);
  options.checkpoint = text(given.checkpoint);
  if (given.emit) {
    std::optional<Emit> emit = parseEmit(given.emit);
    if (!emit)
      return Status(Code::InvalidArgument, text(given.emit) + ": emit one of artifact, lathe, exec, kernels, llvm, asm");
    options.emit = *emit;
  }
  if (given.compile_to) {
    options.compileTo = parsePhase(given.compile_to);
    if (!options.compileTo)
      return Status(Code::InvalidArgument, text(given.compile_to) + ": phases are import, graph, compress, lower");
  }
  options.variants = split(text(given.variants));
  options.targets = split(text(given.targets));
  options.maxRows = given.max_rows;
  options.maxOutputs = given.max_outputs;
  options.threads = given.threads;
  options.remarks = given.remarks != 0;
  if (given.log) options.log = [=](const std::string &line) { given.log(given.log_user, LATHE_LOG_INFO, line.c_str()); };
  if (given.progress)
    options.progress = [=](const char *step, uint64_t done, uint64_t total) {
      return given.progress(given.progress_user, step, done, total) != 0;
    };
  return options;
}

lathe_status lathe_compile(const char *model, const lathe_compile_options *given, char *message, size_t messageSize) {
  Status status;
  lathe_compile_options known = LATHE_INIT(lathe_compile_options);
  if (!model) {
    status = Status(Code::InvalidArgument, "no model is given");
  } else if (given && (given->struct_size < sizeof(size_t) || given->struct_size > sizeof(known))) {
    status = Status(Code::InvalidArgument, "struct_size of lathe_compile_options is not that of this library");
  } else {
    if (given) std::memcpy(&known, given, given->struct_size);
    try {
      Result<CompileOptions> options = readOptions(model, known);
      status = options.ok() ? compile(*options) : options.status();
    } catch (const std::bad_alloc &) {
      status = Status(Code::OutOfMemory, "not enough memory to compile");
    } catch (const std::exception &error) {
      status = Status(Code::Internal, error.what());
    }
  }
  if (message && messageSize) {
    size_t length = std::min(messageSize - 1, status.message().size());
    std::memcpy(message, status.message().data(), length);
    message[length] = 0;
  }
  return static_cast<lathe_status>(status.code());
}
