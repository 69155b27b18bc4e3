/* Lathe's runtime: runs a .lathe file. C99, no dependencies, no exceptions.
 *
 *   lathe_model    an opened file: checked, mapped, immutable. Any number of threads may use one at once.
 *   lathe_session  what runs it: threads, memory, sequence slots. One thread at a time may call into a
 * session, save for lathe_session_cancel(), which any thread may call. slot           one sequence of a
 * session, by number: its tokens' keys and values, or its recurrent state.
 *
 * Ownership: what a ..._create or lathe_model_open hands out is the caller's, to be given back by the
 * matching
 * ..._release (NULL is allowed there). A session, sampler or decoder keeps its model alive: the order of
 * release is free. Strings and arrays inside info structs belong to the model and live as long as it does.
 * Memory that the caller passes in stays the caller's and is not kept after the call, save for callbacks and
 * their user pointers.
 *
 * Errors: every call that can fail returns a lathe_status; lathe_last_error() has the message. A failed call
 * leaves its outputs untouched unless it says otherwise.
 *
 * Sized structs: set struct_size to sizeof the struct (or use LATHE_INIT). Fields that an older caller does
 * not have take their defaults, fields that an older library does not know must be zero. Zero is the default
 * of every option.
 *
 * Units: bytes, tokens (= positions = rows), seconds nowhere. Text is UTF-8. Token ids are int32_t.
 *
 * A .lathe file holds native code: open only what you would also run as a program.
 */
#ifndef LATHE_RUNTIME_H
#define LATHE_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define LATHE_API __attribute__((visibility("default")))
#else
#define LATHE_API
#endif

/* A zeroed sized struct: lathe_batch batch = LATHE_INIT(lathe_batch); */
#ifdef __cplusplus
#define LATHE_INIT(type)                                                                                     \
  ([] {                                                                                                      \
    type latheValue = {};                                                                                    \
    latheValue.struct_size = sizeof(type);                                                                   \
    return latheValue;                                                                                       \
  }())
#else
#define LATHE_INIT(type) ((type){.struct_size = sizeof(type)})
#endif

/* ---- Version ---- */

/* Raised when a call or struct changes in a way that sized structs don't cover. */
#define LATHE_API_VERSION 3u

/* LATHE_API_VERSION of the library that is linked. */
LATHE_API uint32_t lathe_api_version(void);
/* "0.1.0". Static. */
LATHE_API const char *lathe_version(void);

/* ---- Errors ---- */

typedef enum lathe_status {
  LATHE_OK = 0,
  LATHE_INVALID_ARGUMENT = 1, /* the caller asked for something that makes no sense */
  LATHE_NOT_FOUND = 2,        /* a file or a name is missing */
  LATHE_CORRUPT = 3,          /* a file is truncated or inconsistent */
  LATHE_UNSUPPORTED = 4,      /* well-formed, but this library or device can't do it */
  LATHE_OUT_OF_MEMORY = 5,    /* does not fit; the message says what was needed and what to do */
  LATHE_FULL = 6,             /* the context, the pool, the slots or the caller's buffer have no room left */
  LATHE_CANCELLED = 7,        /* stopped by lathe_session_cancel() or by a callback */
  LATHE_IO = 8,               /* the operating system refused */
  LATHE_INTERNAL = 9,         /* a bug in Lathe */
  LATHE_DEVICE_LOST = 10      /* the GPU or its driver gave up: release the session; its slots are lost */
} lathe_status;

/* "out of memory". Static. */
LATHE_API const char *lathe_status_name(lathe_status status);
/* The message of the last failed call of this thread, "" where none failed. Valid until this thread's next
 * failing call. */
LATHE_API const char *lathe_last_error(void);

typedef enum lathe_log_level {
  LATHE_LOG_DEBUG = 0,
  LATHE_LOG_INFO = 1,
  LATHE_LOG_WARNING = 2
} lathe_log_level;
/* Called on the thread that made the call it is about. `message` lives during the call only. */
typedef void (*lathe_log_callback)(void *user, lathe_log_level level, const char *message);
/* Called from time to time on the calling thread, the last time with done == total. Return 0 to go on;
 * anything else stops the call with LATHE_CANCELLED. */
typedef int (*lathe_progress_callback)(void *user, uint64_t done, uint64_t total);

/* ---- Devices: where models run ---- */

