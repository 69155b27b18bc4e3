// What commands print: tables, JSON, sizes.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace lathe::tool {

using Json = nlohmann::ordered_json;

/// Indented, to standard output. Bytes that are no UTF-8 become U+FFFD.
void printJson(const Json &json);

/// printf into a string.
[[gnu::format(printf, 1, 2)]] std::string format(const char *pattern, ...);
/// "1.30 MB": powers of 1000.
std::string formatBytes(uint64_t bytes);

/// Columns as wide as their widest cell.
class Table {
public:
  /// A heading that starts with '>' makes its column align to the right.
  explicit Table(std::vector<std::string> headings);
  /// Missing cells are empty.
  void add(std::vector<std::string> cells);
  void print() const;

private:
  std::vector<std::vector<std::string>> rows_;
  std::vector<bool> right_;
};

} // namespace lathe::tool
