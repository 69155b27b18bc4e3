#include "Runtime.h"

#include "Command.h"
#include "CompileCache.h"

#include <filesystem>

namespace lathe::tool {

void check(lathe_status status) {
  if (status != LATHE_OK) throw Failure{lathe_last_error()};
}

ModelPtr openModel(const std::string &modelOrFolder) {
  std::error_code ignored;
  bool folder = std::filesystem::is_directory(modelOrFolder, ignored);
  lathe_model *model = nullptr;
  check(lathe_model_open((folder ? compileCached(modelOrFolder) : modelOrFolder).c_str(), nullptr, &model));
  return ModelPtr(model);
}

lathe_model_info infoOf(const lathe_model *model) {
  lathe_model_info info = LATHE_INIT(lathe_model_info);
  check(lathe_model_get_info(model, &info));
  return info;
}

SessionPtr createSession(lathe_model *model, const lathe_session_options &options) {
  lathe_session *session = nullptr;
  check(lathe_session_create(model, &options, &session));
  return SessionPtr(session);
}

std::vector<int32_t> tokenize(const lathe_model *model, const std::string &text, uint32_t flags) {
  // A token has at least one byte, save for the few that are put around the text.
  std::vector<int32_t> tokens(text.size() + 16);
  size_t count = 0;
  lathe_status status = lathe_tokenize(model, text.data(), text.size(), flags, tokens.data(), tokens.size(), &count);
  if (status == LATHE_FULL) {
    tokens.resize(count);
    status = lathe_tokenize(model, text.data(), text.size(), flags, tokens.data(), tokens.size(), &count);
  }
  check(status);
  tokens.resize(count);
  return tokens;
}

} // namespace lathe::tool