typedef struct lathe_device_info {
  size_t struct_size;
  const char *id;       /* what lathe_session_options.device takes: "cpu", "cuda:0", "vulkan:1" */
  const char *kind;     /* "cpu", "cuda", "vulkan" */
  const char *name;     /* "NVIDIA H100 80GB HBM3" */
  const char *features; /* one line for people */
  uint64_t memory;      /* bytes in all */
  int emulated;         /* runs on the CPU (lavapipe): never chosen unless asked for */
  const char *unusable; /* why Lathe can't use it; "" where it can */
} lathe_device_info;
/* `device` and its strings live during the call only. Not 0: stop with LATHE_CANCELLED. */
typedef int (*lathe_device_callback)(void *user, const lathe_device_info *device);
/* Hands every device to `take`, usable or not. A kind whose driver is missing is handed over once: its id is
 * the kind, its name is "", `unusable` says what is missing. Opens the drivers, which may take some 100 ms.
 */
LATHE_API lathe_status lathe_devices(lathe_device_callback take, void *user);

/* ---- Model: an opened file ---- */

typedef struct lathe_model lathe_model;

typedef struct lathe_model_options {
  size_t struct_size;
  lathe_log_callback log; /* NULL: silent. Kept by the model and its sessions. */
  void *log_user;
} lathe_model_options;

/* Maps the file at `path` and checks its structure completely; hashes code, program and tokenizer; reads no
 * weights (that is lathe_model_verify), so this takes milliseconds. `options` may be NULL. Fails with
 * NOT_FOUND, IO, CORRUPT, or UNSUPPORTED (another format version or kernel interface). */
LATHE_API lathe_status lathe_model_open(const char *path, const lathe_model_options *options,
                                        lathe_model **model);
LATHE_API void lathe_model_release(lathe_model *model);

/* Reads every weight and compares its hash: CORRUPT names the first damaged one. `progress` (may be NULL)
 * counts bytes.
 */
LATHE_API lathe_status lathe_model_verify(const lathe_model *model, lathe_progress_callback progress,
                                          void *user);

typedef struct lathe_model_info {
  size_t struct_size;
  const char *producer;       /* "lathe 0.1.0" */
  const char *name;           /* of the checkpoint */
  const char *family;         /* "llama", "gpt2", "bert" */
  const char *numerics;       /* activation, accumulation and cache types */
  const char *recipe;         /* lines "name pattern -> encoding" that give these weights again */
  uint32_t vocabulary;        /* columns of the logits; token ids lie below */
  uint32_t context;           /* longest sequence, in positions */
  uint32_t embedding_columns; /* of lathe_embed; 0 where the model can't */
  uint32_t hidden_columns;    /* of LATHE_WANT_HIDDEN; 0 where the model can't */
  int can_step;               /* it has logits */
  int has_tokenizer;
  int has_fixed_state; /* it has recurrent state: slots can't be truncated except to 0 */
  uint64_t file_bytes;
  uint64_t weight_bytes; /* as stored, padding included */
  uint64_t parameters;   /* sum of rows x columns over the weights */
  size_t programs;       /* counts for the lathe_model_get_... calls below: one program a kind of device */
  size_t weights;
  size_t remarks;
  const int32_t *stop_tokens; /* generation ends after one of these */
  size_t stop_token_count;
  uint64_t hash; /* of the header, which holds the hashes of all parts: names this artifact */
} lathe_model_info;
LATHE_API lathe_status lathe_model_get_info(const lathe_model *model, lathe_model_info *info);

typedef struct lathe_weight_info {
  size_t struct_size;
  const char *name;
  const char *encoding; /* the type as the compiler's IR prints it */
  uint64_t rows, columns;
  uint64_t offset; /* in the file */
  uint64_t bytes;  /* as stored */
  double bits;     /* bits per weight, padding left out */
  double error;    /* relative Frobenius error against the checkpoint; 0 where exact */
} lathe_weight_info;
/* INVALID_ARGUMENT where `index` is not below the count in lathe_model_info, here and below. */
LATHE_API lathe_status lathe_model_get_weight(const lathe_model *model, size_t index,
                                              lathe_weight_info *info);

/* The model for one kind of device. All programs read the same weights. */
typedef struct lathe_program_info {
  size_t struct_size;
  const char *target;   /* "cpu", "cuda", "vulkan" */
  uint32_t max_rows;    /* rows that are computed at once; longer batches are cut up */
  uint32_t max_outputs; /* result rows that are computed at once */
  uint64_t arena_bytes; /* intermediate values */
  uint64_t block_bytes; /* growing state of 64 positions */
  uint64_t fixed_bytes; /* fixed-size state of a slot */
  size_t variants;      /* counts for the calls below */
  size_t entries;
  size_t states;
} lathe_program_info;
LATHE_API lathe_status lathe_model_get_program(const lathe_model *model, size_t index,
                                               lathe_program_info *info);

