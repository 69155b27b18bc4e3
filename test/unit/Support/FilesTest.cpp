#include "Support/MappedFile.h"
#include "Support/OutputFile.h"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

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

TEST(OutputFile, AppearsOnlyWhenCommitted) {
  std::string path = scratch("lathe-output-test");
  fs::remove(path);
  std::byte data[3] = {std::byte('a'), std::byte('b'), std::byte('c')};
  {
    auto abandoned = OutputFile::create(path);
    ASSERT_TRUE(abandoned.ok()) << abandoned.status().message();
    ASSERT_TRUE(abandoned->writeAt(0, data).ok());
  }
  EXPECT_FALSE(fs::exists(path)) << "an abandoned file must leave nothing behind";
  auto file = OutputFile::create(path);
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(file->writeAt(4, data).ok());
  ASSERT_TRUE(file->resize(8).ok());
  ASSERT_TRUE(file->commit().ok());
  auto mapped = MappedFile::open(path);
  ASSERT_TRUE(mapped.ok());
  EXPECT_EQ(mapped->bytes().size(), 8u);
  EXPECT_EQ(std::memcmp(mapped->bytes().data(), "\0\0\0\0abc\0", 8), 0);
  fs::remove(path);
}

TEST(Fits, RejectsOverflow) {
  EXPECT_TRUE(fits(0, 10, 10));
  EXPECT_FALSE(fits(1, 10, 10));
  EXPECT_FALSE(fits(UINT64_MAX, 2, 10));
  EXPECT_FALSE(fits(2, UINT64_MAX, 10));
}
