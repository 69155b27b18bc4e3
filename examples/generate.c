/* Continues a text: generate MODEL.lathe "Once upon a time" [tokens]
 *
 * All of the C interface that a simple program needs: open, tokenize, step, sample, decode. Ctrl-C stops
 * cleanly. */
#include <lathe/runtime.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static lathe_session *running; /* what Ctrl-C stops */

static void interrupt(int signal) {
  (void)signal;
  lathe_session_cancel(running);
}

static int failed(const char *what) {
  fprintf(stderr, "%s: %s\n", what, lathe_last_error());
  return 1;
}

struct generator {
  lathe_model *model;
  lathe_session *session;
  lathe_sampler *sampler;
  lathe_decoder *decoder;
  int32_t slot;
  int32_t *tokens; /* prompt and what came after it */
  size_t count, capacity;
};

static int open_all(struct generator *g, const char *path) {
  if (lathe_model_open(path, NULL, &g->model)) return failed("open");
  /* Refuses what does not fit into memory, and says what would. */
  if (lathe_session_create(g->model, NULL, &g->session)) return failed("session");
  if (lathe_slot_create(g->session, &g->slot)) return failed("slot");
  lathe_sampling sampling = LATHE_INIT(lathe_sampling);
  if (lathe_sampling_defaults(g->model, &sampling)) return failed("sampling");
  if (lathe_sampler_create(g->model, &sampling, &g->sampler)) return failed("sampler");
  if (lathe_decoder_create(g->model, LATHE_SKIP_SPECIAL, &g->decoder)) return failed("decoder");
  return 0;
}

static int read_prompt(struct generator *g, const char *prompt, size_t room) {
  uint32_t flags = LATHE_ADD_SPECIAL | LATHE_PARSE_SPECIAL;
  lathe_status status = lathe_tokenize(g->model, prompt, strlen(prompt), flags, NULL, 0, &g->count);
  if (status != LATHE_OK && status != LATHE_FULL) return failed("prompt");
  if (g->count == 0) {
    fprintf(stderr, "prompt: this model needs at least one token to start from\n");
    return 1;
  }
  g->capacity = g->count + room;
  g->tokens = malloc(g->capacity * sizeof *g->tokens);
  if (!g->tokens) return 1;
  if (lathe_tokenize(g->model, prompt, strlen(prompt), flags, g->tokens, g->capacity, &g->count))
    return failed("prompt");
  return 0;
}

/* Appends `rows` tokens to the slot and draws the one after the last of them. */
static lathe_status step(struct generator *g, const int32_t *tokens, const int32_t *slots, size_t rows) {
  lathe_batch batch = LATHE_INIT(lathe_batch);
  batch.rows = rows;
  batch.tokens = tokens;
  batch.slots = slots;
  lathe_draw draw = LATHE_INIT(lathe_draw);
  const lathe_draw *draws[] = {&draw};
  draw.sampler = g->sampler;
  draw.history = g->tokens;
  draw.history_count = g->count;
  batch.draws = draws;
  batch.draw_count = 1;
  return lathe_step(g->session, &batch);
}

static int is_stop(const lathe_model_info *info, int32_t token) {
  for (size_t i = 0; i < info->stop_token_count; ++i)
    if (info->stop_tokens[i] == token) return 1;
  return 0;
}

static int generate(struct generator *g) {
  lathe_model_info info = LATHE_INIT(lathe_model_info);
  if (lathe_model_get_info(g->model, &info)) return failed("model");
  int32_t *slots = malloc(g->count * sizeof *slots);
  if (!slots) return 1;
  for (size_t i = 0; i < g->count; ++i) slots[i] = g->slot;
  lathe_status status = step(g, g->tokens, slots, g->count);
  free(slots);
  const char *text;
  size_t bytes;
  while (status == LATHE_OK && g->count < g->capacity) {
    int32_t token;
    if (lathe_session_token(g->session, 0, &token, NULL)) return failed("token");
    if (is_stop(&info, token)) break;
    g->tokens[g->count++] = token;
    if (lathe_decoder_push(g->decoder, token, &text, &bytes)) return failed("decode");
    fwrite(text, 1, bytes, stdout);
    fflush(stdout);
    status = step(g, &token, &g->slot, 1);
  }
  if (lathe_decoder_finish(g->decoder, &text, &bytes) == LATHE_OK) fwrite(text, 1, bytes, stdout);
  puts("");
  if (status == LATHE_OK || status == LATHE_CANCELLED) return 0;
  return failed("step"); /* LATHE_FULL: the context has no room left */
}

int main(int argc, char **argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: %s MODEL.lathe PROMPT [TOKENS]\n", argv[0]);
    return 2;
  }
  if (lathe_api_version() != LATHE_API_VERSION) {
    fprintf(stderr, "built for another version of the library than %s\n", lathe_version());
    return 1;
  }
  struct generator g = {0};
  size_t room = argc > 3 ? strtoul(argv[3], NULL, 10) : 100;
  int result = open_all(&g, argv[1]);
  if (result == 0) result = read_prompt(&g, argv[2], room);
  if (result == 0) {
    running = g.session;
    signal(SIGINT, interrupt);
    result = generate(&g);
    signal(SIGINT, SIG_DFL);
  }
  free(g.tokens);
  lathe_decoder_release(g.decoder);
  lathe_sampler_release(g.sampler);
  lathe_session_release(g.session);
  lathe_model_release(g.model);
  return result;
}
