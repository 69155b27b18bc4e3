// Files that are cut short, flipped, or consistent in their hashes but not in what they say. Run with
// LATHE_SANITIZE=ON these tests also show that nothing is read outside.
#include "DamagedArtifact.h"

#include <cmath>

using namespace lathe;
using namespace lathe::test;

namespace {

struct Damage : DamagedArtifact {
  Damage() : DamagedArtifact(sampleHeader()) {}
};

using fb::HeaderT;

fb::ProgramT &program(HeaderT &h) { return *h.programs[0]; }
fb::KernelT &kernel(HeaderT &h) { return *program(h).kernels[0]; }
fb::EntryT &step(HeaderT &h) { return *program(h).entries[0]; }
fb::DispatchT &dispatch(HeaderT &h) { return *step(h).dispatches[0]; }
fb::VariantT &variant(HeaderT &h) { return *program(h).variants[0]; }
/// A sound entry that finds one candidate a row.
fb::EntryT &addDraw(HeaderT &h) {
  auto draw = std::make_unique<fb::EntryT>(step(h));
  draw->name = "draw";
  draw->source_offset = draw->result_offset;
  draw->source_columns = draw->source_stride = draw->result_columns;
  draw->result_offset = 4096;
  draw->result_columns = draw->result_stride = 5;
  program(h).entries.push_back(std::move(draw));
  return *program(h).entries.back();
}
fb::Binding bind(fb::BindingKind kind, uint64_t value) { return fb::Binding(kind, value); }
constexpr uint64_t kHuge = UINT64_MAX - 63; // a multiple of 64 whose sums wrap

const std::vector<HeaderEdit> kHeaderEdits = {
    {"vocabulary", [](HeaderT &h) { h.vocabulary = 0; }},
    {"vocabulary", [](HeaderT &h) { h.vocabulary = UINT32_MAX; }},
    {"one logit per token", [](HeaderT &h) { h.vocabulary = 51; }},
    {"context", [](HeaderT &h) { h.context = 0; }},
    {"context", [](HeaderT &h) { h.context = UINT32_MAX; }},
    {"no program", [](HeaderT &h) { h.programs.clear(); }},
    {"outside the weight section", [](HeaderT &h) { h.weights[0]->offset = 0; }},
    {"outside the weight section", [](HeaderT &h) { h.weights[0]->offset = kHuge; }},
    {"outside the weight section", [](HeaderT &h) { h.weights[0]->bytes = UINT64_MAX; }},
    {"outside the weight section", [](HeaderT &h) { h.weights[3]->bytes = 64; }},
    {"kernels may read outside", [](HeaderT &h) { h.weights[0]->reach = UINT64_MAX; }},
    {"kernels may read outside", [](HeaderT &h) { h.weights[2]->reach = h.weights_bytes; }},
    {"misaligned", [](HeaderT &h) { h.weights[0]->offset += 4; }},
    {"overlap", [](HeaderT &h) { h.weights[1]->offset = h.weights[0]->offset; }},
    {"overlap", [](HeaderT &h) { h.weights[1]->bytes = 1000; }},
    {"shape", [](HeaderT &h) { h.weights[0]->rows = UINT64_MAX; }},
    {"bits per weight", [](HeaderT &h) { h.weights[0]->logical_bits = NAN; }},
    {"bits per weight", [](HeaderT &h) { h.weights[0]->logical_bits = -1; }},
    {"error", [](HeaderT &h) { h.weights[0]->error = INFINITY; }},
    {"weight section", [](HeaderT &h) { h.weights_offset += 1; }},
    {"weight section", [](HeaderT &h) { h.weights_bytes = UINT64_MAX; }},
    {"overlap", [](HeaderT &h) { h.weights_bytes += 4096; }},
    {"tokenizer", [](HeaderT &h) { h.tokenizer_offset += 1; }},
    {"tokenizer", [](HeaderT &h) { h.tokenizer_bytes = UINT64_MAX; }},
    {"tokenizer", [](HeaderT &h) { h.tokenizer_bytes += 1; }},
    {"tokenizer", [](HeaderT &h) { h.tokenizer_hash ^= 1; }},
    {"overlap", [](HeaderT &h) { h.tokenizer_offset = h.weights_offset; }},
    {"temperature", [](HeaderT &h) { h.generation->temperature = NAN; }},
    {"temperature", [](HeaderT &h) { h.generation->temperature = -1; }},
    {"top_k", [](HeaderT &h) { h.generation->top_k = -1; }},
    {"top_p", [](HeaderT &h) { h.generation->top_p = 2; }},
    {"min_p", [](HeaderT &h) { h.generation->min_p = -0.5f; }},
    {"repetition_penalty", [](HeaderT &h) { h.generation->repetition_penalty = 0; }},
    {"max_length", [](HeaderT &h) { h.generation->max_length = -5; }},
    {"stop token 50", [](HeaderT &h) { h.generation->stop_tokens = {50}; }},
    {"stop token -1", [](HeaderT &h) { h.generation->stop_tokens = {-1}; }},
};

const std::vector<HeaderEdit> kProgramEdits = {
    {"max_rows", [](HeaderT &h) { program(h).max_rows = 0; }},
    {"max_rows", [](HeaderT &h) { program(h).max_rows = UINT32_MAX; }},
    {"last class ends at 32", [](HeaderT &h) { program(h).max_rows = 33; }},
    {"max_outputs", [](HeaderT &h) { program(h).max_outputs = 0; }},
    {"max_outputs", [](HeaderT &h) { program(h).max_outputs = 33; }},
    {"last class ends at 4", [](HeaderT &h) { program(h).max_outputs = 5; }},
    {"arena", [](HeaderT &h) { program(h).arena_bytes = UINT64_MAX; }},
    {"arena", [](HeaderT &h) { program(h).arena_bytes = 0; }},
    {"arena", [](HeaderT &h) { program(h).arena_bytes = 864 - 1; }},
    {"block_bytes", [](HeaderT &h) { program(h).block_bytes = UINT64_MAX; }},
    {"block_bytes", [](HeaderT &h) { program(h).block_bytes += 1; }},
    {"outside its block", [](HeaderT &h) { program(h).block_bytes = 64; }},
    {"fixed_bytes", [](HeaderT &h) { program(h).fixed_bytes = kHuge; }},
    {"fixed_bytes", [](HeaderT &h) { program(h).fixed_bytes = 255; }},
    {"block_bytes",
     [](HeaderT &h) { program(h).states[0]->kind = fb::StateKind::Fixed, program(h).states[0]->bytes = 64; }},
    {"unknown kind of state", [](HeaderT &h) { program(h).states[0]->kind = fb::StateKind(9); }},
    {"state 'keys'", [](HeaderT &h) { program(h).states[0]->offset = 64; }},
    {"state 'keys'", [](HeaderT &h) { program(h).states[0]->offset = kHuge; }},
    {"state 'keys'", [](HeaderT &h) { program(h).states[0]->bytes = 0; }},
    {"state 'carry'", [](HeaderT &h) { program(h).states[1]->offset = 4; }},
    {"overlap",
     [](HeaderT &h) { program(h).states.push_back(std::make_unique<fb::StateT>(*program(h).states[1])); }},
    {"no state 1", [](HeaderT &h) { program(h).states.pop_back(), program(h).fixed_bytes = 0; }},
    {"no entry point", [](HeaderT &h) { program(h).entries.clear(); }},
    {"two entries 'step'",
     [](HeaderT &h) {
       program(h).entries[1]->name = "step", program(h).entries[1]->result_columns = 50,
       program(h).entries[1]->result_stride = 50,
       program(h).entries[1]->result_domain = fb::RowDomain::Outputs;
     }},
    {"no dispatch", [](HeaderT &h) { step(h).dispatches.clear(); }},
    {"result", [](HeaderT &h) { step(h).result_offset = 32; }},
    {"result", [](HeaderT &h) { step(h).result_offset = kHuge; }},
    {"result", [](HeaderT &h) { step(h).result_offset = 8192 - 64; }},
    {"result: its columns", [](HeaderT &h) { step(h).result_columns = 0; }},
    {"result: its columns", [](HeaderT &h) { step(h).result_stride = 49; }},
    {"result", [](HeaderT &h) { step(h).result_stride = UINT32_MAX; }},
    {"one logit per token", [](HeaderT &h) { step(h).result_columns = 49; }},
    {"per output row", [](HeaderT &h) { step(h).result_domain = fb::RowDomain::Rows; }},
    {"unknown row domain", [](HeaderT &h) { step(h).result_domain = fb::RowDomain(7); }},
    {"only draws have", [](HeaderT &h) { step(h).source_columns = step(h).source_stride = 50; }},
    {"has no source", [](HeaderT &h) { addDraw(h).source_columns = 0; }},
    {"no list of candidates", [](HeaderT &h) { addDraw(h).result_columns = 3; }},
    {"no list of candidates",
     [](HeaderT &h) {
       fb::EntryT &draw = addDraw(h);
       draw.result_columns = draw.result_stride = 6;
     }},
    {"result: its columns", [](HeaderT &h) { addDraw(h).result_columns = 7; }},
    {"per output row", [](HeaderT &h) { addDraw(h).result_domain = fb::RowDomain::Rows; }},
    {"source is not one logit per token", [](HeaderT &h) { addDraw(h).source_columns = 49; }},
    {"source: its columns", [](HeaderT &h) { addDraw(h).source_stride = 49; }},
    {"source: its columns", [](HeaderT &h) { addDraw(h).source_stride = UINT32_MAX; }},
    {"source: it is misaligned", [](HeaderT &h) { addDraw(h).source_offset += 4; }},
    {"source: it is misaligned or outside", [](HeaderT &h) { addDraw(h).source_offset = 8192 - 64; }},
    {"source: it is misaligned or outside", [](HeaderT &h) { addDraw(h).source_offset = kHuge; }},
    {"no kernel", [](HeaderT &h) { program(h).kernels.clear(); }},
    {"no kernel 2", [](HeaderT &h) { dispatch(h).kernel = 2; }},
    {"no kernel 4294967295", [](HeaderT &h) { dispatch(h).kernel = UINT32_MAX; }},
    {"takes 3 operands, not 2", [](HeaderT &h) { dispatch(h).bindings.pop_back(); }},
    {"takes 2 operands, not 3", [](HeaderT &h) { dispatch(h).kernel = 1; }},
    {"no weight 4", [](HeaderT &h) { dispatch(h).bindings[0] = bind(fb::BindingKind::Weight, 4); }},
    {"no weight",
     [](HeaderT &h) { dispatch(h).bindings[0] = bind(fb::BindingKind::Weight, uint64_t(1) << 32); }},
    {"arena slice", [](HeaderT &h) { dispatch(h).bindings[1] = bind(fb::BindingKind::Arena, 8192); }},
    {"arena slice", [](HeaderT &h) { dispatch(h).bindings[1] = bind(fb::BindingKind::Arena, kHuge); }},
    {"arena slice", [](HeaderT &h) { dispatch(h).bindings[1] = bind(fb::BindingKind::Arena, 2); }},
    {"no state 2", [](HeaderT &h) { dispatch(h).bindings[2] = bind(fb::BindingKind::Growing, 2); }},
    {"other kind", [](HeaderT &h) { dispatch(h).bindings[2] = bind(fb::BindingKind::Growing, 1); }},
    {"other kind", [](HeaderT &h) { dispatch(h).bindings[2] = bind(fb::BindingKind::Fixed, 0); }},
    {"unknown kind of binding", [](HeaderT &h) { dispatch(h).bindings[0] = bind(fb::BindingKind(44), 0); }},
    {"too many bindings", [](HeaderT &h) { kernel(h).bindings = 100000; }},
    {"no class", [](HeaderT &h) { kernel(h).classes.clear(); }},
    {"ascending order", [](HeaderT &h) { std::swap(kernel(h).classes[0], kernel(h).classes[1]); }},
    {"ascending order", [](HeaderT &h) { kernel(h).classes[0]->max_rows = 32; }},
    {"ascending order", [](HeaderT &h) { kernel(h).classes[0]->max_rows = 0; }},
    {"last class", [](HeaderT &h) { kernel(h).classes[1]->max_rows = 31; }},
    {"scratch", [](HeaderT &h) { kernel(h).classes[0]->scratch_bytes = UINT64_MAX; }},
    {"a grid factor is zero", [](HeaderT &h) { kernel(h).classes[0]->grid[0] = {fb::GridKind::Rows, 0}; }},
    {"kind of grid factor", [](HeaderT &h) { kernel(h).classes[0]->grid[0] = {fb::GridKind(99), 1}; }},
    {"grid factors", [](HeaderT &h) { kernel(h).classes[0]->grid.assign(5, {fb::GridKind::Rows, 1}); }},
    {"work items",
     [](HeaderT &h) { kernel(h).classes[0]->grid.assign(3, {fb::GridKind::Constant, UINT32_MAX}); }},
    {"unknown row domain", [](HeaderT &h) { kernel(h).domain = fb::RowDomain(3); }},
    {"first_code", [](HeaderT &h) { kernel(h).first_code = 1; }},
    {"no code variant", [](HeaderT &h) { program(h).variants.clear(); }},
    {"two variants", [](HeaderT &h) { variant(h).name = "wide"; }},
    {"its code", [](HeaderT &h) { variant(h).offset += 64; }},
    {"its code", [](HeaderT &h) { variant(h).offset = UINT64_MAX - 4095; }},
    {"its code", [](HeaderT &h) { variant(h).bytes = 0; }},
    {"its code", [](HeaderT &h) { variant(h).bytes = UINT64_MAX; }},
    {"overlap", [](HeaderT &h) { variant(h).bytes = 5000; }},
    {"hash", [](HeaderT &h) { variant(h).bytes -= 1; }},
    {"hash", [](HeaderT &h) { variant(h).hash ^= 1; }},
    {"overlap", [](HeaderT &h) { variant(h).offset = h.weights_offset; }},
    {"the preamble", [](HeaderT &h) { variant(h).offset = 0; }},
    {"code entry", [](HeaderT &h) { variant(h).entries[2] = 100; }},
    {"code entry", [](HeaderT &h) { variant(h).entries[0] = UINT64_MAX; }},
    {"2 code entries", [](HeaderT &h) { variant(h).entries.pop_back(); }},
    {"4 code entries", [](HeaderT &h) { variant(h).entries.push_back(0); }},
    {"features", [](HeaderT &h) { variant(h).features.assign(1000, "avx2"); }},
};

} // namespace

