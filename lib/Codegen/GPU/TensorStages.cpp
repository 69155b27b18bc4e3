#include "Codegen/GPU/TensorStages.h"

#include "Codegen/GPU/WarpgroupUnits.h"

using namespace mlir;
using namespace lathe;

static constexpr int64_t kOutputs = GpuLinearPlan::kThreadOutputs, kQuads = kPanelRows / kOutputs;

TensorStages::TensorStages(const LinearGroup &group, const TensorTile &tile)
    : group(group), on(group.on), plan(group.plan), tile(tile), memory(sharedAddress(on, group.results)) {
  for (int64_t weight = 0; weight < tile.weights; ++weight)
    decoders.push_back(std::make_unique<WeightDecode>(on, plan.type, group.weightPointer(weight)));
  int64_t line = tile.lineBytes(), inLine = line / tile.copyBytes;
  forPieces(numCopies(), [&](Value index) {
    Value row = on.div(index, inLine), byte = on.mul(on.rem(index, inLine), tile.copyBytes);
    Value piece = on.mul(swizzled(row, on.div(byte, 16)), 16);
    copies.push_back({group.inputRow(row), byte, on.add(on.mul(row, line), on.add(piece, on.rem(byte, 16)))});
  });
  if (!tile.isInteger()) return;
  forPieces(tile.parts() * tile.rows,
            [&](Value index) { scaleRows.push_back(group.inputRow(on.rem(index, tile.rows))); });
}

int64_t TensorStages::count() const { return llvm::divideCeil(plan.productColumns(), tile.stageColumns()); }

bool TensorStages::endsWithin() const { return plan.productColumns() % tile.stageColumns() != 0; }

Value TensorStages::addressOf(Value number, int64_t place) {
  return on.offset(on.offset(memory, on.mul(on.rem(number, 2), tile.stageBytes())), place);
}

Value TensorStages::swizzled(Value row, Value piece) {
  int64_t pieces = tile.lineBytes() / 16, rowsOfBanks = 128 / tile.lineBytes();
  Value turn = on.rem(on.div(row, rowsOfBanks), pieces);
  return arith::XOrIOp::create(on.builder, on.loc, piece, turn);
}

void TensorStages::fetch(Value number, llvm::function_ref<void()> meanwhile) {
  copyInput(number);
  if (tile.isInteger()) copyInputScales(number);
  Pending pending;
  for (int64_t weight = 0; weight < tile.weights; ++weight) {
    loadWeights(weight, number, pending);
    loadScales(weight, number, pending);
  }
  meanwhile();
  for (auto &store : pending) store();
  awaitCopies(on);
  if (tile.warpgroup) showToWarpgroup(on);
  on.barrier();
}

/// Calls `body` for the pieces, 0 <= index < count, of this thread. Where there are more threads than pieces,
/// several do the same one and store the same: with a branch there, LLVM would move the additions in front
/// of it behind it, and all their operands would have to be kept.
void TensorStages::forPieces(int64_t count, llvm::function_ref<void(Value index)> body) {
  assert(count < TensorTile::kThreads || count % TensorTile::kThreads == 0);
  if (count < TensorTile::kThreads) return body(on.rem(on.thread, count));
  for (int64_t first = 0; first < count; first += TensorTile::kThreads) body(on.add(on.thread, first));
}

//===------------------------------------------------------------------------------------------------------===//
// Rows of x
//===------------------------------------------------------------------------------------------------------===//

/// Of a piece that begins at byte `begin` of a row, how much is there (i32); null where all always is.
Value TensorStages::validBytes(Value begin) {
  if (!endsWithin()) return {};
  int64_t bytes = plan.productColumns() * 4 / numbersInWord(tile.numbers);
  Value left = on.max(on.sub(on.i64(bytes), begin), on.i64(0));
  return arith::TruncIOp::create(on.builder, on.loc, on.builder.getI32Type(),
                                 on.min(left, on.i64(tile.copyBytes)));
}

void TensorStages::copyInput(Value number) {
  for (const Copy &copy : copies) {
    Value byte = on.add(on.mul(number, tile.lineBytes()), copy.byte);
    copyAsync(on, on.offset(addressOf(number, 0), copy.to), on.offset(copy.from, byte), tile.copyBytes,
              validBytes(byte));
  }
}

