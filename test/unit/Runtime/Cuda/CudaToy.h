// The toy model with a program for CUDA, on the stand-in for the driver.
#pragma once

#include "../ToyModel.h"
#include "FakeCuda.h"

#include <filesystem>

namespace lathe::toy {

struct CudaOptions {
  std::vector<std::string> variants = {"sm_75", "sm_80", "sm_90a"};
  std::string text = "// kernels"; ///< what stands for PTX
};

/// A toy with programs for the CPU and for CUDA.
std::unique_ptr<Toy> cudaToy(ToyOptions options = {}, const CudaOptions &cuda = {});

/// Where compiled kernels are kept while the tests run.
std::filesystem::path cudaCache();

/// Whatever a test does, the driver is called properly and gets everything back.
class Cuda : public testing::Test {
protected:
  void SetUp() override { test::fakeCuda().complaints.clear(); }
  void TearDown() override {
    for (const std::string &complaint : test::fakeCuda().complaints) ADD_FAILURE() << complaint;
    EXPECT_EQ(test::fakeCuda().alive(), 0u);
  }
  test::FakeCuda &fake = test::fakeCuda();
};

} // namespace lathe::toy
