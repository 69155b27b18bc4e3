// A stand-in for NVIDIA's driver, so that tests run where there is no GPU: device memory is the host's,
// kernels are functions of the test. It computes nothing by itself and proves nothing about real devices; it
// checks that the driver is called in an order, and with sizes and addresses, that a real one would take.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace lathe::test {

struct FakeDevice {
  std::string name = "Fake GPU";
  int major = 8, minor = 0;
  uint64_t memory = uint64_t(1) << 30;
  bool prohibited = false;
  bool broken = false; ///< says nothing of itself
};

struct FakeLaunch {
  std::string function;
  unsigned groupsX, groupsY, threads;
  std::span<const uint64_t> addresses;
};

struct FakeCuda {
  // What there is. Devices are looked at once a process.
  std::vector<FakeDevice> devices;
  int version = 12040;
  /// How many addresses a function takes; 0: there is no such function.
  std::function<size_t(const std::string &function)> parameters;
  std::function<void(const FakeLaunch &)> run;
  std::string compilerLog; ///< not empty: the compiler takes no text
  bool linker = true;      ///< the driver's linker works
  uint64_t memoryLeft = uint64_t(1) << 30;
  int failure = 0; ///< what the next wait gives: a kernel has failed

  // What happened.
  size_t links = 0, graphsMade = 0, graphLaunches = 0, kernelLaunches = 0, tableCopies = 0;
  std::vector<uint64_t> graphCopies; ///< bytes of each copy inside a launched graph
  uint64_t bytesBack = 0;            ///< copied to the host, by graphs and without
  std::vector<std::string> complaints;
  /// Handles and memory that were made and not given back.
  size_t alive() const;
};

/// The one that the driver's functions work on.
FakeCuda &fakeCuda();

} // namespace lathe::test