void TensorStages::copyInputScales(Value number) {
  const Value *row = scaleRows.begin();
  forPieces(tile.parts() * tile.rows, [&](Value index) {
    Value part = on.add(on.mul(number, tile.parts()), on.div(index, tile.rows));
    GroupScales scales(group, 0, {}, on.mul(part, tile.partColumns), tile.partColumns);
    auto to = [&](int64_t place) { return on.offset(addressOf(number, place), on.mul(index, 4)); };
    copyAsync(on, to(tile.inputScalesAt()), scales.inputScale(*row), 4);
    copyAsync(on, to(tile.inputSumsAt()), scales.inputSum(*row), 4, scales.inputSumBytes());
    ++row;
  });
}

//===------------------------------------------------------------------------------------------------------===//
// Weights: words [columns of a word][output], or [output][columns of a word]
//===------------------------------------------------------------------------------------------------------===//

void TensorStages::loadWeights(int64_t weight, Value number, Pending &pending) {
  WeightDecode &decode = *decoders[size_t(weight)];
  bool coded = decode.codesOrder() == PackedOrder::Quads;
  // Of stored numbers, what is stored at a time: a word, or a piece of a line.
  int64_t inWord = numbersInWord(tile.numbers), count = tile.warpgroup ? 4 : 1;
  if (coded) count = decode.chunkColumns() / inWord;
  int64_t columns = count * inWord;
  forPieces(kQuads * (tile.stageColumns() / columns), [&, this](Value index) {
    Value output = on.mul(on.rem(index, kQuads), kOutputs), run = on.div(index, kQuads);
    Value first = on.add(on.mul(number, tile.stageColumns()), on.mul(run, columns));
    Words words =
        coded ? codedWords(decode, output, first, columns) : storedWords(decode, output, first, columns);
    pending.push_back([=, this] {
      Value address = addressOf(number, tile.weightsAt(weight)), word = on.mul(run, count);
      if (tile.warpgroup) return storeLines(words, count, address, output, word);
      for (int64_t i = 0; i < count; ++i)
        storeFour(words(i), address, on.add(on.mul(on.add(word, i), TensorTile::kWordPitch), output));
    });
  });
}

/// Codes of bytes that are multiplied as signed ones.
bool TensorStages::flipsSigns() const {
  return tile.warpgroup && tile.isInteger() && plan.type.getEncoding().getCodeBits() == 8;
}

/// Four outputs' words, each in its line, as many at a time as a piece of 16 bytes has.
void TensorStages::storeLines(const Words &words, int64_t count, Value address, Value output,
                              Value firstWord) {
  SmallVector<Value> all;
  for (int64_t i = 0; i < count; ++i)
    all.push_back(flipsSigns() ? flipBits(on, words(i), 0x80808080) : words(i));
  int64_t width = std::min<int64_t>(count, 4);
  Value quad = on.div(output, kOutputs);
  for (int64_t i = 0; i < kOutputs; ++i) {
    Value line = on.add(quad, TensorTile::lineOf(i)),
          begin = on.offset(address, on.mul(line, tile.lineBytes()));
    for (int64_t from = 0; from < count; from += width) {
      Value byte = on.mul(on.add(firstWord, from), 4);
      Value place = on.add(on.mul(swizzled(line, on.div(byte, 16)), 16), on.rem(byte, 16));
      SmallVector<Value> some;
      for (int64_t word = from; word < from + width; ++word)
        some.push_back(vector::ExtractOp::create(on.builder, on.loc, all[size_t(word)], i));
      Type type = VectorType::get(width, on.builder.getI32Type());
      on.store(vector::FromElementsOp::create(on.builder, on.loc, type, some), on.offset(begin, place),
               4 * width);
    }
  }
}

/// Codes as they are, or the numbers that they stand for.
TensorStages::Words TensorStages::codedWords(WeightDecode &decode, Value output, Value first,
                                             int64_t columns) {
  auto chunk = std::make_shared<NumberChunk>(decode.chunk({group.number, output}, first));
  chunk->load(columns);
  if (tile.isInteger()) return [chunk](int64_t i) { return chunk->quad(i); };
  return [this, chunk](int64_t i) {
    return joined(halves(chunk->number(2 * i)), halves(chunk->number(2 * i + 1)));
  };
}

