// Where an output of a kernel may take the bytes of an input.
#pragma once

#include "Exec/ExecDialect.h"

namespace lathe {

/// Whether the kernel reads each element of the input (a block argument) no later than it writes the same
/// element of the output: the input meets element-wise ops only, the output comes from it through them, and
/// no op of the kernel looks at a whole row, which would read the row again after it was written.
bool canWriteInPlace(exec::KernelOp kernel, unsigned argument, unsigned output);

} // namespace lathe
