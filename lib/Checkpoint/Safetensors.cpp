#include "Checkpoint/Safetensors.h"

#include "Checkpoint/Json.h"

#include <algorithm>
#include <cstring>

namespace lathe {

using nlohmann::json;

namespace {
constexpr uint64_t prefixBytes = 8;
constexpr uint64_t longestHeader = 100'000'000; // as in the reference reader
// A tensor's entry has some 10 values: room for 200,000 tensors, and an upper bound on what a header can
// allocate.
constexpr JsonLimits headerLimits{.bytes = longestHeader, .values = 2'000'000, .depth = 4};
constexpr size_t mostDimensions = 16;

Status corrupt(std::string message) { return Status(Code::Corrupt, std::move(message)); }

/// A size or an offset: an integer that is not negative. (The JSON parser turns what passes 64 bits into a
/// float.)
bool readSize(const json &value, uint64_t &out) {
  if (!value.is_number_unsigned()) return false;
  out = value.get<uint64_t>();
  return true;
}

Result<std::vector<int64_t>> readShape(const json &entry) {
  auto shape = entry.find("shape");
  if (shape == entry.end() || !shape->is_array()) return corrupt("'shape' is not a list");
  if (shape->size() > mostDimensions) return corrupt("has " + std::to_string(shape->size()) + " dimensions");
  std::vector<int64_t> dims;
  for (const json &value : *shape) {
    uint64_t dim;
    if (!readSize(value, dim) || dim > INT64_MAX) return corrupt("'shape' holds " + inQuotes(value.dump()));
    dims.push_back(static_cast<int64_t>(dim));
  }
  return dims;
}

/// Bytes that a tensor of this type and shape takes; an error where they overflow or are not whole.
Result<uint64_t> storedBytes(DType dtype, std::span<const int64_t> shape) {
  uint64_t bits = bitsPerElement(dtype);
  // A zero anywhere makes the product zero, however large the others are.
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return uint64_t(0);
  for (int64_t dim : shape)
    if (__builtin_mul_overflow(bits, static_cast<uint64_t>(dim), &bits))
      return corrupt("shape " + shapeText(shape) + " overflows");
  if (bits % 8 != 0) return corrupt("shape " + shapeText(shape) + " does not fill whole bytes");
  return bits / 8;
}

/// One entry of the header; `dataStart` and `dataBytes` say where in the file the tensors lie.
Result<TensorInfo> readEntry(const std::string &name, const json &entry, uint64_t dataStart,
                             uint64_t dataBytes) {
  if (!entry.is_object()) return corrupt("its header entry is not an object");
  TensorInfo tensor;
  tensor.name = name;
  for (const auto &[key, value] : entry.items())
    if (key != "dtype" && key != "shape" && key != "data_offsets")
      return corrupt("unknown header field " + inQuotes(key));
  auto dtype = entry.find("dtype");
  if (dtype == entry.end() || !dtype->is_string()) return corrupt("'dtype' is not a string");
  auto known = parseDType(dtype->get_ref<const std::string &>());
  if (!known) return corrupt("unknown element type " + inQuotes(dtype->get_ref<const std::string &>()));
  tensor.dtype = *known;
  auto shape = readShape(entry);
  if (!shape) return shape.status();
  tensor.shape = std::move(*shape);
  auto bytes = storedBytes(tensor.dtype, tensor.shape);
  if (!bytes) return bytes.status();
  tensor.bytes = *bytes;

  auto offsets = entry.find("data_offsets");
  uint64_t begin, end;
  if (offsets == entry.end() || !offsets->is_array() || offsets->size() != 2 ||
      !readSize((*offsets)[0], begin) || !readSize((*offsets)[1], end))
    return corrupt("'data_offsets' is not a pair of offsets");
  std::string range = "data_offsets [" + std::to_string(begin) + ", " + std::to_string(end) + "]";
  if (begin > end) return corrupt(range + " run backwards");
  if (end > dataBytes)
    return corrupt(range + " pass the end of the file, which has " + std::to_string(dataBytes) +
                   " bytes of tensors; is the download complete?");
  if (end - begin != tensor.bytes)
    return corrupt(range + " don't hold " + std::string(dtypeName(tensor.dtype)) + " " +
                   shapeText(tensor.shape) + ", which takes " + std::to_string(tensor.bytes) + " bytes");
  tensor.offset = dataStart + begin;
  return tensor;
}

Status checkOverlaps(const std::vector<TensorInfo> &tensors) {
  std::vector<const TensorInfo *> byOffset;
  for (const TensorInfo &tensor : tensors)
    if (tensor.bytes != 0) byOffset.push_back(&tensor);
  std::sort(byOffset.begin(), byOffset.end(),
            [](const TensorInfo *a, const TensorInfo *b) { return a->offset < b->offset; });
  for (size_t i = 1; i < byOffset.size(); ++i)
    if (byOffset[i]->offset < byOffset[i - 1]->offset + byOffset[i - 1]->bytes)
      return corrupt("tensors " + inQuotes(byOffset[i - 1]->name) + " and " + inQuotes(byOffset[i]->name) +
                     " overlap");
  return {};
}

Status readMetadata(const json &entries, std::map<std::string, std::string> *metadata) {
  if (!entries.is_object()) return corrupt("'__metadata__' is not an object");
  for (const auto &[key, value] : entries.items()) {
    if (!value.is_string()) return corrupt("'__metadata__' entry " + inQuotes(key) + " is not a string");
    if (metadata) (*metadata)[key] = value.get<std::string>();
  }
  return {};
}

/// The text of the header, its length checked against the file.
Result<std::string_view> headerText(std::span<const std::byte> file) {
  if (file.size() < prefixBytes) return corrupt("too short to be a safetensors file");
  uint64_t length;
  std::memcpy(&length, file.data(), sizeof(length));
  if (length > longestHeader)
    return corrupt("not a safetensors file: it claims a header of " + std::to_string(length) + " bytes");
  if (!fits(prefixBytes, length, file.size()))
    return corrupt("the header of " + std::to_string(length) +
                   " bytes is cut short; is the download complete?");
  return std::string_view(reinterpret_cast<const char *>(file.data()) + prefixBytes, length);
}
} // namespace

uint64_t TensorInfo::elements() const {
  uint64_t count = 1;
  for (int64_t dim : shape) count *= static_cast<uint64_t>(dim);
  return count;
}

std::string shapeText(std::span<const int64_t> shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

Result<std::vector<TensorInfo>> parseSafetensors(std::span<const std::byte> file,
                                                 std::map<std::string, std::string> *metadata) {
  auto text = headerText(file);
  if (!text) return text.status();
  auto header = parseJson(*text, headerLimits);
  if (!header) return header.status().in("header");
  if (!header->is_object()) return corrupt("the header is not a JSON object");
  uint64_t dataStart = prefixBytes + text->size();
  std::vector<TensorInfo> tensors;
  for (const auto &[name, entry] : header->items()) {
    if (name == "__metadata__") {
      LATHE_TRY(readMetadata(entry, metadata));
      continue;
    }
    auto tensor = readEntry(name, entry, dataStart, file.size() - dataStart);
    if (!tensor) return tensor.status().in("tensor " + inQuotes(name));
    tensors.push_back(std::move(*tensor));
  }
  LATHE_TRY(checkOverlaps(tensors));
  return tensors;
}

Status readF32(const TensorInfo &tensor, std::span<const std::byte> data, uint64_t first,
               std::span<float> out) {
  if (!isWeightType(tensor.dtype))
    return Status(Code::Unsupported,
                  "tensor " + inQuotes(tensor.name) + " is " + std::string(dtypeName(tensor.dtype)) +
                      "; weights are read from F32, F16 or BF16: convert the checkpoint to one");
  if (!fits(first, out.size(), tensor.elements()))
    return Status(Code::InvalidArgument, "tensor " + inQuotes(tensor.name) + " has " +
                                             std::to_string(tensor.elements()) + " elements; asked for " +
                                             std::to_string(out.size()) + " from " + std::to_string(first) +
                                             " on");
  widenToF32(tensor.dtype, data.data() + first * (bitsPerElement(tensor.dtype) / 8), out);
  return {};
}

Result<Safetensors> Safetensors::open(const std::string &path) {
  auto file = MappedFile::open(path);
  if (!file) return file.status();
  Safetensors opened(path, std::move(*file));
  auto tensors = parseSafetensors(opened.file_.bytes(), &opened.metadata_);
  if (!tensors) return tensors.status().in(path);
  opened.tensors_ = std::move(*tensors);
  return opened;
}

const TensorInfo *Safetensors::find(std::string_view name) const {
  auto at =
      std::lower_bound(tensors_.begin(), tensors_.end(), name,
                       [](const TensorInfo &tensor, std::string_view key) { return tensor.name < key; });
  return at != tensors_.end() && at->name == name ? &*at : nullptr;
}

std::span<const std::byte> Safetensors::bytes(const TensorInfo &tensor) const {
  return file_.bytes().subspan(tensor.offset, tensor.bytes);
}

} // namespace lathe
