// A SPIR-V module, looked at before a driver sees it.
#pragma once

#include "Support/Status.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace lathe::vulkan {

/// Drivers take a module as correct and may crash on one that is not. This finds what is cut short, mangled,
/// or not what the kernel says: instructions that fill the module exactly, one compute entry point "main",
/// and `threads` threads a work group. Fails with Corrupt.
Status checkModule(std::span<const std::byte> module, uint32_t threads);

} // namespace lathe::vulkan
