// Kernels as the driver takes them or does not, and what else fails on a CUDA device.
#include "CudaToy.h"

#include <cstdlib>

using namespace lathe;
using namespace lathe::toy;

TEST_F(Cuda, KernelsAreCompiledOnceForAllProcesses) {
  auto toy = cudaToy({}, {.text = "// once"});
  std::string message;
  size_t links = fake.links;
  ASSERT_EQ(openSession(*toy, "cuda", message), LATHE_OK) << message;
  ASSERT_EQ(openSession(*toy, "cuda", message), LATHE_OK) << message;
  EXPECT_EQ(fake.links, links + 1);
  // Damaged files are made anew; a folder that can't be made costs time only.
  for (auto &file : std::filesystem::directory_iterator(cudaCache() / "lathe")) {
    test::Bytes bytes = test::readFile(file.path());
    bytes.back() ^= std::byte(1);
    test::writeFile(file.path(), bytes);
  }
  ASSERT_EQ(openSession(*toy, "cuda", message), LATHE_OK) << message;
  EXPECT_EQ(fake.links, links + 2);
  setenv("XDG_CACHE_HOME", "/proc/no/such/folder", 1);
  EXPECT_EQ(openSession(*toy, "cuda", message), LATHE_OK) << message;
  setenv("XDG_CACHE_HOME", cudaCache().c_str(), 1);
  EXPECT_EQ(fake.links, links + 3);
}

TEST_F(Cuda, OldKernelsMakeRoom) {
  auto toy = cudaToy({}, {.text = "// room"});
  std::filesystem::create_directories(cudaCache() / "lathe");
  for (int i = 0; i < 80; ++i) test::writeFile(cudaCache() / "lathe" / ("cuda-" + std::to_string(i)), {});
  std::string message;
  ASSERT_EQ(openSession(*toy, "cuda", message), LATHE_OK) << message;
  size_t files = 0;
  for (auto &file : std::filesystem::directory_iterator(cudaCache() / "lathe"))
    files += file.is_regular_file();
  EXPECT_EQ(files, 64u);
}

TEST_F(Cuda, TextsAreLoadedWhereTheLinkerDoesNotWork) {
  auto toy = cudaToy({}, {.text = "// unlinked"});
  fake.linker = false;
  Runner run(*toy, 1, 1, 0, "cuda");
  fake.linker = true;
  EXPECT_EQ(run.feed(run.slot(), {1, 2}), expected({1, 2}));
}

TEST_F(Cuda, WhatTheDriversCompilerSaysIsTold) {
  auto toy = cudaToy({}, {.text = "// refused"});
  fake.compilerLog = "ptxas application ptx input, line 7; error: Feature 'x' requires PTX ISA 9.9";
  std::string message;
  EXPECT_EQ(openSession(*toy, "cuda", message), LATHE_UNSUPPORTED);
  EXPECT_NE(
      message.find("the driver of Fake GPU (CUDA 12.4) can't compile the kernels: CUDA_ERROR_INVALID_PTX\n" +
                   fake.compilerLog),
      std::string::npos)
      << message;
  fake.compilerLog.clear();
}

TEST_F(Cuda, FunctionsThatAreMissingAreCorruption) {
  auto toy = cudaToy({}, {.text = "// empty"});
  auto parameters = std::exchange(fake.parameters, [](const std::string &) { return size_t(0); });
  std::string message;
  EXPECT_EQ(openSession(*toy, "cuda", message), LATHE_CORRUPT);
  EXPECT_NE(message.find("has no function 'k0' (kernel 'gather')"), std::string::npos) << message;
  fake.parameters = parameters;
}

TEST_F(Cuda, MemoryThatIsOutIsTold) {
  auto toy = cudaToy();
  // The driver has said that there is more than it gives.
  std::string message;
  fake.memoryLeft = 4096;
  EXPECT_EQ(openSession(*toy, "cuda", message), LATHE_OUT_OF_MEMORY);
  fake.memoryLeft = uint64_t(1) << 30;
  EXPECT_EQ(openSession(*toy, "cuda", message), LATHE_OK) << message;
}

TEST_F(Cuda, NoVariantForTheDevice) {
  auto toy = cudaToy({}, {.variants = {"sm_90a", "sm_100"}});
  std::string message;
  EXPECT_EQ(openSession(*toy, "cuda", message), LATHE_UNSUPPORTED);
  EXPECT_NE(message.find("'sm_100' needs compute capability 10.0 or newer"), std::string::npos) << message;
}

TEST_F(Cuda, LostDevicesStayLost) {
  auto toy = cudaToy();
  Runner run(*toy, 1, 1, 0, "cuda");
  int32_t slot = run.slot();
  run.feed(slot, {1, 2});
  fake.failure = 700;
  EXPECT_EQ(run.step({3}, {slot}), LATHE_DEVICE_LOST);
  EXPECT_NE(std::string(lathe_last_error())
                .find("Fake GPU: running kernels failed with CUDA_ERROR_ILLEGAL_ADDRESS"),
            std::string::npos)
      << lathe_last_error();
  EXPECT_EQ(run.step({3}, {slot}), LATHE_DEVICE_LOST);
}
