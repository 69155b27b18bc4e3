// What the files of the C interface share: handles, errors, sized structs.
#pragma once

#include "Runtime/Session.h"
#include "lathe/runtime.h"

#include <algorithm>
#include <cstring>

struct lathe_model {
  std::shared_ptr<lathe::LoadedModel> model;
  std::vector<std::vector<std::string>> features; // of each program's variants, with spaces
};
struct lathe_session {
  std::unique_ptr<lathe::Session> session;
  std::string device;             // "cuda:0"
  std::vector<lathe::Draw> draws; // of the running call; sized once
};
struct lathe_sampler {
  std::shared_ptr<const lathe::LoadedModel> model;
  lathe::Sampler sampler;
  std::vector<uint32_t> history; // a set of tokens
};

namespace lathe {

/// Keeps the message for lathe_last_error() and hands out the code.
lathe_status fail(const Status &status);
inline lathe_status done(const Status &status) { return status.ok() ? LATHE_OK : fail(status); }

inline Status invalid(const std::string &message) { return Status(Code::InvalidArgument, message); }

/// Runs `body`, a call that returns a Status; what a library throws below becomes a code.
template <typename Body> lathe_status guarded(Body body) {
  try {
    return done(body());
  } catch (const std::bad_alloc &) {
    return fail(Status(Code::OutOfMemory, "the system has no more memory"));
  } catch (const std::exception &failure) {
    return fail(Status(Code::Internal, failure.what()));
  }
}

/// Reads a sized struct that an older or newer caller filled in; null reads as all defaults.
template <typename Struct> Status readSized(const Struct *from, Struct &to) {
  to = Struct{};
  if (!from) return {};
  if (from->struct_size < sizeof(size_t) || from->struct_size > 4096)
    return invalid("struct_size is not set: initialize the struct with LATHE_INIT");
  std::memcpy(&to, from, std::min(from->struct_size, sizeof(Struct)));
  auto *bytes = reinterpret_cast<const unsigned char *>(from);
  for (size_t i = sizeof(Struct); i < from->struct_size; ++i)
    if (bytes[i] != 0)
      return Status(Code::Unsupported, "the caller uses an option that this library does not know");
  to.struct_size = sizeof(Struct);
  return {};
}

/// Fills as much of the caller's struct as it has room for; what the library does not know is zeroed.
template <typename Struct> Status writeSized(Struct from, Struct *to) {
  if (!to) return invalid("the struct to fill in is NULL");
  size_t size = to->struct_size;
  if (size < sizeof(size_t) || size > 4096)
    return invalid("struct_size is not set: initialize the struct with LATHE_INIT");
  from.struct_size = size;
  std::memcpy(to, &from, std::min(size, sizeof(Struct)));
  if (size > sizeof(Struct))
    std::memset(reinterpret_cast<unsigned char *>(to) + sizeof(Struct), 0, size - sizeof(Struct));
  return {};
}

/// What a lathe_draw says; fails with InvalidArgument.
Status readDraw(const lathe_draw *from, Draw &to);

inline const char *text(const flatbuffers::String *string) { return string ? string->c_str() : ""; }

/// The element of a header's list, or InvalidArgument.
template <typename List> Status find(const List *list, size_t index, typename List::return_type &element) {
  if (!list || index >= list->size())
    return invalid("there is no number " + std::to_string(index) + " of " +
                   std::to_string(list ? list->size() : 0));
  element = list->Get(static_cast<uint32_t>(index));
  return {};
}

} // namespace lathe
