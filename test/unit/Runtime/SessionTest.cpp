#include "ToyModel.h"

#include "Runtime/Memory.h"
#include "Runtime/MemoryPlan.h"

#include <atomic>
#include <cstdlib>
#include <thread>

using namespace lathe;
using namespace lathe::toy;

TEST(Model, DescribesItself) {
  Toy toy({.recurrent = true});
  lathe_model_info info = LATHE_INIT(lathe_model_info);
  ASSERT_EQ(lathe_model_get_info(toy.model(), &info), LATHE_OK);
  EXPECT_STREQ(info.name, "toy");
  EXPECT_STREQ(info.family, "");
  EXPECT_EQ(info.vocabulary, uint32_t(kVocabulary));
  lathe_program_info program = LATHE_INIT(lathe_program_info);
  ASSERT_EQ(info.programs, 1u);
  ASSERT_EQ(lathe_model_get_program(toy.model(), 0, &program), LATHE_OK);
  EXPECT_STREQ(program.target, "cpu");
  EXPECT_EQ(program.max_rows, uint32_t(kMaxRows));
  EXPECT_EQ(lathe_model_get_program(toy.model(), 1, &program), LATHE_INVALID_ARGUMENT);
  EXPECT_EQ(info.hidden_columns, uint32_t(kDim));
  EXPECT_EQ(info.embedding_columns, 0u);
  EXPECT_TRUE(info.can_step && info.has_fixed_state && !info.has_tokenizer);
  EXPECT_EQ(info.parameters, uint64_t(kVocabulary * kDim));
  lathe_weight_info weight = LATHE_INIT(lathe_weight_info);
  ASSERT_EQ(lathe_model_get_weight(toy.model(), 0, &weight), LATHE_OK);
  EXPECT_STREQ(weight.name, "embedding");
  EXPECT_EQ(weight.bits, 32);
  EXPECT_EQ(lathe_model_get_weight(toy.model(), 1, &weight), LATHE_INVALID_ARGUMENT);
  lathe_dispatch_info dispatch = LATHE_INIT(lathe_dispatch_info);
  ASSERT_EQ(lathe_model_get_dispatch(toy.model(), 0, 1, 0, &dispatch), LATHE_OK);
  EXPECT_STREQ(dispatch.kernel, "gather");
  EXPECT_EQ(dispatch.weight_bytes, uint64_t(kVocabulary * kDim * 4));
  EXPECT_EQ(lathe_model_get_dispatch(toy.model(), 0, 1, 99, &dispatch), LATHE_INVALID_ARGUMENT);
  EXPECT_EQ(lathe_model_get_dispatch(toy.model(), 0, 9, 0, &dispatch), LATHE_INVALID_ARGUMENT);
  lathe_state_info state = LATHE_INIT(lathe_state_info);
  ASSERT_EQ(lathe_model_get_state(toy.model(), 0, 1, &state), LATHE_OK);
  EXPECT_STREQ(state.name, "carry");
  EXPECT_FALSE(state.grows);
  lathe_variant_info variant = LATHE_INIT(lathe_variant_info);
  ASSERT_EQ(lathe_model_get_variant(toy.model(), 0, 2, &variant), LATHE_OK);
  EXPECT_STREQ(variant.features, "avx2 avx9000");
  EXPECT_FALSE(variant.runnable);
  lathe_remark_info remark = LATHE_INIT(lathe_remark_info);
  EXPECT_EQ(lathe_model_get_remark(toy.model(), 0, &remark), LATHE_INVALID_ARGUMENT);
  EXPECT_EQ(lathe_model_verify(toy.model(), nullptr, nullptr), LATHE_OK);
}

