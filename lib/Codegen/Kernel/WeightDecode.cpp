#include "Codegen/Kernel/WeightDecode.h"

using namespace mlir;
using namespace lathe;

WeightDecode::WeightDecode(KernelContext &context, WeightType type, Value base)
    : context(context), matrix(packedLayout(type)), base(base), order(matrix.order), planes(matrix.planes) {}

void WeightDecode::setExpanded(ExpandedCodes codes) {
  bool bytes = matrix.encoding.getCodeBits() <= 8;
  order = bytes ? PackedOrder::Quads : PackedOrder::Columns;
  planes.clear();
  if (bytes) planes.push_back({8, 0, 0, kPanelRows * matrix.paddedColumns});
  expanded = std::move(codes);
}

int64_t WeightDecode::chunkColumns() const {
  int64_t columns = 1;
  if (order == PackedOrder::Quads)
    for (const PackedPlane &plane : planes) columns = std::max(columns, unitColumns(plane));
  return columns;
}

Value WeightDecode::panelPointer(const PackedMatrix &of, const PackedPlane &plane, Value panel) {
  int64_t panelBytes = plane.bytes / (of.paddedRows / kPanelRows);
  return context.offset(context.offset(base, plane.offset), context.mul(panel, panelBytes));
}

Value WeightDecode::applyParts(const PackedMatrix &of, Value number, Value scale, Value offset) {
  // Two roundings, as lib/Weights has it.
  if (scale) number = context.mulF(scale, number);
  return offset ? context.addF(number, offset) : number;
}

/// Whole elements from number `first` on; `alignment` of the first one, an element's where it is 0.
static Value loadNumbers(KernelContext &context, EncodingAttr encoding, Value pointer, Value first,
                         int64_t width, unsigned alignment) {
  if (encoding.getCodeBits() > 8)
    return context.loadFloats(pointer, encoding.getCodes(), first, width, alignment);
  Value bytes = context.load(VectorType::get(width, context.builder.getI8Type()),
                             context.offset(pointer, first), std::max(alignment, 1u));
  Type wide = VectorType::get(width, context.builder.getI32Type());
  return codeNumbers(context, encoding, arith::ExtUIOp::create(context.builder, context.loc, wide, bytes));
}

/// As many elements of `bits` bits as there are lanes, from a multiple of that on; planes begin at lines of 64 bytes.
static unsigned laneAlignment(KernelContext &context, int64_t bits) {
  return unsigned(std::min<int64_t>(context.panelLanes() * bits / 8, 32));
}

/// The same of a matrix in Columns or RowMajor order.
static Value loadNumbers(KernelContext &context, const PackedMatrix &of, Value base, Value first,
                         int64_t width, unsigned alignment = 0) {
  return loadNumbers(context, of.encoding, context.offset(base, of.planes.front().offset), first, width, alignment);
}

//===------------------------------------------------------------------------------------------------------------===//
// Lanes are rows
//===------------------------------------------------------------------------------------------------------------===//

Value WeightDecode::partLanes(const PackedMatrix &whole, const PackedMatrix *part, PanelLanes rows,
                              Value column) {
  if (!part) return {};
  if (part->order == PackedOrder::RowMajor) return sharedLanes(whole, *part, rows, column);
  Value index = context.add(
      context.mul(context.add(context.mul(rows.panel, part->columns), column), kPanelRows), rows.lane);
  unsigned alignment = laneAlignment(context, part->planes.front().bits);
  Value number = loadNumbers(context, *part, base, index, lanes(), alignment);
  Value block =
      part->blockColumns >= part->columns ? context.i64(0) : context.div(column, part->blockColumns);
  Value scale = partLanes(*part, part->scale.get(), rows, block);
  Value offset = partLanes(*part, part->offset.get(), rows, block);
  return applyParts(*part, number, scale, offset);
}

