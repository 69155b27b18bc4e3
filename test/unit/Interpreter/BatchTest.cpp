// The ragged batch: however rows are cut into calls, each gives the same logits; and batches that make no
// sense.
#include "Model.h"

using namespace lathe;
using namespace lathe::test;
using interpreter::Batch;
using interpreter::Indices;
using interpreter::Rows;

namespace {
class RaggedBatch : public testing::Test {
protected:
  Model model{fixture("llama-f32")};
  Indices ids = Results(fixture("llama-f32")).integers(1, "ids");

  std::string errorOf(const Batch &batch) {
    std::string message;
    mlir::ScopedDiagnosticHandler handler(&model.context, [&](mlir::Diagnostic &diagnostic) {
      if (message.empty()) message = diagnostic.str();
      return mlir::success();
    });
    EXPECT_TRUE(failed(model.interpreter.run("step", batch)));
    return message;
  }
};
} // namespace

static Batch operator+(Batch a, const Batch &b) {
  for (int64_t output : b.outputs) a.outputs.push_back(a.size() + output);
  a.tokens.insert(a.tokens.end(), b.tokens.begin(), b.tokens.end());
  a.positions.insert(a.positions.end(), b.positions.begin(), b.positions.end());
  a.slots.insert(a.slots.end(), b.slots.begin(), b.slots.end());
  return a;
}

TEST_F(RaggedBatch, ChunksAndSlotsChangeNothing) {
  Rows whole = model.run("step", Batch::sequence(ids));
  Indices head(ids.begin(), ids.begin() + 3), tail(ids.begin() + 3, ids.end());
  model.run("step", Batch::sequence(head, 0, 5));
  Rows mixed = model.run("step", Batch::sequence(ids, 0, 2) + Batch::sequence(tail, 3, 5));
  std::vector<float> expected = whole.values;
  expected.insert(expected.end(), whole.row(3), whole.row(0) + whole.values.size());
  EXPECT_EQ(mixed.values, expected);
}

TEST_F(RaggedBatch, GoingBackOverwrites) {
  Rows whole = model.run("step", Batch::sequence(ids));
  model.run("step", Batch::sequence({7, 8, 9}, 2));
  Rows again = model.run("step", Batch::sequence(Indices(ids.begin() + 2, ids.end()), 2));
  EXPECT_EQ(again.values, std::vector<float>(whole.row(2), whole.row(0) + whole.values.size()));
}

TEST_F(RaggedBatch, OnlyOutputsGiveLogits) {
  Rows whole = model.run("step", Batch::sequence(ids));
  Batch batch = Batch::sequence(ids);
  batch.outputs = {1, 4};
  Rows two = model.run("step", batch);
  EXPECT_EQ(two.rows, 2);
  EXPECT_TRUE(std::equal(two.row(1), two.row(1) + two.columns, whole.row(4)));
}

TEST_F(RaggedBatch, Errors) {
  EXPECT_EQ(errorOf(Batch::sequence({1000})),
            "'lathe.embedding' op row 0 asks for entry 1000 of a table of 131");
  EXPECT_EQ(errorOf(Batch::sequence({1}, 4)),
            "'lathe.cache_write' op row 0 is at position 4, but its slot has only 0");
  EXPECT_EQ(errorOf(Batch::sequence({1}, -1)), "row 0 has the negative position -1");
  Batch gap = Batch::sequence({1, 2});
  gap.positions[1] = 5;
  EXPECT_EQ(errorOf(gap), "row 1 is at position 5 of its slot, after position 0");
  EXPECT_EQ(errorOf(Batch::sequence({1}) + Batch::sequence({2}, 0, 1) + Batch::sequence({3}, 1)),
            "the rows of slot 0 don't stand together");
  Batch outputs = Batch::sequence({1, 2});
  outputs.outputs = {1, 2};
  EXPECT_EQ(errorOf(outputs), "outputs must be row numbers in ascending order, got 2");
}
