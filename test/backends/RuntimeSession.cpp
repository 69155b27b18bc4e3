#include "RuntimeSession.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <stdexcept>

using namespace lathe::test;
using lathe::interpreter::Rows;

static void require(lathe_status status) {
  if (status != LATHE_OK) throw std::runtime_error(std::string("runtime: ") + lathe_last_error());
}

/// Ids of usable devices, by kind.
static std::multimap<std::string, std::string> devices() {
  std::multimap<std::string, std::string> ids;
  auto take = [](void *user, const lathe_device_info *device) {
    if (!*device->unusable)
      static_cast<std::multimap<std::string, std::string> *>(user)->emplace(device->kind, device->id);
    return 0;
  };
  require(lathe_devices(take, &ids));
  return ids;
}

static std::vector<Place> placesOf(const std::string &artifact) {
  lathe_model *model = nullptr;
  require(lathe_model_open(artifact.c_str(), nullptr, &model));
  std::vector<Place> places;
  auto ids = devices();
  lathe_program_info program = LATHE_INIT(lathe_program_info);
  for (size_t p = 0; lathe_model_get_program(model, p, &program) == LATHE_OK; ++p) {
    auto [first, last] = ids.equal_range(program.target);
    lathe_variant_info variant = LATHE_INIT(lathe_variant_info);
    for (size_t v = 0; lathe_model_get_variant(model, p, v, &variant) == LATHE_OK; ++v)
      for (auto device = first; device != last && variant.runnable; ++device)
        places.push_back({device->second, variant.name});
  }
  lathe_model_release(model);
  return places;
}

static void skip() { GTEST_SKIP() << "no Vulkan device here: all else was tested"; }

std::vector<Place> lathe::test::runnablePlaces(const std::string &artifact) {
  std::vector<Place> places = placesOf(artifact);
  if (std::ranges::none_of(places, [](const Place &place) { return place.device.starts_with("vulkan:"); }))
    skip();
  return places;
}

std::vector<std::string> lathe::test::runnableVariants(const std::string &artifact) {
  std::vector<std::string> names;
  for (const Place &place : placesOf(artifact))
    if (place.device == "cpu") names.push_back(place.variant);
  return names;
}

RuntimeSession::RuntimeSession(const std::string &artifact, const Place &place, uint32_t slots) {
  require(lathe_model_open(artifact.c_str(), nullptr, &model_));
  require(lathe_model_get_info(model_, &info_));
  lathe_session_options options = LATHE_INIT(lathe_session_options);
  options.threads = 2;
  options.slots = slots;
  options.device = place.device.c_str();
  options.variant = place.variant.c_str();
  require(lathe_session_create(model_, &options, &session_));
}

RuntimeSession::~RuntimeSession() {
  lathe_session_release(session_);
  lathe_model_release(model_);
}

int32_t RuntimeSession::newSlot() {
  int32_t slot = -1;
  require(lathe_slot_create(session_, &slot));
  return slot;
}

int32_t RuntimeSession::fork(int32_t slot) {
  int32_t copy = -1;
  require(lathe_slot_fork(session_, slot, &copy));
  return copy;
}

void RuntimeSession::truncate(int32_t slot, uint32_t positions) {
  require(lathe_slot_truncate(session_, slot, positions));
}

std::vector<char> RuntimeSession::save(int32_t slot) {
  size_t bytes = 0;
  require(lathe_slot_save_size(session_, slot, &bytes));
  std::vector<char> saved(bytes);
  require(lathe_slot_save(session_, slot, saved.data(), saved.size(), &bytes));
  return saved;
}

int32_t RuntimeSession::restore(const std::vector<char> &bytes) {
  int32_t slot = -1;
  require(lathe_slot_restore(session_, bytes.data(), bytes.size(), &slot));
  return slot;
}

static int keep(void *user, size_t row, const float *values, size_t columns) {
  Rows &rows = *static_cast<Rows *>(user);
  std::copy_n(values, columns, rows.row(int64_t(row)));
  return 0;
}

Rows RuntimeSession::step(const std::vector<int32_t> &tokens, const std::vector<int32_t> &slots) {
  Rows rows(int64_t(tokens.size()), info_.vocabulary);
  std::vector<uint8_t> wants(tokens.size(), LATHE_WANT_LOGITS);
  lathe_batch batch = LATHE_INIT(lathe_batch);
  batch.rows = tokens.size();
  batch.tokens = tokens.data();
  batch.slots = slots.data();
  batch.wants = wants.data();
  batch.result = keep;
  batch.result_user = &rows;
  require(lathe_step(session_, &batch));
  return rows;
}

std::vector<int32_t> RuntimeSession::generate(std::vector<int32_t> prompt, const lathe_sampling &sampling,
                                              size_t count) {
  lathe_sampler *sampler = nullptr;
  require(lathe_sampler_create(model_, &sampling, &sampler));
  int32_t slot = newSlot();
  std::vector<int32_t> tokens = prompt, next = prompt;
  std::vector<uint32_t> allowed((info_.vocabulary + 31) / 32);
  for (size_t i = 0; i < count; ++i) {
    std::fill(allowed.begin(), allowed.end(), ~0u);
    allowed[size_t(tokens.back()) / 32] &= ~(1u << (tokens.back() % 32));
    std::vector<int32_t> slots(next.size(), slot);
    lathe_draw draw = LATHE_INIT(lathe_draw);
    draw.sampler = sampler;
    draw.history = tokens.data();
    draw.history_count = tokens.size();
    draw.allowed = i % 2 ? allowed.data() : nullptr;
    const lathe_draw *draws[] = {&draw};
    lathe_batch batch = LATHE_INIT(lathe_batch);
    batch.rows = next.size();
    batch.tokens = next.data();
    batch.slots = slots.data();
    batch.draws = draws;
    batch.draw_count = 1;
    require(lathe_step(session_, &batch));
    next.resize(1);
    require(lathe_session_token(session_, 0, next.data(), nullptr));
    tokens.push_back(next[0]);
  }
  release(slot);
  lathe_sampler_release(sampler);
  return {tokens.begin() + std::ptrdiff_t(prompt.size()), tokens.end()};
}

Rows RuntimeSession::embed(const std::vector<std::vector<int32_t>> &sequences) {
  Rows rows(int64_t(sequences.size()), info_.embedding_columns);
  std::vector<int32_t> tokens;
  std::vector<uint32_t> lengths;
  for (const std::vector<int32_t> &sequence : sequences) {
    tokens.insert(tokens.end(), sequence.begin(), sequence.end());
    lengths.push_back(uint32_t(sequence.size()));
  }
  lathe_embed_batch batch = LATHE_INIT(lathe_embed_batch);
  batch.sequences = sequences.size();
  batch.tokens = tokens.data();
  batch.lengths = lengths.data();
  batch.vectors = rows.values.data();
  require(lathe_embed(session_, &batch));
  return rows;
}
