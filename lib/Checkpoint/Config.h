// config.json and its relatives, read key by key by whoever understands a key.
//
// A configuration says how a checkpoint computes. A reader asks for the keys that it understands; finish()
// then fails on any other key, since a key that is not understood may change the computation. Exempt are keys
// whose value is null and the keys that are known to leave inference as it is (dropout rates, labels,
// versions: see inertKeys() in Config.cpp).
//
// Errors stick, as with a stream: an accessor that fails records the first error and returns a harmless value
// within the asked range, so a reader names its keys one after another and checks once.
#pragma once

#include "Support/Status.h"

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lathe {

/// What an integer or a number must lie in, both ends included.
struct IntegerRange {
  int64_t min = 0;
  int64_t max = std::numeric_limits<int32_t>::max();
};
struct NumberRange {
  double min = -std::numeric_limits<float>::max();
  double max = std::numeric_limits<float>::max();
};

/// A size that a tensor or a loop is made of: at least 1.
constexpr IntegerRange positiveSize{1, 1 << 28};
/// An epsilon, a base, a factor: above zero, and a number that f32 can hold.
constexpr NumberRange positiveNumber{std::numeric_limits<float>::min(), std::numeric_limits<float>::max()};

/// A view of one JSON object. Copies and nested() views share the document, the record of what was read, and
/// the error.
class Config {
public:
  /// Errors: NotFound, Corrupt (not JSON, not an object); they name the file.
  static Result<Config> open(const std::string &path);
  /// `place` stands for the file's name in messages.
  static Result<Config> parse(std::string_view text, const std::string &place);

  /// Whether the key is there with a value other than null. Does not count as reading it.
  bool has(std::string_view key) const;
  bool isObject(std::string_view key) const;

  // The value of `key`, which must be there, be of that type and lie in the range. An integer may be written
  // "8.0".
  int64_t integer(std::string_view key, IntegerRange range);
  double number(std::string_view key, NumberRange range);
  bool boolean(std::string_view key);
  std::string text(std::string_view key);

  // The same, or `fallback` where the key is missing or null.
  int64_t integer(std::string_view key, IntegerRange range, int64_t fallback);
  double number(std::string_view key, NumberRange range, double fallback);
  bool boolean(std::string_view key, bool fallback);
  std::string text(std::string_view key, std::string_view fallback);

  /// An integer or a list of integers; empty where missing or null.
  std::vector<int64_t> integers(std::string_view key, IntegerRange range);
  /// The object at `key`; none where missing or null. Its keys are read and reported as "key.inner".
  std::optional<Config> nested(std::string_view key);

  /// Requires the key to be missing, null or `value`: for a feature that only matters where it is switched
  /// on. Records Unsupported with the key, its value and `why` otherwise.
  void require(std::string_view key, bool value, std::string_view why);
  /// Whether the key is there with a value other than null, false, zero or something empty.
  bool isOn(std::string_view key);
  /// Requires that isOn() is false.
  void requireOff(std::string_view key, std::string_view why);
  /// Counts keys as read: they are known not to change what is computed.
  void inert(std::initializer_list<std::string_view> keys);

  /// Records an error about `key`, unless there is one already.
  void fail(Code code, std::string_view key, const std::string &what);
  /// The first error so far.
  Status status() const;
  /// The keys of the whole document, those of entered nested objects included, that nothing has read and that
  /// are not null; sorted.
  std::vector<std::string> unread() const;
  /// status(), or Unsupported naming the keys of unread() that are not known to leave inference as it is.
  Status finish() const;

private:
  struct State;
  Config(std::shared_ptr<State> state, const nlohmann::json *node, std::string prefix);
  const nlohmann::json *read(std::string_view key, bool required);
  std::optional<int64_t> checkInteger(std::string_view key, const nlohmann::json &value, IntegerRange range);
  std::shared_ptr<State> state_;
  const nlohmann::json *node_;
  std::string prefix_; ///< "" or "rope_parameters."
};

} // namespace lathe
