/* Lathe's compiler as a library: one call. C99.
 *
 * It lives in liblathe-compiler.so, apart from the runtime, because it brings LLVM and MLIR with it (35 ms and 85 MB at
 * process start): a program opens it when it compiles and not when it runs. */
#ifndef LATHE_COMPILER_H
#define LATHE_COMPILER_H

#include "lathe/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct lathe_compile_options {
  size_t struct_size;
  const char *output;      /* the file to write; NULL or "-": texts go to standard output */
  const char *weights;     /* "f32" "bf16" "f16" "int8" "int4"; NULL: as the checkpoint stores them */
  const char *group;       /* columns that share a scale: "32" "64" "128" "channel"; NULL: 64 for int4, channel for int8 */
  const char *recipe;      /* lines "name pattern -> encoding", which go before `weights`; NULL: none */
  const char *activations; /* "f32" "bf16" "f16" "int8"; NULL: int8 where a matrix has integer codes, else f32 */
  const char *cache;       /* "f32" "bf16" "f16": keys and values; NULL: f32 where all matrices stay in f32, else bf16 */
  const char *pipeline;    /* textual pass pipeline to run between import and lowering instead of the usual phases */
  const char *emit;        /* "artifact" "lathe" "exec" "kernels" "llvm" "asm"; NULL: artifact */
  const char *compile_to;  /* stop behind a phase and write the IR: "import" "graph" "compress" "lower" */
  const char *checkpoint;  /* folder with weights and tokenizer, where the model is an .mlir file */
  const char *variants;    /* instruction sets or kinds of GPU, separated by commas; NULL: all of the targets */
  uint32_t max_rows;       /* rows computed at once; 0: 512 */
  uint32_t max_outputs;    /* rows of logits computed at once; 0: 16 */
  uint32_t threads;        /* 0: one a core */
  int remarks;             /* not 0: remarks go to `log` as well as into the artifact */
  lathe_log_callback log;
  void *log_user;
  /* Called with the name of the step that runs and how far it is; may be NULL. Not 0 stops with LATHE_CANCELLED. */
  int (*progress)(void *user, const char *step, uint64_t done, uint64_t total);
  void *progress_user;
  const char *targets;     /* "cpu" "vulkan" "cuda", several separated by commas: one program each; NULL: cpu */
} lathe_compile_options;

/* Compiles a Hugging Face folder, or an .mlir file of any phase. The output appears whole or not at all. On failure
 * `message` (may be NULL, of `message_size` bytes) receives what is wrong, ended with a zero. Calls may run on several
 * threads at once. */
LATHE_API lathe_status lathe_compile(const char *model, const lathe_compile_options *options, char *message,
                                     size_t message_size);

#ifdef __cplusplus
}
#endif
#endif
