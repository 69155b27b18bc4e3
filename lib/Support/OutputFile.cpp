#include "Support/OutputFile.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace lathe {

static Status failure(const std::string &path) { return Status(Code::Io, path + ": " + std::strerror(errno)); }

Result<OutputFile> OutputFile::create(const std::string &path) {
  OutputFile file;
  file.path_ = path;
  file.partial_ = path + "." + std::to_string(getpid()) + ".partial";
  file.descriptor_ = ::open(file.partial_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file.descriptor_ < 0) return failure(file.partial_);
  return file;
}

OutputFile::OutputFile(OutputFile &&other) noexcept
    : path_(std::move(other.path_)), partial_(std::move(other.partial_)),
      descriptor_(std::exchange(other.descriptor_, -1)) {}

OutputFile::~OutputFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(partial_.c_str());
}

Status OutputFile::writeAt(uint64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    ssize_t written = pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return failure(partial_);
    bytes = bytes.subspan(static_cast<size_t>(written));
    offset += static_cast<uint64_t>(written);
  }
  return {};
}

Status OutputFile::readAt(uint64_t offset, std::span<std::byte> bytes) const {
  while (!bytes.empty()) {
    ssize_t got = pread(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failure(partial_);
    if (got == 0) return Status(Code::Io, partial_ + ": ends before what was to be read back");
    bytes = bytes.subspan(static_cast<size_t>(got));
    offset += static_cast<uint64_t>(got);
  }
  return {};
}

Status OutputFile::resize(uint64_t bytes) {
  return ftruncate(descriptor_, static_cast<off_t>(bytes)) == 0 ? Status() : failure(partial_);
}

Status OutputFile::commit() {
  if (fsync(descriptor_) != 0) return failure(partial_);
  if (std::rename(partial_.c_str(), path_.c_str()) != 0) return failure(path_);
  ::close(std::exchange(descriptor_, -1));
  return {};
}

} // namespace lathe
