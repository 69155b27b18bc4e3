// What kinds of GPU share: where weights and tables go, and what launches are recorded for. No device is
// needed.
#include "Runtime/Gpu/BatchLayout.h"
#include "Runtime/Gpu/Buckets.h"
#include "Runtime/Gpu/Launches.h"
#include "Runtime/Gpu/WeightLayout.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <numeric>

using namespace lathe;
using namespace lathe::gpu;

static std::vector<uint32_t> firstTo(size_t count) {
  std::vector<uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  return order;
}

TEST(GpuWeightLayout, WholeWeightsAlignedInBoundedBuffers) {
  std::vector<WeightExtent> weights = {{100}, {256}, {1}, {700}, {5000}, {10}};
  WeightLayout layout(weights, firstTo(6), 1000);
  std::vector<uint64_t> buffers = {513, 700, 5000, 10};
  EXPECT_EQ(layout.buffers, buffers) << "one weight is larger than a buffer should be: it has one to itself";
  EXPECT_EQ(layout.places[1].offset, 256u);
  EXPECT_EQ(layout.places[2].offset, 512u);
  EXPECT_EQ(layout.places[5].buffer, 3u);
}

TEST(GpuWeightLayout, WhatReachesFurtherHasRoom) {
  std::vector<WeightExtent> weights = {{100, 900}, {200}, {300}, {600}};
  WeightLayout layout(weights, firstTo(4), 1200);
  std::vector<uint64_t> buffers = {900, 600};
  EXPECT_EQ(layout.buffers, buffers) << "it reaches into those behind it";
  EXPECT_EQ(layout.places[2].offset, 512u);
}

TEST(GpuWeightLayout, OnlyWhatIsOrdered) {
  std::vector<WeightExtent> weights = {{100}, {0}, {100}};
  std::vector<uint32_t> order = {2, 0};
  WeightLayout layout(weights, order, 1000);
  EXPECT_EQ(layout.places[2].offset, 0u);
  EXPECT_EQ(layout.places[0].offset, 256u);
  EXPECT_EQ(WeightLayout({}, {}, 1000).buffers.size(), 0u);
}

TEST(GpuBatchLayout, HoldsEveryArrayOnce) {
  BatchLayout layout({5, 2, 3, 4});
  EXPECT_GE(layout.tokens, sizeof(KernelBatch));
  EXPECT_GE(layout.positions, layout.tokens + 5 * 4);
  EXPECT_GE(layout.slots, layout.positions + 5 * 4);
  EXPECT_GE(layout.outputRows, layout.slots + 5 * 4);
  EXPECT_GE(layout.runs, layout.outputRows + 2 * 4);
  EXPECT_GE(layout.sequenceFirst, layout.runs + 3 * sizeof(KernelSegment));
  EXPECT_GE(layout.sequenceSlots, layout.sequenceFirst + 5 * 4) << "one more than sequences";
  EXPECT_GE(layout.bytes, layout.sequenceSlots + 4 * 4);
  EXPECT_LT(BatchLayout({1, 1, 1, 1}).bytes, 512u) << "one token moves little";
}

TEST(GpuBatchLayout, DrawsTakeWhatTheirSetsTake) {
  std::vector<uint32_t> penalized = {1, 2, 3}, allowed = {4, 5, 6};
  KernelDraw draws[] = {{1, 1, 0, 0, nullptr, nullptr},
                        {2, 3, 3, 0, penalized.data(), nullptr},
                        {0.5f, 1, 0, 3, nullptr, allowed.data()}};
  KernelBatch batch = {};
  batch.outputs = 3;
  batch.draws = draws;
  std::vector<std::byte> to(1024);
  uint64_t address = reinterpret_cast<uint64_t>(to.data()), bytes = fillDraws(to.data(), batch, address);
  EXPECT_LE(bytes, 3 * (sizeof(KernelDraw) + 16 + 12));
  auto *filled = reinterpret_cast<const KernelDraw *>(to.data());
  EXPECT_EQ(filled[0].penalized, nullptr);
  EXPECT_EQ(filled[1].penalty, 3);
  EXPECT_TRUE(std::equal(penalized.begin(), penalized.end(), filled[1].penalized));
  EXPECT_TRUE(std::equal(allowed.begin(), allowed.end(), filled[2].allowed));
  EXPECT_GE(reinterpret_cast<uint64_t>(filled[1].penalized), address + sizeof draws);
  EXPECT_LE(reinterpret_cast<uint64_t>(filled[2].allowed) + 12, address + bytes);
}

