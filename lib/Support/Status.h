// Errors as values, for the code that never sees LLVM.
//
// A Status is success or a code with a message that tells the user what is wrong and what to do; a Result<T> is a value
// or such a Status. No exception crosses a library of Lathe.
#pragma once

#include <cassert>
#include <string>
#include <utility>
#include <variant>

namespace lathe {

/// What kind of failure it is; the C API hands out the same values (lathe_status in lathe/runtime.h).
enum class Code {
  Ok = 0,
  InvalidArgument = 1, ///< the caller asked for something that makes no sense
  NotFound = 2,        ///< a file or a name is missing
  Corrupt = 3,         ///< a file is truncated or inconsistent
  Unsupported = 4,     ///< well-formed, but Lathe or this device can't do it
  OutOfMemory = 5,     ///< does not fit; the message says what was needed
  Full = 6,            ///< the context, the pool or the batch has no room left
  Cancelled = 7,       ///< stopped from another thread
  Io = 8,              ///< the operating system refused
  Internal = 9,        ///< a bug in Lathe
  DeviceLost = 10,     ///< a GPU stopped answering
};

class [[nodiscard]] Status {
public:
  Status() = default;
  Status(Code code, std::string message) : code_(code), message_(std::move(message)) {
    assert(code != Code::Ok && "a failure needs a failing code");
  }
  bool ok() const { return code_ == Code::Ok; }
  Code code() const { return code_; }
  const std::string &message() const { return message_; }
  /// The same failure with where it happened in front: "model.safetensors: header is cut short".
  Status in(const std::string &place) const { return ok() ? *this : Status(code_, place + ": " + message_); }

private:
  Code code_ = Code::Ok;
  std::string message_;
};

template <typename T> class [[nodiscard]] Result {
public:
  Result(T value) : state_(std::move(value)) {}
  Result(Status failure) : state_(std::move(failure)) {
    assert(!std::get<Status>(state_).ok() && "a Result without a value needs a failure");
  }
  bool ok() const { return std::holds_alternative<T>(state_); }
  explicit operator bool() const { return ok(); }
  T &operator*() { return std::get<T>(state_); }
  const T &operator*() const { return std::get<T>(state_); }
  T *operator->() { return &std::get<T>(state_); }
  const T *operator->() const { return &std::get<T>(state_); }
  Status status() const { return ok() ? Status() : std::get<Status>(state_); }

private:
  std::variant<T, Status> state_;
};

} // namespace lathe

/// Returns early with the failure of `expr`, a Status.
#define LATHE_TRY(expr)                                                                                                \
  do {                                                                                                                 \
    if (::lathe::Status latheStatus = (expr); !latheStatus.ok()) return latheStatus;                                   \
  } while (0)
