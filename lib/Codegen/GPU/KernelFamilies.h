// What has a kernel on GPUs.
#pragma once

#include "Codegen/Kernel/KernelEmitter.h"

namespace lathe {

KernelFamilies gpuKernelFamilies();

} // namespace lathe
