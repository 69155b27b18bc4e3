// What this CPU and its operating system let a program use.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lathe {

/// The features of this machine, by the names of /proc/cpuinfo without underscores ("avx2", "avx512vnni"),
/// and "x86-64-v3" for the whole of that level. A vector extension counts only where the OS saves its
/// registers.
class CpuFeatures {
public:
  /// Asks the CPU.
  static CpuFeatures probe();
  /// Those of this machine, asked for once.
  static const CpuFeatures &here();
  /// A machine that has exactly `names`, for tests of the choice.
  explicit CpuFeatures(std::vector<std::string> names);

  /// Whether it has `name`; underscores, dashes and dots don't count ("avx512_vnni" = "avx512vnni").
  bool has(std::string_view name) const;
  const std::vector<std::string> &names() const { return names_; }
  /// "x86_64", or what this build is for.
  static const char *architecture();

private:
  std::vector<std::string> names_; // normalized, sorted
};

/// "AMD EPYC 9B45", as the CPU calls itself.
std::string cpuName();

/// Asks the OS for the registers that `feature` needs, where it hands them out on request only (AMX). False
/// where it refuses.
bool enableFeature(std::string_view feature);

/// Cores that this process may use: affinity and cgroup quota.
unsigned usableCores();

} // namespace lathe