TEST(Model, SamplingDefaultsAreTheCheckpoints) {
  lathe_sampling sampling = LATHE_INIT(lathe_sampling);
  Toy greedy;
  ASSERT_EQ(lathe_sampling_defaults(greedy.model(), &sampling), LATHE_OK);
  EXPECT_EQ(sampling.temperature, 0);
  Toy warm({.edit = [](fb::HeaderT &header) {
    header.generation = std::make_unique<fb::GenerationT>();
    header.generation->do_sample = true;
    header.generation->temperature = 0.6f;
    header.generation->top_p = 0.9f;
    header.generation->stop_tokens = {3, 4};
  }});
  ASSERT_EQ(lathe_sampling_defaults(warm.model(), &sampling), LATHE_OK);
  EXPECT_EQ(sampling.temperature, 0.6f);
  EXPECT_EQ(sampling.top_p, 0.9f);
  lathe_model_info info = LATHE_INIT(lathe_model_info);
  ASSERT_EQ(lathe_model_get_info(warm.model(), &info), LATHE_OK);
  ASSERT_EQ(info.stop_token_count, 2u);
  EXPECT_EQ(info.stop_tokens[1], 4);
}

TEST(Model, RefusesWhatItCantRun) {
  lathe_model *model = nullptr;
  EXPECT_EQ(lathe_model_open("/no/such/file.lathe", nullptr, &model), LATHE_NOT_FOUND);
  EXPECT_EQ(lathe_model_open(nullptr, nullptr, &model), LATHE_INVALID_ARGUMENT);
  struct {
    const char *message;
    std::function<void(fb::HeaderT &)> edit;
  } cases[] = {
      {"interface 77", [](fb::HeaderT &h) { h.programs[0]->kernel_abi = 77; }},
  };
  Toy toy;
  for (auto &item : cases) {
    test::Bytes file = test::readFile(toy.path());
    auto header = test::unpackHeader(file);
    item.edit(*header);
    test::TemporaryFile changed("lathe-toy-changed");
    test::writeFile(changed.path, test::withHeader(file, test::packHeader(*header)));
    EXPECT_EQ(lathe_model_open(changed.path.c_str(), nullptr, &model), LATHE_UNSUPPORTED);
    EXPECT_NE(std::string(lathe_last_error()).find(item.message), std::string::npos) << lathe_last_error();
  }
}

static lathe_status create(const Toy &toy, const lathe_session_options &options) {
  lathe_session *session = nullptr;
  lathe_status status = lathe_session_create(toy.model(), &options, &session);
  lathe_session_release(session);
  return status;
}

TEST(Session, PlanIsWhatItTakes) {
  Toy toy({.recurrent = true});
  lathe_session_options options = LATHE_INIT(lathe_session_options);
  options.slots = 3;
  options.context = 130;
  options.threads = 1;
  lathe_memory memory = LATHE_INIT(lathe_memory);
  ASSERT_EQ(lathe_session_plan(toy.model(), &options, &memory), LATHE_OK) << lathe_last_error();
  EXPECT_EQ(memory.pool, 3u * 3 * 2048) << "three slots of three blocks";
  EXPECT_EQ(memory.fixed, 3u * 64);
  EXPECT_EQ(memory.arena, 12672u);
  EXPECT_EQ(memory.scratch, 4096u) << "whole pages";
  EXPECT_EQ(memory.needed, memory.pool + memory.fixed + memory.arena + memory.scratch + memory.host);
  EXPECT_GE(memory.total, memory.available);
  options.context = 1001;
  EXPECT_EQ(lathe_session_plan(toy.model(), &options, &memory), LATHE_INVALID_ARGUMENT);
  EXPECT_NE(std::string(lathe_last_error()).find("model's 1000"), std::string::npos) << lathe_last_error();
}

