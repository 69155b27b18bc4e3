#include "Support/MappedFile.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lathe {

Result<MappedFile> MappedFile::open(const std::string &path) {
  MappedFile file;
  file.descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file.descriptor_ < 0)
    return Status(errno == ENOENT ? Code::NotFound : Code::Io, path + ": " + std::strerror(errno));
  struct stat info;
  if (fstat(file.descriptor_, &info) != 0) return Status(Code::Io, path + ": " + std::strerror(errno));
  if (!S_ISREG(info.st_mode)) return Status(Code::InvalidArgument, path + ": not a regular file");
  file.size_ = static_cast<size_t>(info.st_size);
  if (file.size_ == 0) return file;
  void *data = mmap(nullptr, file.size_, PROT_READ, MAP_SHARED, file.descriptor_, 0);
  if (data == MAP_FAILED) return Status(Code::Io, path + ": cannot map: " + std::strerror(errno));
  file.data_ = static_cast<const std::byte *>(data);
  return file;
}

void MappedFile::preferLargePages() const {
  // A kernel without them says so, which changes nothing.
  if (data_) madvise(const_cast<std::byte *>(data_), size_, MADV_HUGEPAGE);
}

MappedFile::MappedFile(MappedFile &&other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)),
      descriptor_(std::exchange(other.descriptor_, -1)) {}

MappedFile &MappedFile::operator=(MappedFile &&other) noexcept {
  if (this != &other) {
    close();
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
    descriptor_ = std::exchange(other.descriptor_, -1);
  }
  return *this;
}

MappedFile::~MappedFile() { close(); }

void MappedFile::close() {
  if (data_) munmap(const_cast<std::byte *>(data_), size_);
  if (descriptor_ >= 0) ::close(descriptor_);
}

} // namespace lathe
