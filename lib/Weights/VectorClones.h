// One function body, compiled for several instruction sets; which one runs is chosen when the program starts.
#pragma once

#if defined(__x86_64__)
#define LATHE_VECTOR_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define LATHE_VECTOR_CLONES
#endif