TEST_F(Damage, CutShort) {
  for (size_t length = 0; length < good_.size(); length += length < 100 ? 1 : 97) {
    Status status = open(Bytes(good_.begin(), good_.begin() + static_cast<ptrdiff_t>(length)));
    ASSERT_EQ(status.code(), Code::Corrupt) << length << ": " << status.message();
  }
  Bytes longer = good_;
  longer.push_back(std::byte(0));
  EXPECT_EQ(open(longer).code(), Code::Corrupt);
}

TEST_F(Damage, EveryBitOfThePreamble) {
  for (size_t bit = 0; bit < sizeof(Preamble) * 8; ++bit) {
    Bytes bytes = good_;
    bytes[bit / 8] ^= std::byte(1 << bit % 8);
    ASSERT_FALSE(open(bytes).ok()) << "bit " << bit;
  }
}

TEST_F(Damage, FlippedBitsOfHeaderCodeAndTokenizer) {
  auto header = unpackHeader(good_);
  Preamble preamble = preambleOf(good_);
  struct {
    uint64_t offset, bytes;
  } parts[] = {{preamble.headerOffset, preamble.headerBytes},
               {header->tokenizer_offset, header->tokenizer_bytes},
               {program(*header).variants[1]->offset, 5000}};
  for (auto part : parts) expectFlipsFound(part.offset, part.bytes, 100);
}

TEST_F(Damage, WhatTheEditsStartFromIsSound) {
  auto header = unpackHeader(good_);
  addDraw(*header);
  Status status = open(withHeader(good_, packHeader(*header)));
  EXPECT_TRUE(status.ok()) << status.message();
}

TEST_F(Damage, InconsistentFieldsWithRightHashes) {
  expectRefused(kHeaderEdits);
  expectRefused(kProgramEdits);
}

TEST_F(Damage, RandomHeadersWithRightHashes) { expectSafeWithRandomHeaders(); }
