#include "Output.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>

namespace lathe::tool {

void printJson(const Json &json) {
  std::string text = json.dump(2, ' ', false, Json::error_handler_t::replace);
  std::printf("%s\n", text.c_str());
}

std::string format(const char *pattern, ...) {
  va_list arguments, again;
  va_start(arguments, pattern);
  va_copy(again, arguments);
  std::string text(size_t(std::max(0, std::vsnprintf(nullptr, 0, pattern, arguments))), '\0');
  std::vsnprintf(text.data(), text.size() + 1, pattern, again);
  va_end(again);
  va_end(arguments);
  return text;
}

std::string formatBytes(uint64_t bytes) {
  const char *units[] = {"B", "kB", "MB", "GB", "TB"};
  double value = double(bytes);
  size_t unit = 0;
  for (; value >= 999.5 && unit + 1 < std::size(units); ++unit) value /= 1000;
  int digits = unit == 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return format("%.*f %s", digits, value, units[unit]);
}

Table::Table(std::vector<std::string> headings) {
  for (std::string &heading : headings) {
    right_.push_back(heading.starts_with('>'));
    if (right_.back()) heading.erase(0, 1);
  }
  rows_.push_back(std::move(headings));
}

void Table::add(std::vector<std::string> cells) {
  cells.resize(right_.size());
  rows_.push_back(std::move(cells));
}

/// Code points, which is near enough to columns for the names that appear here.
static size_t widthOf(const std::string &text) {
  return size_t(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

void Table::print() const {
  std::vector<size_t> widths(right_.size());
  for (const auto &row : rows_)
    for (size_t column = 0; column < row.size(); ++column)
      widths[column] = std::max(widths[column], widthOf(row[column]));
  for (const auto &row : rows_) {
    std::string line;
    for (size_t column = 0; column < row.size(); ++column) {
      std::string padding(widths[column] - widthOf(row[column]), ' ');
      if (column) line += "  ";
      line += right_[column] ? padding + row[column] : row[column] + padding;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    if (line.empty() && &row == &rows_.front()) continue; // no headings
    std::printf("%s\n", line.c_str());
  }
}

} // namespace lathe::tool