/// Scales that several rows share: one for all lanes, or looked up lane by lane.
Value WeightDecode::sharedLanes(const PackedMatrix &whole, const PackedMatrix &part, PanelLanes rows,
                                Value column) {
  Value first = context.add(context.mul(rows.panel, kPanelRows), rows.lane);
  auto entry = [&](Value row) { // rows that pad the panel repeat the last entry
    Value shared = context.min(context.div(row, whole.blockRows), context.i64(part.rows - 1));
    return element(part, shared, column);
  };
  if (whole.blockRows >= whole.rows || whole.blockRows % lanes() == 0) {
    Value one = entry(first);
    return vector::ShuffleOp::create(context.builder, context.loc, one, one,
                                     SmallVector<int64_t>(lanes(), 0));
  }
  Value result = context.splat(0.0, lanes());
  for (int64_t lane = 0; lane < lanes(); ++lane) {
    Value scalar = vector::ExtractOp::create(context.builder, context.loc, entry(context.add(first, lane)),
                                             ArrayRef<int64_t>{0});
    result = vector::InsertOp::create(context.builder, context.loc, scalar, result, ArrayRef<int64_t>{lane});
  }
  return result;
}

Value NumberChunk::unit(size_t index, int64_t number) {
  Value &loaded = units[{index, number}];
  if (loaded) return loaded;
  int64_t columns = unitColumns(decode.codePlanes()[index]);
  if (decode.expanded)
    return loaded = decode.expanded(context.add(context.div(first, columns), number), rows.lane);
  Value at = context.add(context.mul(context.div(first, columns), 256), number * 256);
  at = context.add(at, context.mul(rows.lane, 4));
  Type words = VectorType::get(context.panelLanes(), context.builder.getI32Type());
  Value plane = decode.panelPointer(decode.layout(), decode.codePlanes()[index], rows.panel);
  loaded = context.load(words, context.offset(plane, at), laneAlignment(context, 32));
  return loaded;
}

void NumberChunk::load(int64_t columns) {
  if (decode.codesOrder() != PackedOrder::Quads) return;
  for (auto [index, plane] : llvm::enumerate(decode.codePlanes()))
    for (int64_t number = 0; number * unitColumns(plane) < columns; ++number) unit(index, number);
}

Value NumberChunk::quad(int64_t i) {
  Value result;
  for (auto [index, plane] : llvm::enumerate(decode.codePlanes())) {
    int64_t quads = 8 / plane.bits, up = plane.shift - i % quads * plane.bits;
    Value word = unit(index, i / quads);
    word = up >= 0 ? shiftLeft(context, word, up) : shiftRight(context, word, -up);
    if (plane.bits != 8) word = maskBits(context, word, (((1u << plane.bits) - 1) << plane.shift) * 0x01010101u);
    result = result ? context.orI(result, word) : word;
  }
  return result;
}

Value NumberChunk::code(int64_t i) {
  Value result;
  for (auto [index, plane] : llvm::enumerate(decode.codePlanes())) {
    int64_t inside = i % unitColumns(plane), position = 8 * (inside % 4) + inside / 4 * plane.bits;
    Value bits = shiftRight(context, unit(index, i / unitColumns(plane)), position);
    bits = shiftLeft(context, maskBits(context, bits, (1u << plane.bits) - 1), plane.shift);
    result = result ? context.orI(result, bits) : bits;
  }
  return result;
}

/// Byte `i` of biased words as a signed number: with the upper bit turned it extends by itself.
static Value signedByte(KernelContext &context, Value word, int64_t i) {
  Value turned = flipBits(context, word, 0x80808080u);
  Value number = shiftRightSigned(context, shiftLeft(context, turned, 24 - 8 * i), 24);
  auto type = cast<VectorType>(number.getType()).clone(context.builder.getF32Type());
  return arith::SIToFPOp::create(context.builder, context.loc, type, number);
}

