#include "Compress/Encodings.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Diagnostics.h"

#include <charconv>

using namespace mlir;
using namespace lathe;

static constexpr llvm::StringLiteral kAllowed =
    "expected int2 to int8 (group N, channel or tensor; affine; mse or rtn; bitmap), nf4, mxfp4, q4_k, f32, "
    "f16, bf16, keep, "
    "or an encoding in < >, with or without prune SHARE before it";

/// The quantiles of a normal distribution that NF4 stands for (Dettmers et al. 2023, QLoRA, appendix E).
static constexpr float kNormalFloat4[] = {
    -1.0f,      -0.6961928f, -0.5250731f, -0.39491749f, -0.28444138f, -0.18477343f, -0.09105004f, 0.0f,
    0.0795803f, 0.1609302f,  0.2461123f,  0.33791524f,  0.44070983f,  0.562617f,    0.72295684f,  1.0f};

static EncodingAttr blocked(Type codes, ArrayRef<int64_t> block, EncodingAttr scale, EncodingAttr offset = {},
                            DenseF32ArrayAttr table = {}) {
  return EncodingAttr::get(codes.getContext(), codes, table, block, scale, offset, false);
}

static Type integer(MLIRContext *context, unsigned bits, bool isSigned) {
  return IntegerType::get(context, bits, isSigned ? IntegerType::Signed : IntegerType::Unsigned);
}

static EncodingAttr normalFloat(MLIRContext *context, ArrayRef<int64_t> block) {
  return blocked(integer(context, 4, false), block, EncodingAttr::get(Float16Type::get(context)), {},
                 DenseF32ArrayAttr::get(context, kNormalFloat4));
}

static EncodingAttr integerBlocks(MLIRContext *context, unsigned bits, ArrayRef<int64_t> block, bool affine) {
  Builder builder(context);
  EncodingAttr scale = EncodingAttr::get(block[1] ? Type(builder.getF16Type()) : Type(builder.getF32Type()));
  return blocked(integer(context, bits, !affine), block, scale, affine ? scale : EncodingAttr());
}

EncodingAttr lathe::integerEncoding(MLIRContext *context, unsigned bits, int64_t group, bool affine) {
  return integerBlocks(context, bits, {1, group}, affine);
}

EncodingAttr lathe::withBitmap(EncodingAttr encoding, bool bitmap) {
  return EncodingAttr::get(encoding.getContext(), encoding.getCodes(), encoding.getValues(), encoding.getBlock(),
                           encoding.getScale(), encoding.getOffset(), bitmap);
}

/// Presets that take no modifier of their own.
static EncodingAttr namedEncoding(StringRef name, MLIRContext *context) {
  Builder builder(context);
  if (name == "f32") return EncodingAttr::get(builder.getF32Type());
  if (name == "f16") return EncodingAttr::get(builder.getF16Type());
  if (name == "bf16") return EncodingAttr::get(builder.getBF16Type());
  if (name == "mxfp4")
    return blocked(Float4E2M1FNType::get(context), {1, 32},
                   EncodingAttr::get(Float8E8M0FNUType::get(context)));
  if (name == "q4_k") {
    EncodingAttr part = blocked(integer(context, 6, false), {1, 8}, EncodingAttr::get(builder.getF16Type()));
    return blocked(integer(context, 4, false), {1, 32}, part, part);
  }
  return {};
}

namespace {

/// Reads the words of one encoding.
class EncodingParser {
public:
  EncodingParser(StringRef text, int64_t group, MLIRContext *context, std::string &error)
      : context_(context), error_(error), group_(group) {
    text.split(words_, ' ', -1, /*KeepEmpty=*/false);
  }

  std::optional<EncodingChoice> parse() {
    if (words_.empty()) return fail("no encoding is given");
    StringRef name = next();
    if (name == "keep") return finish({});
    if (EncodingAttr named = namedEncoding(name, context_)) return finish(named);
    if (name == "nf4") return parseNormalFloat();
    unsigned bits;
    if (name.consume_front("int") && !name.getAsInteger(10, bits) && bits >= 2 && bits <= 8)
      return parseInteger(bits);
    return fail("\"" + words_[0].str() + "\" is no encoding");
  }

private:
  StringRef next() { return at_ < words_.size() ? words_[at_++] : StringRef(); }
  bool accept(StringRef word) {
    if (at_ == words_.size() || words_[at_] != word) return false;
    return ++at_, true;
  }

  std::optional<EncodingChoice> fail(const std::string &what) {
    error_ = what + "; " + kAllowed.str();
    return std::nullopt;
  }

  std::optional<EncodingChoice> parseInteger(unsigned bits) {
    SmallVector<int64_t> block{1, bits > 6 ? 0 : group_};
    bool affine = false, bitmap = false;
    while (at_ < words_.size() && words_[at_] != "mse" && words_[at_] != "rtn") {
      if (accept("channel"))
        block = {1, 0};
      else if (accept("tensor"))
        block = {0, 0};
      else if (accept("affine"))
        affine = true;
      else if (accept("bitmap"))
        bitmap = true;
      else if (accept("group")) {
        if (!parseGroup(block)) return std::nullopt;
      } else
        return fail("\"" + words_[at_].str() + "\" says nothing about an integer encoding");
    }
    return finish(withBitmap(integerBlocks(context_, bits, block, affine), bitmap));
  }

