#include "Support/MappedFile.h"
#include "Support/OutputFile.h"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <numeric>
#include <random>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace lathe;
namespace fs = std::filesystem;

static std::string scratch(const char *name) { return (fs::temp_directory_path() / name).string(); }

TEST(MappedFile, MissingFileIsNotFound) {
  auto file = MappedFile::open(scratch("lathe-no-such-file"));
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.status().code(), Code::NotFound);
}

TEST(MappedFile, FolderIsRefused) {
  auto file = MappedFile::open(fs::temp_directory_path().string());
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.status().code(), Code::InvalidArgument);
}

namespace {
using Kind = OutputFile::Kind;
constexpr std::byte kText[3] = {std::byte('a'), std::byte('b'), std::byte('c')};

/// Of files with and without a name, in a folder of its own.
class OutputFileTest : public testing::TestWithParam<Kind> {
protected:
  OutputFileTest() { fs::create_directory(folder_); }
  ~OutputFileTest() override { fs::remove_all(folder_); }
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto &entry : fs::directory_iterator(folder_)) names.push_back(entry.path().filename());
    return names;
  }
  std::string content() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  /// Whether the folder's file system has files without a name.
  bool hasNameless() const {
    int descriptor = ::open(folder_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (descriptor >= 0) ::close(descriptor);
    return descriptor >= 0;
  }

  std::string folder_ = scratch(("lathe-output-test-" + std::to_string(getpid())).c_str());
  std::string path_ = folder_ + "/whole";
};
} // namespace

INSTANTIATE_TEST_SUITE_P(Kinds, OutputFileTest, testing::Values(Kind::Nameless, Kind::Named),
                         [](const auto &info) { return info.param == Kind::Named ? "Named" : "Nameless"; });

TEST_P(OutputFileTest, AppearsOnlyWhenCommitted) {
  {
    auto abandoned = OutputFile::create(path_, GetParam());
    ASSERT_TRUE(abandoned.ok()) << abandoned.status().message();
    ASSERT_TRUE(abandoned->writeAt(0, kText).ok());
    EXPECT_FALSE(fs::exists(path_));
  }
  EXPECT_TRUE(names().empty()) << "an abandoned file must leave nothing behind";
  auto file = OutputFile::create(path_, GetParam());
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(file->writeAt(4, kText).ok());
  ASSERT_TRUE(file->resize(8).ok());
  std::byte back[3];
  ASSERT_TRUE(file->readAt(4, back).ok());
  EXPECT_EQ(std::memcmp(back, kText, 3), 0);
  EXPECT_EQ(file->readAt(7, back).code(), Code::Io);
  ASSERT_TRUE(file->commit().ok());
  EXPECT_EQ(content(), std::string("\0\0\0\0abc\0", 8));
  EXPECT_EQ(names(), std::vector<std::string>{"whole"});
}

TEST_P(OutputFileTest, ReplacesNothingButFiles) {
  std::string pipe = folder_ + "/pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  for (const std::string &path : {pipe, folder_}) {
    auto file = OutputFile::create(path, GetParam());
    ASSERT_FALSE(file.ok()) << path;
    EXPECT_EQ(file.status().message(), path + ": is no ordinary file, which this could replace");
  }
  EXPECT_EQ(names(), std::vector<std::string>{"pipe"});
}

TEST_P(OutputFileTest, ReplacesWhatALinkLeadsTo) {
  std::ofstream(path_) << "before";
  std::string link = folder_ + "/link";
  fs::create_symlink("whole", link);
  auto file = OutputFile::create(link, GetParam());
  ASSERT_TRUE(file.ok()) << file.status().message();
  ASSERT_TRUE(file->writeAt(0, kText).ok() && file->commit().ok());
  EXPECT_EQ(content(), "abc");
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_EQ(names().size(), 2u);
}

/// Pieces that come in any order, from several threads, over more than two large pages and a part of one.
TEST_P(OutputFileTest, KeepsEveryPieceOfAReservedFile) {
  constexpr size_t kPiece = 3000, kPieces = 1600;
  std::vector<uint32_t> order(kPieces);
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), std::mt19937(1));
  auto file = OutputFile::create(path_, GetParam());
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(file->reserve(kPiece * kPieces + 100).ok());
  std::atomic<size_t> next = 0;
  auto write = [&] {
    for (size_t i; (i = next++) < kPieces;) {
      std::vector<std::byte> piece(kPiece, std::byte(order[i] % 251 + 1));
      EXPECT_TRUE(file->writeAt(order[i] * kPiece, piece).ok());
    }
  };
  std::thread other(write);
  write();
  other.join();
  // Behind what was reserved, too.
  ASSERT_TRUE(file->writeAt(kPiece * kPieces + 100, kText).ok());
  ASSERT_TRUE(file->commit().ok());
  std::string expected;
  for (size_t i = 0; i < kPieces; ++i) expected += std::string(kPiece, char(i % 251 + 1));
  EXPECT_EQ(content(), expected + std::string(100, '\0') + "abc");
}

TEST_P(OutputFileTest, ReplacesWhatIsThere) {
  std::ofstream(path_) << "before";
  auto file = OutputFile::create(path_, GetParam());
  ASSERT_TRUE(file.ok());
  // As a process with this number left it when it was killed.
  std::ofstream(path_ + "." + std::to_string(getpid()) + ".partial", std::ios::app) << "";
  ASSERT_TRUE(file->writeAt(0, kText).ok());
  EXPECT_EQ(content(), "before");
  Status status = file->commit();
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(content(), "abc");
  EXPECT_EQ(names(), std::vector<std::string>{"whole"});
}

TEST_P(OutputFileTest, CommitsInTheCurrentFolder) {
  fs::path before = fs::current_path();
  fs::current_path(folder_);
  auto file = OutputFile::create("whole", GetParam());
  Status status = file ? file->commit() : file.status();
  fs::current_path(before);
  EXPECT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(names(), std::vector<std::string>{"whole"});
}

TEST_P(OutputFileTest, SaysWhereItCannotWrite) {
  auto nowhere = OutputFile::create(folder_ + "/none/whole", GetParam());
  ASSERT_FALSE(nowhere.ok());
  EXPECT_EQ(nowhere.status().code(), Code::Io);
  EXPECT_NE(nowhere.status().message().find("/none/whole"), std::string::npos) << nowhere.status().message();
  auto file = OutputFile::create(path_, GetParam());
  ASSERT_TRUE(file.ok());
  fs::create_directory(path_);
  EXPECT_EQ(file->commit().code(), Code::Io) << "a folder can't be replaced";
}

TEST_P(OutputFileTest, KilledInTheMiddle) {
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  pid_t child = fork();
  if (child == 0) {
    auto file = OutputFile::create(path_, GetParam());
    char written = file && file->writeAt(0, kText).ok();
    (void)!write(ready[1], &written, 1);
    for (;;) pause();
  }
  char written = 0;
  ASSERT_EQ(read(ready[0], &written, 1), 1);
  ::close(ready[0]), ::close(ready[1]);
  kill(child, SIGKILL);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(written);
  EXPECT_FALSE(fs::exists(path_));
  if (GetParam() == Kind::Nameless && hasNameless()) EXPECT_TRUE(names().empty()) << names()[0];
}

TEST(Fits, RejectsOverflow) {
  EXPECT_TRUE(fits(0, 10, 10));
  EXPECT_FALSE(fits(1, 10, 10));
  EXPECT_FALSE(fits(UINT64_MAX, 2, 10));
  EXPECT_FALSE(fits(2, UINT64_MAX, 10));
}