typedef struct lathe_variant_info {
  size_t struct_size;
  const char *name;     /* "avx2", "sm_90a": what lathe_session_options.variant takes */
  const char *arch;     /* "x86_64", "nvptx64", "spirv" */
  const char *features; /* what a device must have, with spaces: "avx2 fma f16c" */
  uint64_t code_bytes;
  int runnable; /* a device of this machine has what it needs */
} lathe_variant_info;
LATHE_API lathe_status lathe_model_get_variant(const lathe_model *model, size_t program, size_t index,
                                               lathe_variant_info *info);

typedef struct lathe_entry_info {
  size_t struct_size;
  const char *name; /* "step", "embed", "hidden", "draw" */
  size_t dispatches;
  uint32_t result_columns;
} lathe_entry_info;
LATHE_API lathe_status lathe_model_get_entry(const lathe_model *model, size_t program, size_t index,
                                             lathe_entry_info *info);

typedef struct lathe_dispatch_info {
  size_t struct_size;
  const char *kernel;
  const char *label;      /* what it computes */
  size_t bindings;        /* operands */
  size_t classes;         /* versions of the kernel, by rows of the call */
  uint64_t weight_bytes;  /* bytes of the weights it is bound to */
  uint64_t scratch_bytes; /* per thread, on a GPU per work item: the most of its classes */
  uint32_t threads;       /* of a work group, the most of its classes; 0 on a CPU */
  uint32_t join_threads;  /* the same of the second launch that joins what the first left; 0 where there is none */
} lathe_dispatch_info;
LATHE_API lathe_status lathe_model_get_dispatch(const lathe_model *model, size_t program, size_t entry,
                                                size_t index, lathe_dispatch_info *info);

typedef struct lathe_state_info {
  size_t struct_size;
  const char *name;
  int grows; /* 1: `bytes` per 64 positions; 0: per slot */
  uint64_t bytes;
} lathe_state_info;
LATHE_API lathe_status lathe_model_get_state(const lathe_model *model, size_t program, size_t index,
                                             lathe_state_info *info);

/* What the compiler did and why: each string may be "". */
typedef struct lathe_remark_info {
  size_t struct_size;
  const char *kind; /* "passed", "missed", "analysis" */
  const char *pass;
  const char *function;
  const char *location;
  const char *text;
} lathe_remark_info;
LATHE_API lathe_status lathe_model_get_remark(const lathe_model *model, size_t index,
                                              lathe_remark_info *info);

/* ---- Session: what runs a model ---- */

typedef struct lathe_session lathe_session;

typedef struct lathe_session_options {
  size_t struct_size;
  uint32_t
      threads; /* 0: one per core; more than there are cores is cut down to that. Includes the caller's. */
  uint32_t context;        /* longest sequence; 0: the model's own, or 4096 if that is less */
  uint32_t slots;          /* sequences that are held at once; 0: 1 */
  uint64_t pool_positions; /* positions of growing state that all slots share; 0: slots x context, so never
                              short */
  const char *variant;     /* code variant by name; NULL: the environment's LATHE_VARIANT, or else the most
                              capable one that the device runs */
  uint64_t memory_limit; /* bytes that the session and the weights may take, of the GPU's memory where it runs
                            there; 0: what is free */
  int preload;             /* not 0: read all weights now, rather than when first used */
  lathe_progress_callback progress; /* of preloading, or of copying weights to a GPU, in bytes; may be NULL */
  void *progress_user;
  const char *device; /* an id as lathe_devices() gives it, a kind for the first of it, or "auto" (NULL):
                         CUDA, else Vulkan on a real GPU, else the CPU, whichever the artifact has a program
                         for that runs here */
} lathe_session_options;

/* Bytes. On a CPU weights are mapped from the file: page cache, shared by all processes, not counted as
 * private memory. On a GPU all of a program lies in the device's memory, and `host` alone in the machine's.
 */