Value NumberChunk::number(int64_t i) {
  EncodingAttr encoding = decode.layout().encoding;
  if (decode.codesOrder() == PackedOrder::Columns) {
    if (decode.expanded) return decode.expanded(context.add(first, i), rows.lane);
    Value element = context.add(context.mul(context.add(first, i), kPanelRows), rows.lane);
    unsigned alignment = laneAlignment(context, decode.codePlanes().front().bits);
    Value plane = decode.panelPointer(decode.layout(), decode.codePlanes().front(), rows.panel);
    return loadNumbers(context, encoding, plane, element, context.panelLanes(), alignment);
  }
  if (decode.codePlanes().size() == 1 && arePermuted(context, encoding)) {
    const PackedPlane &plane = decode.codePlanes().front();
    int64_t inside = i % unitColumns(plane), position = 8 * (inside % 4) + inside / 4 * plane.bits;
    return permutedNumbers(context, encoding, shiftRight(context, unit(0, i / unitColumns(plane)), position));
  }
  if (decode.layout().bias == 128 && encoding.hasIntegerCodes())
    return signedByte(context, unit(0, i / 4), i % 4);
  return codeNumbers(context, encoding, code(i));
}

void WeightDecode::decodeColumns(PanelLanes rows, Value first, int64_t count, EachColumn each) {
  int64_t chunk = chunkColumns(), block = matrix.blockColumns;
  bool parts = matrix.scale || matrix.offset;
  Value scale, offset;
  auto fetchParts = [&](Value index) {
    scale = scaleLanes(rows, index);
    offset = offsetLanes(rows, index);
  };
  if (parts && block >= matrix.columns)
    fetchParts(context.i64(0));
  else if (parts && block % chunk == 0)
    fetchParts(context.div(first, block));
  bool perColumn = parts && block < matrix.columns && block % chunk != 0;

  NumberChunk numbers = this->chunk(rows, first);
  for (int64_t i = 0; i < count; ++i) {
    // Blocks that end within the chunk: their scale changes on the way.
    if (perColumn && (chunk % block != 0 || i % block == 0))
      fetchParts(context.div(context.add(first, i), block));
    each(i, applyParts(matrix, numbers.number(i), scale, offset));
  }
}

//===------------------------------------------------------------------------------------------------------------===//
// Lanes are columns of one row
//===------------------------------------------------------------------------------------------------------------===//

/// The stored code at (row, column) of a matrix in quads: vector<1 x i32>.
Value WeightDecode::codeElement(const PackedMatrix &of, Value row, Value column) {
  Value panel = context.div(row, kPanelRows), lane = context.rem(row, kPanelRows);
  Type wide = VectorType::get(1, context.builder.getI32Type()),
       narrow = VectorType::get(1, context.builder.getI8Type());
  Value result;
  for (const PackedPlane &plane : of.planes) {
    Value unit = context.div(column, unitColumns(plane)), inside = context.rem(column, unitColumns(plane));
    Value byte =
        context.add(context.add(context.mul(unit, 256), context.mul(lane, 4)), context.rem(inside, 4));
    Value stored = context.load(narrow, context.offset(panelPointer(matrix, plane, panel), byte));
    Value bits = arith::ExtUIOp::create(context.builder, context.loc, wide, stored);
    Value shift = context.mul(context.div(inside, 4), plane.bits);
    shift = arith::TruncIOp::create(context.builder, context.loc, context.builder.getI32Type(), shift);
    bits = arith::ShRUIOp::create(context.builder, context.loc, bits, context.splat(shift, 1));
    bits = shiftLeft(context, maskBits(context, bits, (1u << plane.bits) - 1), plane.shift);
    result = result ? context.orI(result, bits) : bits;
  }
  return result;
}

