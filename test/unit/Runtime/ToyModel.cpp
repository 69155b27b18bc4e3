#include "ToyModel.h"

#include "Artifact/KernelABI.h"

#include <cmath>
#include <cstring>

namespace lathe::toy {

namespace {
constexpr uint64_t kX = 0, kY = 3072, kLogits = 6144, kVectors = 6528, kHidden = 9600, kCandidates = 12672,
                   kArena = 12928;
using K = fb::BindingKind;
using G = fb::GridKind;
using D = fb::RowDomain;
} // namespace

Row embeddingOf(int32_t token) {
  Row row(kDim);
  for (int64_t i = 0; i < kDim; ++i)
    row[size_t(i)] = static_cast<float>((token * 37 + i * 11 + token * i * 5) % 23 - 11) / 8;
  return row;
}

static std::unique_ptr<fb::KernelT> kernel(const char *name, D domain, uint32_t bindings,
                                           std::vector<fb::GridFactor> grid, uint32_t &nextCode) {
  auto kernel = std::make_unique<fb::KernelT>();
  kernel->name = name;
  kernel->domain = domain;
  kernel->bindings = bindings;
  kernel->first_code = nextCode;
  for (int64_t rows : {int64_t(1), kMaxRows}) {
    auto item = std::make_unique<fb::KernelClassT>();
    item->max_rows = static_cast<uint32_t>(rows);
    item->grid = grid;
    item->scratch_bytes = kDim * sizeof(float);
    kernel->classes.push_back(std::move(item));
    ++nextCode;
  }
  return kernel;
}

static std::unique_ptr<fb::DispatchT> dispatch(KernelIndex kernel, std::vector<fb::Binding> bindings) {
  auto dispatch = std::make_unique<fb::DispatchT>();
  dispatch->kernel = kernel;
  dispatch->bindings = std::move(bindings);
  return dispatch;
}

static std::unique_ptr<fb::EntryT> entry(const char *name, D domain, uint64_t offset, int64_t columns) {
  auto entry = std::make_unique<fb::EntryT>();
  entry->name = name;
  entry->result_domain = domain;
  entry->result_offset = offset;
  entry->result_columns = entry->result_stride = static_cast<uint32_t>(columns);
  entry->dispatches.push_back(dispatch(Gather, {{K::Weight, 0}, {K::Arena, kX}}));
  return entry;
}

static void addState(fb::ProgramT &program, const char *name, fb::StateKind kind, uint64_t bytes) {
  auto state = std::make_unique<fb::StateT>();
  state->name = name;
  state->kind = kind;
  state->bytes = bytes;
  program.states.push_back(std::move(state));
}

/// From x to y, through the states.
static void addBody(fb::EntryT &entry, const ToyOptions &options) {
  entry.dispatches.push_back(dispatch(Append, {{K::Arena, kX}, {K::Growing, 0}}));
  entry.dispatches.push_back(dispatch(Attend, {{K::Growing, 0}, {K::Arena, kY}}));
  if (options.recurrent)
    entry.dispatches.push_back(dispatch(Recur, {{K::Arena, kX}, {K::Fixed, 1}, {K::Arena, kY}}));
}

static void addEntries(fb::ProgramT &program, const ToyOptions &options) {
  auto hidden = entry("hidden", D::Rows, kHidden, kDim);
  if (!options.encoder) addBody(*hidden, options);
  hidden->dispatches.push_back(dispatch(Copy, {{K::Arena, options.encoder ? kX : kY}, {K::Arena, kHidden}}));
  program.entries.push_back(std::move(hidden));
  if (options.encoder) {
    auto embed = entry("embed", D::Sequences, kVectors, kDim);
    embed->dispatches.push_back(dispatch(Pool, {{K::Arena, kX}, {K::Arena, kVectors}}));
    program.entries.push_back(std::move(embed));
    return;
  }
  auto step = entry("step", D::Outputs, kLogits, kVocabulary);
  addBody(*step, options);
  step->dispatches.push_back(dispatch(Head, {{K::Weight, 0}, {K::Arena, kY}, {K::Arena, kLogits}}));
  program.entries.push_back(std::make_unique<fb::EntryT>(*step));
  if (!options.draws) return;
  auto draw = std::move(step);
  draw->name = "draw";
  draw->dispatches.push_back(dispatch(Top, {{K::Arena, kLogits}, {K::Arena, kCandidates}}));
  draw->source_offset = draw->result_offset;
  draw->source_columns = draw->source_stride = draw->result_columns;
  draw->result_offset = kCandidates;
  draw->result_columns = draw->result_stride = 2 * kTop + 3;
  program.entries.push_back(std::move(draw));
}

static void addVariant(fb::ProgramT &program, const char *name, std::vector<std::string> features,
                       const test::Bytes &image) {
  uint64_t table[Kernels];
  std::memcpy(table, image.data(), sizeof table);
  auto variant = std::make_unique<fb::VariantT>();
  variant->arch = "x86_64";
  variant->name = name;
  variant->features = std::move(features);
  for (size_t kernel = 0; kernel < program.kernels.size(); ++kernel)
    variant->entries.insert(variant->entries.end(), 2, table[kernel]);
  program.variants.push_back(std::move(variant));
}

static fb::HeaderT toyHeader(const ToyOptions &options, const test::Bytes &image) {
  auto program = std::make_unique<fb::ProgramT>();
  program->target = "cpu";
  program->kernel_abi = kKernelABI;
  program->arena_bytes = options.draws ? kArena : kCandidates;
  program->max_rows = kMaxRows;
  program->max_outputs = kMaxOutputs;
  uint32_t code = 0;
  auto add = [&](const char *name, D domain, uint32_t bindings, std::vector<fb::GridFactor> grid) {
    program->kernels.push_back(kernel(name, domain, bindings, std::move(grid), code));
  };
  add("gather", D::Rows, 2, {{G::Rows, 1}});
  add("append", D::Rows, 2, {{G::Rows, 1}});
  add("attend", D::Rows, 2, {{G::Segments, 1}});
  add("recur", D::Sequences, 3, {{G::Sequences, 1}});
  add("head", D::Outputs, 3, {{G::Outputs, 1}, {G::Constant, uint32_t(kVocabulary)}});
  add("pool", D::Sequences, 2, {{G::Sequences, 1}});
  add("copy", D::Rows, 2, {{G::Rows, 1}});
  if (options.draws) add("top", D::Outputs, 2, {{G::Outputs, 1}});
  if (!options.encoder) {
    program->block_bytes = kBlockPositions * kDim * sizeof(float);
    addState(*program, "keys", fb::StateKind::Growing, program->block_bytes);
  }
  if (options.recurrent) {
    program->fixed_bytes = 64;
    addState(*program, "carry", fb::StateKind::Fixed, kDim * sizeof(float));
  }
  addEntries(*program, options);
  addVariant(*program, "base", {}, image);
  addVariant(*program, "popcnt", {"popcnt"}, image);
  addVariant(*program, "future", {"avx2", "avx9000"}, image);
  fb::HeaderT header;
  header.model_name = "toy";
  header.vocabulary = kVocabulary;
  header.context = kContext;
  header.programs.push_back(std::move(program));
  return header;
}

static Status writeToy(const std::string &path, const ToyOptions &options) {
  test::Bytes image = test::readFile(TOY_IMAGE);
  if (image.size() < Kernels * sizeof(uint64_t)) return Status(Code::NotFound, "no toy image");
  fb::HeaderT header = toyHeader(options, image);
  if (options.edit) options.edit(header);
  std::vector<CodeImage> images;
  for (uint32_t i = 0; i < header.programs[0]->variants.size(); ++i) images.push_back({0, i, image});
  if (options.add) options.add(header, images);
  auto writer = ArtifactWriter::create(path);
  if (!writer) return writer.status();
  uint64_t bytes = kVocabulary * kDim * sizeof(float);
  writer->addWeight({"embedding", "f32", kVocabulary, kDim, bytes, 32});
  LATHE_TRY(writer->planWeights());
  for (int32_t token = 0; token < kVocabulary; ++token) {
    Row row = embeddingOf(token);
    LATHE_TRY(writer->writeWeight(0, size_t(token) * kDim * sizeof(float), std::as_bytes(std::span(row))));
  }
  return writer->finish(header, images, options.tokenizer, 1);
}

Toy::Toy(const ToyOptions &options) {
  Status written = writeToy(file_.path, options);
  EXPECT_TRUE(written.ok()) << written.message();
  EXPECT_EQ(lathe_model_open(file_.path.c_str(), nullptr, &model_), LATHE_OK) << lathe_last_error();
}

lathe_status openSession(const Toy &toy, const char *device, std::string &message,
                         lathe_session_options options) {
  options.device = device;
  lathe_session *session = nullptr;
  lathe_status status = lathe_session_create(toy.model(), &options, &session);
  message = status == LATHE_OK ? "" : lathe_last_error();
  lathe_session_release(session);
  return status;
}

Runner::Runner(const Toy &toy, uint32_t slots, uint32_t threads, uint64_t poolPositions, const char *device) {
  lathe_session_options options = LATHE_INIT(lathe_session_options);
  options.slots = slots;
  options.threads = threads;
  options.pool_positions = poolPositions;
  options.device = device;
  EXPECT_EQ(lathe_session_create(toy.model(), &options, &session_), LATHE_OK) << lathe_last_error();
}

int32_t Runner::slot() {
  int32_t slot = -1;
  EXPECT_EQ(lathe_slot_create(session_, &slot), LATHE_OK) << lathe_last_error();
  return slot;
}

int32_t Runner::fork(int32_t source) {
  int32_t slot = -1;
  EXPECT_EQ(lathe_slot_fork(session_, source, &slot), LATHE_OK) << lathe_last_error();
  return slot;
}

uint32_t Runner::position(int32_t slot) const {
  uint32_t position = 0;
  EXPECT_EQ(lathe_slot_position(session_, slot, &position), LATHE_OK) << lathe_last_error();
  return position;
}

lathe_status Runner::step(const Tokens &tokens, const Tokens &slots, const uint8_t *wants) {
  lathe_batch batch = LATHE_INIT(lathe_batch);
  batch.rows = tokens.size();
  batch.tokens = tokens.data();
  batch.slots = slots.data();
  batch.wants = wants;
  return lathe_step(session_, &batch);
}

Row Runner::feed(int32_t slot, const Tokens &tokens) {
  EXPECT_EQ(step(tokens, Tokens(tokens.size(), slot)), LATHE_OK) << lathe_last_error();
  return result(0);
}

Row Runner::result(size_t index) const {
  float *values = nullptr;
  size_t columns = 0;
  EXPECT_EQ(lathe_session_result(session_, index, &values, &columns), LATHE_OK) << lathe_last_error();
  return Row(values, values + columns);
}

Tokens someTokens(size_t count, uint32_t seed) {
  Tokens tokens;
  for (uint32_t state = seed * 2654435761u + 1; tokens.size() < count; state = state * 1664525u + 1013904223u)
    tokens.push_back(static_cast<int32_t>((state >> 16) % kVocabulary));
  return tokens;
}

Row expected(const Tokens &tokens, bool recurrent, bool hidden) {
  Row y(kDim, 0.f), carry(kDim, 0.f);
  for (size_t p = 0; p < tokens.size(); ++p) {
    Row x = embeddingOf(tokens[p]);
    for (size_t i = 0; i < kDim; ++i) {
      y[i] += x[i] / static_cast<float>(tokens.size() - p);
      carry[i] = carry[i] / 2 + x[i];
    }
  }
  if (recurrent)
    for (size_t i = 0; i < kDim; ++i) y[i] += carry[i];
  if (hidden) return y;
  Row logits(kVocabulary, 0.f);
  for (int32_t token = 0; token < kVocabulary; ++token) {
    Row row = embeddingOf(token);
    for (size_t i = 0; i < kDim; ++i) logits[size_t(token)] += row[i] * y[i];
  }
  return logits;
}

void expectNear(const Row &values, const Row &wanted) {
  ASSERT_EQ(values.size(), wanted.size());
  for (size_t i = 0; i < values.size(); ++i)
    EXPECT_NEAR(values[i], wanted[i], 1e-4 * (1 + std::abs(wanted[i]))) << i;
}

void splitHead(fb::ProgramT &program) {
  fb::KernelT &head = *program.kernels[Head];
  auto join = std::make_unique<fb::KernelJoinT>();
  join->code = head.first_code + static_cast<uint32_t>(head.classes.size());
  join->grid = {{G::Outputs, 1}};
  join->threads = 32;
  head.classes[0]->join = std::move(join);
  for (size_t later = Head + 1; later < program.kernels.size(); ++later) ++program.kernels[later]->first_code;
}

} // namespace lathe::toy