typedef struct lathe_memory {
  size_t struct_size;
  uint64_t weights;
  uint64_t code;
  uint64_t pool;      /* growing states of all slots */
  uint64_t fixed;     /* fixed-size states of all slots */
  uint64_t arena;     /* intermediate values and results */
  uint64_t scratch;   /* of all threads; on a GPU of the work items of one launch */
  uint64_t host;      /* batch tables, block tables, results that are kept */
  uint64_t
      needed; /* private memory of this process: pool + fixed + arena + scratch + host on a CPU, else host */
  uint64_t available; /* what may be taken: memory_limit, or what machine and cgroup have free */
  uint64_t total;     /* what machine or cgroup have in all; weights must fit beside `needed` */
  uint64_t tables;    /* batch tables and block tables on a GPU; 0 on a CPU, where `host` has them */
  uint64_t device_needed; /* weights + code + pool + fixed + arena + scratch + tables on a GPU; 0 on a CPU */
  uint64_t device_available; /* what the GPU has free, or memory_limit; 0 where it is not here */
  uint64_t device_total;
} lathe_memory;

/* What a session with these options (may be NULL) would take, before anything is loaded. Succeeds where it
 * would not fit, and where the device is not here, too: only a program for it must be. */
LATHE_API lathe_status lathe_session_plan(const lathe_model *model, const lathe_session_options *options,
                                          lathe_memory *memory);

/* Reserves all memory, maps the code, starts the threads; on a GPU, copies weights and code there. `options`
 * may be NULL. Fails with OUT_OF_MEMORY where it doesn't fit, NOT_FOUND (no such device or variant),
 * UNSUPPORTED (the artifact has no program for the device, or none of its variants, or not the one asked for,
 * runs on it), INVALID_ARGUMENT, CANCELLED (by `progress`), DEVICE_LOST. */
LATHE_API lathe_status lathe_session_create(lathe_model *model, const lathe_session_options *options,
                                            lathe_session **session);
LATHE_API void lathe_session_release(lathe_session *session);

typedef struct lathe_session_info {
  size_t struct_size;
  const char *variant; /* that runs; strings live as long as the session */
  uint32_t threads;
  uint32_t context;
  uint32_t slots;
  uint32_t max_results; /* result rows of a batch that are kept for lathe_session_result() */
  uint64_t pool_positions;
  uint64_t pool_positions_free;
  const char *device;   /* "cuda:0" */
  const char *target;   /* of the program that runs: "cuda" */
  uint32_t max_rows;    /* rows that are computed at once; longer batches are cut up */
  uint32_t max_outputs; /* result rows that are computed at once */
} lathe_session_info;
LATHE_API lathe_status lathe_session_get_info(const lathe_session *session, lathe_session_info *info);

/* Stops the call that is running in `session` as soon as a dispatch ends (milliseconds), or else the next
 * one: it returns LATHE_CANCELLED, which also clears the request. The only call that any thread may make at
 * any time before lathe_session_release(). Async-signal-safe. */
LATHE_API void lathe_session_cancel(lathe_session *session);

/* ---- Slots ---- */

/* A new empty sequence. FULL where all slots are taken. */
LATHE_API lathe_status lathe_slot_create(lathe_session *session, int32_t *slot);
/* Gives the slot and its part of the pool back. A number that is no slot is ignored. */
LATHE_API void lathe_slot_release(lathe_session *session, int32_t slot);
/* A new slot that continues where `source` stands: full blocks of 64 positions are shared, the last is
 * copied. FULL where slots or pool are used up. */
LATHE_API lathe_status lathe_slot_fork(lathe_session *session, int32_t source, int32_t *slot);
/* Forgets all but the first `positions` tokens; costs nothing. INVALID_ARGUMENT where there are fewer;
 * UNSUPPORTED where the model has fixed-size state and `positions` is neither 0 nor all. */
LATHE_API lathe_status lathe_slot_truncate(lathe_session *session, int32_t slot, uint32_t positions);
/* Tokens that the slot holds: the next one gets this position. */
LATHE_API lathe_status lathe_slot_position(const lathe_session *session, int32_t slot, uint32_t *positions);

/* Bytes that lathe_slot_save() would write now. */
LATHE_API lathe_status lathe_slot_save_size(const lathe_session *session, int32_t slot, size_t *bytes);
/* Writes the slot's state. FULL where `capacity` is too small. The bytes fit this artifact only, on
 * any device whose program lays states out as this one's. */
LATHE_API lathe_status lathe_slot_save(const lathe_session *session, int32_t slot, void *buffer,
                                       size_t capacity, size_t *bytes);
/* A new slot from saved bytes. CORRUPT where they are damaged, UNSUPPORTED where they are another artifact's,
 * layout's or version's, FULL where there is no room. */
