#include "StopFilter.h"

#include <algorithm>

namespace lathe::tool {

bool StopFilter::push(const std::string &text) {
  held_ += text;
  for (const std::string &stop : stops_)
    if (size_t at = held_.find(stop); at != std::string::npos) {
      print_(held_.substr(0, at));
      held_.clear();
      return true;
    }
  size_t keep = 0;
  for (const std::string &stop : stops_)
    for (size_t length = std::min(stop.size() - 1, held_.size()); length > keep; --length)
      if (held_.compare(held_.size() - length, length, stop, 0, length) == 0) keep = length;
  print_(held_.substr(0, held_.size() - keep));
  held_.erase(0, held_.size() - keep);
  return false;
}

void StopFilter::flush() {
  print_(held_);
  held_.clear();
}

} // namespace lathe::tool
