// What kinds of GPU share: where weights and tables go, and what launches are recorded for. No device is
// needed.
#include "Runtime/Gpu/BatchLayout.h"
#include "Runtime/Gpu/Buckets.h"
#include "Runtime/Gpu/WeightLayout.h"

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

/// A program with one kernel of rows whose classes end at 1, 12 and 96.
static std::vector<uint8_t> program() {
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
  flatbuffers::FlatBufferBuilder builder;
  builder.Finish(fb::Program::Pack(builder, &program));
  return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}

TEST(GpuBuckets, ArePowersOfTwoAndEndsOfClasses) {
  std::vector<uint8_t> bytes = program();
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