/// A program with one kernel of rows whose classes end at 1, 12 and 96.
static fb::ProgramT program() {
  fb::ProgramT program;
  program.target = "vulkan";
  program.max_rows = 96;
  program.max_outputs = 5;
  auto kernel = std::make_unique<fb::KernelT>();
  kernel->name = "k";
  for (uint32_t end : {1u, 12u, 96u}) {
    kernel->classes.push_back(std::make_unique<fb::KernelClassT>());
    kernel->classes.back()->max_rows = end;
  }
  program.kernels.push_back(std::move(kernel));
  return program;
}

static std::vector<uint8_t> pack(const fb::ProgramT &program) {
  flatbuffers::FlatBufferBuilder builder;
  builder.Finish(fb::Program::Pack(builder, &program));
  return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}

TEST(GpuLaunches, AJoinFollowsItsClass) {
  fb::ProgramT source = program();
  source.kernels[0]->first_code = 7;
  for (uint32_t i = 0; i < 2; ++i) {
    fb::KernelClassT &of = *source.kernels[0]->classes[i];
    of.grid = {{fb::GridKind::Rows, 1}, {fb::GridKind::Constant, 30}};
    of.threads = 64;
    of.scratch_bytes = 128;
    of.join = std::make_unique<fb::KernelJoinT>();
    of.join->code = 10 + i;
    of.join->grid = {{fb::GridKind::Rows, 2}};
    of.join->threads = 32;
  }
  source.kernels[0]->classes[2]->grid = {{fb::GridKind::Rows, 1}};
  source.kernels[0]->classes[2]->threads = 96;
  source.entries.push_back(std::make_unique<fb::EntryT>());
  source.entries[0]->dispatches.push_back(std::make_unique<fb::DispatchT>());
  std::vector<uint8_t> bytes = pack(source);
  const fb::Program &program = *flatbuffers::GetRoot<fb::Program>(bytes.data());
  OperandMemory memory = {{}, 0, 0, 1000, 2000, 3000};
  LaunchList launches(program, *program.entries()->Get(0), memory);
  ASSERT_EQ(launches.size(), 2u);
  auto first = launches.at(0, {9, 0, 9, 1}, 100), join = launches.at(1, {9, 0, 9, 1}, 100);
  ASSERT_TRUE(first && join);
  EXPECT_EQ(first->code, 8u);
  EXPECT_EQ(first->groupsX * first->groupsY, 270u);
  EXPECT_EQ(first->threads, 64u);
  EXPECT_EQ(join->code, 11u);
  EXPECT_EQ(join->groupsX * join->groupsY, 5u) << "counted by its own grid";
  EXPECT_EQ(join->threads, 32u);
  ASSERT_EQ(join->addresses.size(), 2u);
  EXPECT_EQ(join->addresses.back(), 3000u) << "the same scratch";
  EXPECT_TRUE(std::ranges::equal(first->addresses, join->addresses));
  EXPECT_FALSE(launches.at(1, {64, 0, 1, 1}, 100)) << "the class for more rows has none";
  EXPECT_EQ(launches.at(0, {64, 0, 1, 1}, 100)->code, 9u);
}

TEST(GpuLaunches, AJoinIsStartedAtOnceToo) {
  fb::ProgramT source = program();
  fb::KernelClassT &of = *source.kernels[0]->classes[2];
  of.grid = {{fb::GridKind::Rows, 1}};
  of.join = std::make_unique<fb::KernelJoinT>();
  of.join->grid = {{fb::GridKind::Constant, 500}};
  source.entries.push_back(std::make_unique<fb::EntryT>());
  std::vector<uint8_t> bytes = pack(source);
  const fb::Program &program = *flatbuffers::GetRoot<fb::Program>(bytes.data());
  EXPECT_TRUE(checkGroups("it", program, 1, 500, 1).ok());
  EXPECT_EQ(checkGroups("it", program, 1, 499, 1).code(), Code::Unsupported);
}

TEST(GpuBuckets, ArePowersOfTwoAndEndsOfClasses) {
  std::vector<uint8_t> bytes = pack(program());
  Buckets buckets(*flatbuffers::GetRoot<fb::Program>(bytes.data()));
  auto rows = [&](int64_t count) { return buckets.covering({count, 0, count, 1}).rows; };
  EXPECT_EQ(rows(1), 1);
  EXPECT_EQ(rows(3), 4);
  EXPECT_EQ(rows(9), 12) << "16 would take another class than a CPU does";
  EXPECT_EQ(rows(13), 16);
  EXPECT_EQ(rows(65), 96) << "no more than a call can have";
  EXPECT_EQ(buckets.covering({96, 3, 70, 9}).outputs, 4);
  EXPECT_EQ(buckets.covering({96, 5, 70, 9}).outputs, 5);
  EXPECT_EQ(buckets.covering({96, 0, 70, 9}).outputs, 0);
  EXPECT_EQ(buckets.covering({96, 0, 70, 9}).segments, 96);
  EXPECT_EQ(buckets.covering({96, 0, 70, 9}).sequences, 16);
}
