#include "Usage.h"

#include <algorithm>
#include <cstdio>
#include <numeric>

namespace lathe::tool {

/// Insertions, removals and replacements of one character that make `a` into `b`.
static size_t distance(const std::string &a, const std::string &b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, replaced}));
    }
  }
  return row.back();
}

/// "; did you mean 'run'?" where one of `names` is near.
static std::string suggestion(const std::string &given, const std::vector<std::string> &names) {
  auto farther = [&](const std::string &a, const std::string &b) {
    return distance(given, a) < distance(given, b);
  };
  auto nearest = std::min_element(names.begin(), names.end(), farther);
  if (nearest == names.end() || distance(given, *nearest) > 1 + given.size() / 4) return "";
  return "; did you mean '" + *nearest + "'?";
}

static std::vector<std::string> commandsOf(const CLI::App &app) {
  std::vector<std::string> names;
  for (const CLI::App *command : app.get_subcommands([](const CLI::App *) { return true; }))
    names.push_back(command->get_name());
  return names;
}

static std::vector<std::string> optionsOf(const CLI::App &command) {
  std::vector<std::string> names;
  for (const CLI::Option *option : command.get_options())
    for (const std::string &name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

/// `command` is null where none was recognized.
static std::string whatIsWrong(const CLI::App &app, const CLI::App *command, const CLI::ParseError &error) {
  std::vector<std::string> left = app.remaining(/*recurse=*/true);
  if (left.empty()) return error.what();
  if (!command && left[0][0] != '-')
    return "there is no command '" + left[0] + "'" + suggestion(left[0], commandsOf(app));
  auto option =
      std::find_if(left.begin(), left.end(), [](const std::string &text) { return text.starts_with('-'); });
  if (option == left.end()) return "'" + left[0] + "' is one argument too many";
  std::string name = option->substr(0, option->find('='));
  return "there is no option '" + name + "'" + suggestion(name, optionsOf(command ? *command : app));
}

int reportUsage(const CLI::App &app, const CLI::ParseError &error) {
  if (error.get_exit_code() == 0) return app.exit(error);
  std::vector<CLI::App *> given = const_cast<CLI::App &>(app).get_subcommands();
  const CLI::App *command = given.empty() ? nullptr : given[0];
  std::fprintf(stderr, "lathe: %s\nRun 'lathe %s--help' for what there is.\n",
               whatIsWrong(app, command, error).c_str(), command ? (command->get_name() + " ").c_str() : "");
  return 2;
}

} // namespace lathe::tool
