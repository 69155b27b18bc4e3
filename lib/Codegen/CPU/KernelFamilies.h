// What has a kernel on CPUs.
#pragma once

#include "Codegen/Kernel/KernelEmitter.h"

namespace lathe {

KernelFamilies cpuKernelFamilies();

} // namespace lathe