LATHE_API lathe_status lathe_slot_restore(lathe_session *session, const void *buffer, size_t bytes,
                                          int32_t *slot);

/* ---- Step: tokens to logits ---- */

/* What is wanted of a row: of all rows of a batch that want something, the same. */
#define LATHE_WANT_NOTHING 0
#define LATHE_WANT_LOGITS 1 /* of the token after this row: [vocabulary] f32 */
#define LATHE_WANT_HIDDEN 2 /* the hidden state behind the last norm: [hidden_columns] f32 */
#define LATHE_WANT_TOKEN 3  /* the token after this row, drawn from its logits: see lathe_draw */

/* Takes one result; `values` lives during the call only. Not 0: stop with LATHE_CANCELLED. */
typedef int (*lathe_result_callback)(void *user, size_t row, const float *values, size_t columns);

typedef struct lathe_sampler lathe_sampler;

/* How one token is drawn. On a GPU no more of the logits than the draw needs comes back to the host. */
typedef struct lathe_draw {
  size_t struct_size;
  lathe_sampler *sampler; /* of this model. Rows that share one take its random numbers in no particular order */
  const int32_t *history; /* tokens that the repetition penalty is for; those outside the vocabulary are ignored */
  size_t history_count;
  const uint32_t *allowed; /* [(vocabulary + 31) / 32] bit `token % 32` of word `token / 32` is 1 for each token
                              that may be drawn; NULL: all may */
  int log_probability;     /* not 0: lathe_session_token() is asked for it. Costs a pass over the logits on a CPU */
} lathe_draw;

/* A ragged batch: `rows` tokens, each of some slot, appended to it in the order given. One token of one slot,
 * a prompt, or tokens of many slots: all the same. Slots may be mixed in any order. */
typedef struct lathe_batch {
  size_t struct_size;
  size_t rows;
  const int32_t *tokens; /* [rows] */
  const int32_t *slots;  /* [rows] */
  const uint8_t *wants; /* [rows] LATHE_WANT_..., nothing or one and the same; NULL: logits of the last row of
                           each slot, or with `draws` its token */
  lathe_result_callback result; /* NULL: results are kept, see lathe_session_result(). Otherwise each goes
                                   here, in no particular order, and there may be any number of them. Tokens
                                   are kept in any case. */
  void *result_user;
  const lathe_draw *const *draws; /* [draw_count] one for each row that wants a token, in batch order */
  size_t draw_count;
} lathe_batch;

/* Runs a batch. Batches of any length are cut to what the program takes at once. Nothing is allocated.
 * A model without sequence state (an encoder) computes whole sequences: a slot's rows in the batch are its
 * sequence, at most max_rows of them (or else FULL), and the slot stays empty. Fails with INVALID_ARGUMENT (a
 * token or slot that does not exist; more results than max_results without a callback; a number of
 * draws that is not that of the rows which want a token; a draw that makes no sense), UNSUPPORTED (the
 * model has no logits), FULL (a slot would outgrow its context, or the pool is used up): nothing was
 * appended. CANCELLED and
 * DEVICE_LOST: some rows may have been appended, lathe_slot_position() tells. */
LATHE_API lathe_status lathe_step(lathe_session *session, const lathe_batch *batch);

/* The result of the `index`-th row of the last batch that wanted one, counted in batch order. `values` may be
 * written to and lives until the next call that runs something in `session`; `columns` may be NULL. */
LATHE_API lathe_status lathe_session_result(lathe_session *session, size_t index, float **values,
                                            size_t *columns);

/* The token of the `index`-th row of the last batch that wanted one, counted in batch order.
 * `log_probability` (may be NULL) is that of the token in the unmodified distribution, in nats, where the draw
 * asked for it. INVALID_ARGUMENT where there is no such row, where its logits are not numbers or nothing that
 * was allowed has a probability: the row is in its slot all the same. */
LATHE_API lathe_status lathe_session_token(lathe_session *session, size_t index, int32_t *token,
                                           float *log_probability);

/* ---- Embed: sequences to vectors (encoders) ---- */

typedef struct lathe_embed_batch {
  size_t struct_size;
  size_t sequences;
  const int32_t *tokens;   /* all sequences, one after the other */
  const uint32_t *lengths; /* [sequences] tokens of each, at least 1 */
  float *vectors;          /* [sequences][embedding_columns], the caller's, written to */
} lathe_embed_batch;
/* Uses no slots. FULL where a sequence is longer than the session's context or max_rows; nothing was
 * computed. After CANCELLED some vectors may have been written. */
