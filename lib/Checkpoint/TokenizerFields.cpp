#include "Checkpoint/Json.h"
#include "Checkpoint/TokenizerSources.h"

#include <algorithm>

using namespace lathe;
using nlohmann::json;

static const json &emptyObject() {
  static const json empty = json::object();
  return empty;
}

TokenizerFields::TokenizerFields(const json &object, std::string place,
                                 std::initializer_list<std::string_view> known)
    : object_(object.is_object() ? object : emptyObject()), place_(std::move(place)) {
  if (!object.is_object()) {
    status_ = Status(Code::Corrupt, place_ + " is not an object");
    return;
  }
  for (const auto &item : object.items())
    if (std::find(known.begin(), known.end(), item.key()) == known.end())
      refuse("the key " + inQuotes(item.key()) + " is not supported");
}

const json *TokenizerFields::child(const char *key) const {
  auto found = object_.find(key);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

bool TokenizerFields::flag(const char *key, bool missing) {
  const json *value = child(key);
  if (!value) return missing;
  if (value->is_boolean()) return value->get<bool>();
  if (status_.ok()) status_ = Status(Code::Corrupt, place_ + ": " + key + " is not true or false");
  return missing;
}

std::string TokenizerFields::text(const char *key, const std::string &missing) {
  const json *value = child(key);
  if (!value) return missing;
  if (value->is_string()) return value->get<std::string>();
  if (status_.ok()) status_ = Status(Code::Corrupt, place_ + ": " + key + " is not a string");
  return missing;
}

uint64_t TokenizerFields::number(const char *key, uint64_t missing) {
  const json *value = child(key);
  if (!value) return missing;
  if (value->is_number_unsigned()) return value->get<uint64_t>();
  if (status_.ok()) status_ = Status(Code::Corrupt, place_ + ": " + key + " is not a whole number");
  return missing;
}

void TokenizerFields::refuse(const std::string &what) {
  if (status_.ok()) status_ = Status(Code::Unsupported, place_ + ": " + what);
}