TEST(Session, WhatDoesNotFitIsRefusedWithAdvice) {
  Toy toy;
  lathe_session_options options = LATHE_INIT(lathe_session_options);
  options.threads = 1;
  options.memory_limit = 40000;
  EXPECT_EQ(create(toy, options), LATHE_OUT_OF_MEMORY);
  EXPECT_NE(std::string(lathe_last_error()).find("positions would fit"), std::string::npos)
      << lathe_last_error();
  options.context = 128;
  EXPECT_EQ(create(toy, options), LATHE_OK) << lathe_last_error();
  options.memory_limit = 100;
  EXPECT_EQ(create(toy, options), LATHE_OUT_OF_MEMORY);
  // Sums beyond 64 bits.
  Toy huge({.edit = [](fb::HeaderT &h) {
    h.programs[0]->block_bytes = uint64_t(1) << 36;
    h.context = 1 << 24;
  }});
  options = LATHE_INIT(lathe_session_options);
  options.context = 1 << 24;
  options.slots = 1000;
  EXPECT_EQ(create(huge, options), LATHE_OUT_OF_MEMORY) << lathe_last_error();
  options.slots = 1 << 16;
  EXPECT_EQ(create(huge, options), LATHE_INVALID_ARGUMENT) << lathe_last_error();
}

TEST(Session, ChoosesTheVariant) {
  Toy toy;
  lathe_session_options options = LATHE_INIT(lathe_session_options);
  auto chosen = [&]() -> std::string {
    lathe_session *session = nullptr;
    if (lathe_session_create(toy.model(), &options, &session)) return lathe_last_error();
    lathe_session_info info = LATHE_INIT(lathe_session_info);
    EXPECT_EQ(lathe_session_get_info(session, &info), LATHE_OK);
    std::string name = info.variant;
    lathe_session_release(session);
    return name;
  };
  EXPECT_EQ(chosen(), "popcnt") << "the last that this CPU has everything for";
  options.variant = "base";
  EXPECT_EQ(chosen(), "base");
  options.variant = "future";
  EXPECT_NE(chosen().find("needs avx9000"), std::string::npos) << chosen();
  options.variant = "none";
  EXPECT_NE(chosen().find("base, popcnt, future"), std::string::npos) << chosen();
  options.variant = nullptr;
  setenv("LATHE_VARIANT", "base", 1);
  EXPECT_EQ(chosen(), "base");
  unsetenv("LATHE_VARIANT");
}

TEST(Session, OtherArchitecturesAreRefused) {
  Toy toy({.edit = [](fb::HeaderT &h) {
    for (auto &v : h.programs[0]->variants) v->arch = "riscv64";
  }});
  lathe_session_options options = LATHE_INIT(lathe_session_options);
  EXPECT_EQ(create(toy, options), LATHE_UNSUPPORTED);
  EXPECT_NE(std::string(lathe_last_error()).find("riscv64"), std::string::npos) << lathe_last_error();
}

TEST(Session, LogsAndPreloads) {
  Toy toy;
  std::vector<std::string> lines;
  lathe_model_options modelOptions = LATHE_INIT(lathe_model_options);
  modelOptions.log = [](void *user, lathe_log_level, const char *message) {
    static_cast<std::vector<std::string> *>(user)->push_back(message);
  };
  modelOptions.log_user = &lines;
  lathe_model *model = nullptr;
  ASSERT_EQ(lathe_model_open(toy.path().c_str(), &modelOptions, &model), LATHE_OK);
  lathe_session_options options = LATHE_INIT(lathe_session_options);
  options.preload = 1;
  uint64_t seen[2] = {};
  options.progress_user = seen;
  options.progress = [](void *user, uint64_t done, uint64_t total) {
    static_cast<uint64_t *>(user)[0] = done;
    static_cast<uint64_t *>(user)[1] = total;
    return 0;
  };
  lathe_session *session = nullptr;
  ASSERT_EQ(lathe_session_create(model, &options, &session), LATHE_OK) << lathe_last_error();
  lathe_model_release(model); // the session keeps it
  EXPECT_EQ(seen[0], seen[1]);
  EXPECT_EQ(seen[1], uint64_t(kVocabulary * kDim * 4));
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_NE(lines[0].find("variant popcnt"), std::string::npos) << lines[0];
  int32_t slot;
  EXPECT_EQ(lathe_slot_create(session, &slot), LATHE_OK);
  lathe_session_release(session);
  options.progress = [](void *, uint64_t, uint64_t) { return 1; };
  EXPECT_EQ(create(toy, options), LATHE_CANCELLED);
}