  bool parseGroup(SmallVector<int64_t> &block) {
    int64_t columns;
    if (next().getAsInteger(10, columns) || columns < 2 || columns > 65536) {
      fail("a group has a number of columns, 2 to 65536");
      return false;
    }
    block = {1, columns};
    return true;
  }

  std::optional<EncodingChoice> parseNormalFloat() {
    SmallVector<int64_t> block{1, group_ ? group_ : 64};
    if (accept("group") && !parseGroup(block)) return std::nullopt;
    return finish(normalFloat(context_, block));
  }

  /// The clip search is on where there is a range to search.
  std::optional<EncodingChoice> finish(EncodingAttr encoding) {
    bool ranged = encoding && encoding.getScale();
    EncodingChoice choice{encoding, ranged ? ClipKind::MSE : ClipKind::None};
    if (ranged && accept("rtn"))
      choice.clip = ClipKind::None;
    else if (ranged)
      accept("mse");
    if (at_ != words_.size()) return fail("\"" + words_[at_].str() + "\" has no meaning here");
    return choice;
  }

  MLIRContext *context_;
  std::string &error_;
  int64_t group_;
  SmallVector<StringRef> words_;
  size_t at_ = 0;
};

} // namespace

/// `<...>`, by the attribute's own parser.
static std::optional<EncodingChoice> parseAttribute(StringRef text, MLIRContext *context,
                                                    std::string &error) {
  size_t end = text.rfind('>');
  StringRef rest = end == StringRef::npos ? "" : text.substr(end + 1).trim();
  if (end == StringRef::npos || !(rest.empty() || rest == "mse" || rest == "rtn")) {
    error = "an encoding in < > is followed by mse, rtn or nothing";
    return std::nullopt;
  }
  std::string diagnostics;
  ScopedDiagnosticHandler handler(context, [&](Diagnostic &diagnostic) {
    diagnostics = diagnostic.str();
    return success();
  });
  StringRef body = text.substr(0, end + 1);
  std::string type = "!lathe.weight<1x1x" + body.str() + ">";
  auto parsed = dyn_cast_or_null<WeightType>(parseType(type, context));
  if (!parsed) {
    error = diagnostics;
    return std::nullopt;
  }
  EncodingAttr encoding = parsed.getEncoding();
  return EncodingChoice{encoding, encoding.getScale() && rest != "rtn" ? ClipKind::MSE : ClipKind::None};
}

std::optional<EncodingChoice> lathe::parseEncoding(StringRef text, int64_t group, MLIRContext *context,
                                                   std::string &error) {
  text = text.trim();
  if (text.consume_front("prune ")) {
    auto [amount, rest] = text.trim().split(' ');
    double share;
    if (amount.getAsDouble(share) || !(share > 0 && share < 1)) {
      error = "prune takes a share in (0, 1), got \"" + amount.str() + "\"";
      return std::nullopt;
    }
    std::optional<EncodingChoice> choice = parseEncoding(rest, group, context, error);
    if (choice) choice->pruned = share;
    return choice;
  }
  if (text.starts_with("<")) return parseAttribute(text, context, error);
  return EncodingParser(text, group, context, error).parse();
}

std::string lathe::describeEncoding(EncodingAttr encoding) {
  std::string text;
  llvm::raw_string_ostream out(text);
  MLIRContext *context = encoding.getContext();
  for (StringRef name : {"f32", "f16", "bf16", "mxfp4", "q4_k"})
    if (encoding == namedEncoding(name, context)) return name.str();
  ArrayRef<int64_t> block = encoding.getBlock();
  if (block.size() == 2 && encoding == normalFloat(context, block)) {
    out << "nf4 group " << block[1];
    return text;
  }
  if (encoding.hasIntegerCodes() && block.size() == 2 && !encoding.getBitmap()) {
    bool affine = bool(encoding.getOffset());
    if (encoding == integerBlocks(context, encoding.getCodeBits(), block, affine) &&
        (block[0] == 1 || block[1] == 0)) {
      out << "int" << encoding.getCodeBits();
      if (block[0] == 0)
        out << " tensor";
      else if (block[1] == 0)
        out << " channel";
      else
        out << " group " << block[1];
      if (affine) out << " affine";
      return text;
    }
  }
  static_cast<Attribute>(encoding).print(out);
  return StringRef(text).drop_while([](char c) { return c != '<'; }).str();
}

std::string lathe::describeChoice(const EncodingChoice &choice) {
  std::string text;
  if (choice.pruned > 0) {
    char share[32];
    // The fewest digits that are read as the same number.
    auto end = std::to_chars(share, share + sizeof(share), choice.pruned).ptr;
    text = "prune " + std::string(share, end) + " ";
  }
  if (!choice.encoding) return text + "keep";
  text += describeEncoding(choice.encoding);
  if (choice.encoding.getScale() && choice.clip == ClipKind::None) text += " rtn";
  return text;
}