Value WeightDecode::element(const PackedMatrix &of, Value row, Value column) {
  Value number;
  if (of.order == PackedOrder::Quads) {
    number = codeNumbers(context, of.encoding, codeElement(of, row, column));
  } else if (of.order == PackedOrder::RowMajor) {
    number = loadNumbers(context, of, base, context.add(context.mul(row, of.columns), column), 1);
  } else {
    Value panel = context.div(row, kPanelRows), lane = context.rem(row, kPanelRows);
    Value index =
        context.add(context.mul(context.add(context.mul(panel, of.columns), column), kPanelRows), lane);
    number = loadNumbers(context, of, base, index, 1);
  }
  auto part = [&](const PackedMatrix *matrix) {
    return matrix ? element(*matrix, context.div(row, of.blockRows), context.div(column, of.blockColumns))
                  : Value();
  };
  return applyParts(of, number, part(of.scale.get()), part(of.offset.get()));
}

/// Stored codes of `width` columns from a multiple of 4 on: vector<width x i32>.
Value WeightDecode::rowQuads(Value row, Value column, int64_t width) {
  Value panel = context.div(row, kPanelRows), lane = context.rem(row, kPanelRows);
  Type i32 = context.builder.getI32Type();
  Value quads = arith::ConstantOp::create(
      context.builder, context.loc, DenseElementsAttr::get(VectorType::get(width / 4, i32), APInt(32, 0)));
  for (int64_t quad = 0; quad < width / 4; ++quad) {
    Value codes;
    for (const PackedPlane &plane : matrix.planes) {
      Value first = context.add(column, 4 * quad);
      Value byte =
          context.add(context.mul(context.div(first, unitColumns(plane)), 256), context.mul(lane, 4));
      Value word =
          context.load(VectorType::get(1, i32), context.offset(panelPointer(matrix, plane, panel), byte), 4);
      Value shift = context.mul(context.div(context.rem(first, unitColumns(plane)), 4), plane.bits);
      shift = context.splat(arith::TruncIOp::create(context.builder, context.loc, i32, shift), 1);
      word = arith::ShRUIOp::create(context.builder, context.loc, word, shift);
      word = shiftLeft(context, maskBits(context, word, ((1u << plane.bits) - 1) * 0x01010101u), plane.shift);
      codes = codes ? context.orI(codes, word) : word;
    }
    Value scalar = vector::ExtractOp::create(context.builder, context.loc, codes, ArrayRef<int64_t>{0});
    quads = vector::InsertOp::create(context.builder, context.loc, scalar, quads, ArrayRef<int64_t>{quad});
  }
  Value bytes = vector::BitCastOp::create(context.builder, context.loc,
                                          VectorType::get(width, context.builder.getI8Type()), quads);
  return arith::ExtUIOp::create(context.builder, context.loc, VectorType::get(width, i32), bytes);
}

Value WeightDecode::decodeRow(Value row, Value column, int64_t width, bool aligned) {
  bool oneBlock = matrix.blockColumns >= matrix.columns || (aligned && matrix.blockColumns % width == 0);
  if (matrix.order == PackedOrder::Quads && aligned && width % 4 == 0 && oneBlock) {
    Value number = codeNumbers(context, matrix.encoding, rowQuads(row, column, width));
    auto part = [&](const PackedMatrix *of) -> Value {
      if (!of) return {};
      Value one = element(*of, context.div(row, matrix.blockRows), context.div(column, matrix.blockColumns));
      return vector::ShuffleOp::create(context.builder, context.loc, one, one,
                                       SmallVector<int64_t>(width, 0));
    };
    return applyParts(matrix, number, part(matrix.scale.get()), part(matrix.offset.get()));
  }
  Value result = context.splat(0.0, width);
  for (int64_t i = 0; i < width; ++i) {
    Value scalar = vector::ExtractOp::create(
        context.builder, context.loc, element(matrix, row, context.add(column, i)), ArrayRef<int64_t>{0});
    result = vector::InsertOp::create(context.builder, context.loc, scalar, result, ArrayRef<int64_t>{i});
  }
  return result;
}
