// Any bytes as a .safetensors file: what is accepted can be read to the end.
#include "Checkpoint/Safetensors.h"

#include <algorithm>
#include <cstdlib>

using namespace lathe;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::span<const std::byte> file(reinterpret_cast<const std::byte *>(data), size);
  auto tensors = parseSafetensors(file);
  if (!tensors) return 0;
  for (const TensorInfo &tensor : *tensors) {
    std::vector<float> values(std::min<uint64_t>(tensor.elements(), 4096));
    Status read = readF32(tensor, file.subspan(tensor.offset, tensor.bytes), 0, values);
    if (read.ok() != isWeightType(tensor.dtype)) std::abort();
  }
  return 0;
}