TEST(Session, CancelStopsTheNextCallOnce) {
  Toy toy;
  Runner run(toy);
  int32_t slot = run.slot();
  lathe_session_cancel(run.get());
  EXPECT_EQ(run.step({1}, {slot}), LATHE_CANCELLED);
  EXPECT_EQ(run.position(slot), 0u);
  EXPECT_EQ(run.feed(slot, {1}), expected({1}));
}

TEST(Session, CancelFromAnotherThread) {
  for (bool recurrent : {false, true}) {
    Toy toy({.recurrent = recurrent});
    Runner run(toy, 1, 2);
    int32_t slot = run.slot();
    Tokens tokens = someTokens(kContext);
    std::atomic<bool> done = false;
    std::thread other([&] {
      while (!done) {
        lathe_session_cancel(run.get());
        std::this_thread::sleep_for(std::chrono::microseconds(200));
      }
    });
    int cancelled = 0;
    // What was appended before a cancellation stays: go on from there.
    for (uint32_t at; (at = run.position(slot)) < kContext && cancelled < 100000;) {
      size_t count = std::min<size_t>(150, kContext - at);
      auto begin = tokens.begin() + at;
      lathe_status status = run.step(Tokens(begin, begin + ptrdiff_t(count)), Tokens(count, slot));
      ASSERT_TRUE(status == LATHE_OK || status == LATHE_CANCELLED) << lathe_last_error();
      cancelled += status == LATHE_CANCELLED;
    }
    done = true;
    other.join();
    ASSERT_EQ(run.position(slot), uint32_t(kContext));
    EXPECT_GT(cancelled, 0);
    if (!recurrent) {
      EXPECT_EQ(lathe_slot_truncate(run.get(), slot, kContext - 1), LATHE_OK);
      while (run.step({tokens.back()}, {slot}) == LATHE_CANCELLED) {
      }
      EXPECT_EQ(run.result(0), expected(tokens));
    }
  }
}

TEST(Session, SizedStructsOfOtherVersions) {
  Toy toy;
  // An older caller, whose struct ends earlier.
  lathe_memory memory = {};
  memory.struct_size = offsetof(lathe_memory, pool);
  memory.pool = 12345;
  ASSERT_EQ(lathe_session_plan(toy.model(), nullptr, &memory), LATHE_OK);
  EXPECT_GT(memory.weights, 0u);
  EXPECT_EQ(memory.pool, 12345u) << "beyond the caller's struct";
  // A newer caller, with fields this library does not know.
  struct {
    lathe_session_options known;
    uint64_t unknown;
  } newer = {};
  newer.known.struct_size = sizeof newer;
  EXPECT_EQ(create(toy, newer.known), LATHE_OK) << lathe_last_error();
  newer.unknown = 1;
  EXPECT_EQ(create(toy, newer.known), LATHE_UNSUPPORTED);
  newer.known.struct_size = 0;
  EXPECT_EQ(create(toy, newer.known), LATHE_INVALID_ARGUMENT);
  EXPECT_NE(std::string(lathe_last_error()).find("LATHE_INIT"), std::string::npos);
}

TEST(Interface, VersionsAndNames) {
  EXPECT_EQ(lathe_api_version(), LATHE_API_VERSION);
  EXPECT_NE(std::string(lathe_version()), "");
  for (int status = LATHE_OK; status <= LATHE_DEVICE_LOST; ++status)
    EXPECT_STRNE(lathe_status_name(lathe_status(status)), "unknown status");
}

TEST(Memory, MachineSaysHowMuch) {
  MachineMemory memory = machineMemory();
  EXPECT_GT(memory.available, uint64_t(1) << 20);
  EXPECT_GE(memory.total, memory.available);
  EXPECT_EQ(formatBytes(512), "512 bytes");
  EXPECT_EQ(formatBytes(uint64_t(3) << 29), "1.5 GiB");
}
