#include "Runtime/Cuda/Buffer.h"

namespace lathe::cuda {

Result<Buffer> Buffer::create(Device &device, uint64_t bytes, const char *what) {
  Buffer buffer;
  buffer.bytes_ = bytes;
  if (bytes == 0) return buffer;
  CUdeviceptr address = 0;
  CUresult result = device.api().MemAlloc(&address, bytes);
  if (result == CUDA_ERROR_OUT_OF_MEMORY) {
    size_t free = 0, total = 0;
    device.api().MemGetInfo(&free, &total);
    return Status(Code::OutOfMemory,
                  device.name() + " has no " + formatBytes(bytes) + " left for the " + what + " (" +
                      formatBytes(free) + " of " + formatBytes(total) +
                      " are free): use a smaller context, fewer bits a weight, or another device");
  }
  if (Status status = device.check(result, "taking memory"); !status.ok()) return status.in(what);
  buffer.memory_ = {device, address};
  return buffer;
}

Result<HostBuffer> HostBuffer::create(Device &device, uint64_t bytes, const char *what) {
  HostBuffer buffer;
  buffer.bytes_ = bytes;
  if (bytes == 0) return buffer;
  void *data = nullptr;
  CUresult result = device.api().MemHostAlloc(&data, bytes, 0);
  if (result == CUDA_ERROR_OUT_OF_MEMORY)
    return Status(Code::OutOfMemory, "the host has no " + formatBytes(bytes) + " of memory that " +
                                         device.name() + " can reach, for the " + what);
  if (Status status = device.check(result, "taking memory of the host"); !status.ok()) return status.in(what);
  buffer.memory_ = {device, data};
  return buffer;
}

} // namespace lathe::cuda
