// The program-level dialect.
#pragma once

#include "Lathe/LatheDialect.h"

#include "Exec/ExecDialect.h.inc"
#include "Exec/ExecEnums.h.inc"

#define GET_TYPEDEF_CLASSES
#include "Exec/ExecTypes.h.inc"

#define GET_OP_CLASSES
#include "Exec/ExecOps.h.inc"
