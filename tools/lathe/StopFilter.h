// Where a text ends.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace lathe::tool {

/// Passes text on as it comes, but for what may be the beginning of a stop text.
class StopFilter {
public:
  using Print = std::function<void(const std::string &)>;
  /// No stop text is empty. `print` outlives this.
  StopFilter(std::vector<std::string> stops, const Print &print) : stops_(std::move(stops)), print_(print) {}

  /// Returns true where a stop text is complete; it and what follows is not printed.
  bool push(const std::string &text);
  /// Prints what is held back.
  void flush();

private:
  std::vector<std::string> stops_;
  const Print &print_;
  std::string held_;
};

} // namespace lathe::tool
