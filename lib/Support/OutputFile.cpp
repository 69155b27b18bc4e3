#include "Support/OutputFile.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

namespace lathe {

/// What x86-64 and 64-bit Arm map by one entry of a table.
static constexpr uint64_t kLargePage = 2 << 20;

static Status failureAt(const std::string &path) {
  return Status(Code::Io, path + ": " + std::strerror(errno));
}

Status OutputFile::failure() const { return failureAt(named_ ? partial_ : path_); }

/// -1 where the file system of `path` has no files without a name, or where they can't be given one later:
/// that takes /proc.
static int openNameless(const std::string &path) {
  if (::access("/proc/self/fd", X_OK) != 0) return -1;
  std::string folder = std::filesystem::path(path).parent_path().string();
  return ::open(folder.empty() ? "." : folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0644);
}

/// Where links lead that stand at `path`: what lies there is replaced, not they.
static std::string behindLinks(const std::string &path) {
  std::error_code error;
  if (!std::filesystem::is_symlink(path, error)) return path;
  std::filesystem::path behind = std::filesystem::weakly_canonical(path, error);
  return error ? path : behind.string();
}

Result<OutputFile> OutputFile::create(const std::string &path, Kind kind) {
  OutputFile file;
  file.path_ = behindLinks(path);
  file.partial_ = file.path_ + "." + std::to_string(getpid()) + ".partial";
  // A device or a pipe would be gone.
  std::error_code error;
  std::filesystem::file_status there = std::filesystem::status(file.path_, error);
  if (exists(there) && !is_regular_file(there))
    return Status(Code::Io, path + ": is no ordinary file, which this could replace");
  if (kind == Kind::Nameless) file.descriptor_ = openNameless(file.path_);
  if (file.descriptor_ >= 0) return file;
  file.descriptor_ = ::open(file.partial_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file.descriptor_ < 0) return failureAt(file.partial_);
  file.named_ = true;
  return file;
}

OutputFile::OutputFile(OutputFile &&other) noexcept
    : path_(std::move(other.path_)), partial_(std::move(other.partial_)),
      named_(std::exchange(other.named_, false)), descriptor_(std::exchange(other.descriptor_, -1)),
      reserved_(other.reserved_), pages_(std::move(other.pages_)) {}

OutputFile::~OutputFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (named_) ::unlink(partial_.c_str());
}

Status OutputFile::reserve(uint64_t bytes) {
  LATHE_TRY(resize(bytes));
  reserved_ = bytes;
  pages_->begun.assign(bytes / kLargePage + 1, false);
  return {};
}

/// A page of the cache is made by the first write to it, as large as that write: so each large page begins with
/// zeros all over, and pieces are written into it.
Status OutputFile::beginPages(uint64_t offset, uint64_t bytes) {
  static const std::vector<std::byte> zeros(kLargePage);
  uint64_t end = std::min(offset + bytes, reserved_);
  for (uint64_t number = offset / kLargePage; number * kLargePage < end; ++number) {
    std::lock_guard lock(pages_->mutex);
    if (pages_->begun[number]) continue;
    uint64_t first = number * kLargePage;
    LATHE_TRY(writePlainly(first, std::span(zeros).first(std::min(kLargePage, reserved_ - first))));
    pages_->begun[number] = true;
  }
  return {};
}

Status OutputFile::writeAt(uint64_t offset, std::span<const std::byte> bytes) {
  LATHE_TRY(beginPages(offset, bytes.size()));
  return writePlainly(offset, bytes);
}

Status OutputFile::writePlainly(uint64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    ssize_t written = pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return failure();
    bytes = bytes.subspan(static_cast<size_t>(written));
    offset += static_cast<uint64_t>(written);
  }
  return {};
}

Status OutputFile::readAt(uint64_t offset, std::span<std::byte> bytes) const {
  while (!bytes.empty()) {
    ssize_t got = pread(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failure();
    if (got == 0) return Status(Code::Io, path_ + ": ends before what was to be read back");
    bytes = bytes.subspan(static_cast<size_t>(got));
    offset += static_cast<uint64_t>(got);
  }
  return {};
}

Status OutputFile::resize(uint64_t bytes) {
  return ftruncate(descriptor_, static_cast<off_t>(bytes)) == 0 ? Status() : failure();
}

/// A name is free or not, but a link replaces nothing: what is there is replaced by a rename.
Status OutputFile::giveName() {
  if (!named_) {
    std::string descriptor = "/proc/self/fd/" + std::to_string(descriptor_);
    auto link = [&](const std::string &name) {
      return ::linkat(AT_FDCWD, descriptor.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0;
    };
    if (link(path_)) return {};
    if (errno != EEXIST) return failure();
    ::unlink(partial_.c_str()); // of a killed process that had this number
    if (!link(partial_)) return failureAt(partial_);
    named_ = true;
  }
  if (std::rename(partial_.c_str(), path_.c_str()) != 0) return failureAt(path_);
  named_ = false;
  return {};
}

Status OutputFile::commit() {
  if (fsync(descriptor_) != 0) return failure();
  LATHE_TRY(giveName());
  ::close(std::exchange(descriptor_, -1));
  return {};
}

} // namespace lathe