/// Numbers that are stored in 16 bits, two columns a word. What stands behind the last column is multiplied
/// with zeros.
TensorStages::Words TensorStages::storedWords(WeightDecode &decode, Value output, Value first,
                                              int64_t columns) {
  const PackedMatrix &matrix = decode.layout();
  Value codes = decode.panelPointer(matrix, matrix.planes.front(), group.number);
  SmallVector<Value> loaded;
  for (int64_t i = 0; i < columns; ++i) {
    Value column = on.add(first, i), inside = endsWithin() ? on.min(column, on.i64(plan.inputs - 1)) : column;
    Value entry = on.add(on.mul(inside, kPanelRows), output);
    Type four = VectorType::get(kOutputs, on.builder.getI16Type());
    loaded.push_back(on.load(four, on.offset(codes, on.mul(entry, 2)), 8));
  }
  return [this, loaded](int64_t i) { return joined(loaded[size_t(2 * i)], loaded[size_t(2 * i + 1)]); };
}

static Type withElement(Value vector, Type element) {
  return cast<VectorType>(vector.getType()).clone(element);
}

/// Numbers (f32) that 16 bits hold, as these bits.
Value TensorStages::halves(Value numbers) {
  Type bits = withElement(numbers, on.builder.getI16Type());
  if (tile.numbers == TileNumbers::F16) {
    Value narrow = on.narrow(numbers, on.builder.getF16Type());
    return arith::BitcastOp::create(on.builder, on.loc, bits, narrow);
  }
  Value wide =
      arith::BitcastOp::create(on.builder, on.loc, withElement(numbers, on.builder.getI32Type()), numbers);
  return arith::TruncIOp::create(on.builder, on.loc, bits, shiftRight(on, wide, 16));
}

Value TensorStages::joined(Value low, Value high) {
  auto wide = [&](Value half) -> Value {
    return arith::ExtUIOp::create(on.builder, on.loc, withElement(half, on.builder.getI32Type()), half);
  };
  return arith::OrIOp::create(on.builder, on.loc, wide(low), shiftLeft(on, wide(high), 16));
}

void TensorStages::loadScales(int64_t weight, Value number, Pending &pending) {
  if (!tile.partColumns || !(tile.scaled || tile.offset)) return;
  WeightDecode &decode = *decoders[size_t(weight)];
  forPieces(kQuads * tile.parts(), [&, this](Value index) {
    Value output = on.mul(on.rem(index, kQuads), kOutputs), part = on.div(index, kQuads);
    Value column = on.add(on.mul(number, tile.stageColumns()), on.mul(part, tile.partColumns));
    Value block = blockAt(decode.layout(), column);
    PanelLanes lanes{group.number, output};
    Value scale = decode.scaleLanes(lanes, block), offset = decode.offsetLanes(lanes, block);
    pending.push_back([=, this] {
      if (scale) storeScales(scale, addressOf(number, tile.scalesAt(weight)), part, output);
      if (offset) storeScales(offset, addressOf(number, tile.offsetsAt(weight)), part, output);
    });
  });
}

/// The block of scales of a part. Behind the last column there is none, and nothing to scale.
Value TensorStages::blockAt(const PackedMatrix &layout, Value column) {
  if (layout.blockColumns >= plan.inputs) return on.i64(0);
  Value block = on.div(column, layout.blockColumns);
  if (!endsWithin()) return block;
  return on.min(block, on.i64(int64_t(llvm::divideCeil(plan.inputs, layout.blockColumns)) - 1));
}

/// Four outputs' numbers, by the lines that their weights lie in.
void TensorStages::storeScales(Value four, Value address, Value part, Value output) {
  Value first = on.mul(part, kPanelRows);
  if (!tile.warpgroup) return storeFour(four, address, on.add(first, output));
  Value quad = on.div(output, kOutputs);
  for (int64_t i = 0; i < kOutputs; ++i) {
    Value entry = on.add(on.add(first, quad), TensorTile::lineOf(i));
    Value one = vector::ExtractOp::create(on.builder, on.loc, four, i);
    on.store(one, on.offset(address, on.mul(entry, 4)), 4);
  }
}

void TensorStages::storeFour(Value four, Value address, Value entry) {
  on.store(four, on.offset(address, on.mul(entry, 4)), 16);
}