LATHE_API lathe_status lathe_embed(lathe_session *session, const lathe_embed_batch *batch);

/* ---- Sampling ---- */

/* Applied in this order: allowed tokens, repetition penalty, temperature, top-k, top-p, min-p. */
typedef struct lathe_sampling {
  size_t struct_size;
  float temperature;        /* 0: greedy, ties go to the lowest id */
  int32_t top_k;            /* keep the k likeliest; 0: all */
  float top_p;              /* keep the likeliest that together reach p; 1 (or 0): all */
  float min_p;              /* keep those with at least this share of the likeliest's probability; 0: all */
  float repetition_penalty; /* of tokens in `history`: positive logits are divided by it, others multiplied; 1
                               (or 0): none */
  uint64_t seed;            /* of xoshiro256**: the same seed gives the same random numbers everywhere */
} lathe_sampling;
/* The checkpoint's own defaults: temperature 0 where it does not ask for sampling. */
LATHE_API lathe_status lathe_sampling_defaults(const lathe_model *model, lathe_sampling *sampling);

/* Holds the state of the random numbers and room for one row of logits. Used by one thread at a time.
 * INVALID_ARGUMENT where a parameter is out of range. */
LATHE_API lathe_status lathe_sampler_create(lathe_model *model, const lathe_sampling *sampling,
                                            lathe_sampler **sampler);
LATHE_API void lathe_sampler_release(lathe_sampler *sampler);
/* Draws one token from `logits` [vocabulary], which is not changed: what a batch that wants tokens does
 * (LATHE_WANT_TOKEN), for logits that the caller has changed or wants to see. `log_probability` (may be NULL) is
 * that of the token in the unmodified distribution, in nats. Allocates nothing. INVALID_ARGUMENT where logits are
 * not numbers, or nothing that is allowed has a probability. */
LATHE_API lathe_status lathe_sample_draw(const lathe_draw *draw, const float *logits, int32_t *token,
                                         float *log_probability);
/* The same with every token allowed. `history` [history_count] may be NULL. */
LATHE_API lathe_status lathe_sample(lathe_sampler *sampler, const float *logits, const int32_t *history,
                                    size_t history_count, int32_t *token, float *log_probability);
/* log softmax(logits)[token], in nats, summed in double precision. */
LATHE_API double lathe_log_probability(const float *logits, size_t columns, int32_t token);

/* ---- Text ---- */
/* All of these fail with UNSUPPORTED where the artifact has no tokenizer. */

#define LATHE_ADD_SPECIAL                                                                                    \
  1u /* tokenize: add what the checkpoint puts around a text (begin of sequence, [CLS] ...) */
#define LATHE_PARSE_SPECIAL 2u /* tokenize: special tokens spelled out in the text become those tokens */
#define LATHE_SKIP_SPECIAL 4u  /* detokenize: leave special tokens out */

/* Writes at most `capacity` tokens; `count` is always set to how many there are, FULL says that they did not
 * fit (nothing useful was written). `tokens` may be NULL with capacity 0. */
LATHE_API lathe_status lathe_tokenize(const lathe_model *model, const char *text, size_t bytes,
                                      uint32_t flags, int32_t *tokens, size_t capacity, size_t *count);
/* Writes at most `capacity` bytes, without a final zero; `bytes` is always set to how many there are, FULL as
 * above. */
LATHE_API lathe_status lathe_detokenize(const lathe_model *model, const int32_t *tokens, size_t count,
                                        uint32_t flags, char *text, size_t capacity, size_t *bytes);

/* Turns tokens into text as they come, never splitting a character. Used by one thread at a time. */
typedef struct lathe_decoder lathe_decoder;
/* `flags`: LATHE_SKIP_SPECIAL or 0. */
LATHE_API lathe_status lathe_decoder_create(lathe_model *model, uint32_t flags, lathe_decoder **decoder);
LATHE_API void lathe_decoder_release(lathe_decoder *decoder);
/* The text that `token` completes, possibly none. `text` is not terminated and lives until the decoder's next
 * call. */
LATHE_API lathe_status lathe_decoder_push(lathe_decoder *decoder, int32_t token, const char **text,
                                          size_t *bytes);
/* What is left over (an unfinished character becomes U+FFFD), and starts anew. */
LATHE_API lathe_status lathe_decoder_finish(lathe_decoder *decoder, const char **text, size_t *bytes);

#ifdef __cplusplus
}
#endif

#endif /* LATHE_RUNTIME_H */
