// A Hugging Face folder: config.json beside safetensors weights, in one file or in shards with an index. One
// table leads from a tensor's key to where its bytes lie.
#pragma once

#include "Checkpoint/Safetensors.h"
#include "Support/Status.h"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lathe {

/// A line of the table: `info` says type, shape and offset within files()[file].
struct CheckpointTensor {
  TensorInfo info;
  uint32_t file = 0;
};

class Checkpoint {
public:
  /// Opens and checks a folder: config.json must be there, and model.safetensors or
  /// model.safetensors.index.json with all of its shards. Every shard is mapped; no tensor data is read.
  /// Errors say what is wrong and what to do: NotFound (no such folder, nothing in it that is understood),
  /// InvalidArgument (a file, not a folder), Unsupported (PyTorch, TensorFlow or adapter weights), Corrupt (a
  /// file of it is inconsistent).
  static Result<Checkpoint> open(const std::string &folder);

  const std::string &folder() const { return folder_; }
  /// Where `name` ("tokenizer.json") lies or would lie in the folder.
  std::string path(std::string_view name) const;
  bool hasFile(std::string_view name) const;

  std::span<const Safetensors> files() const { return files_; }
  /// All tensors of all files, sorted by key.
  std::span<const CheckpointTensor> tensors() const { return tensors_; }
  /// Null where there is none of that key.
  const CheckpointTensor *find(std::string_view key) const;
  /// As find(); NotFound, naming a like one if there is any, where there is none.
  Result<const CheckpointTensor *> get(std::string_view key) const;

  /// The stored bytes; they live as long as this object.
  std::span<const std::byte> bytes(const CheckpointTensor &tensor) const {
    return files_[tensor.file].bytes(tensor.info);
  }
  /// Elements [first, first + out.size()) as f32; see lathe::readF32 for the errors. Threads may call it at
  /// once.
  Status readF32(const CheckpointTensor &tensor, uint64_t first, std::span<float> out) const {
    return lathe::readF32(tensor.info, bytes(tensor), first, out);
  }
  /// XXH3 (64 bits) of the stored bytes; reads all of them, keeps nothing.
  uint64_t hash(const CheckpointTensor &tensor) const;

private:
  Status openShards(const std::string &index);
  Status buildTable();
  std::string folder_;
  std::vector<Safetensors> files_;
  std::vector<CheckpointTensor> tensors_;
};

/// Parses model.safetensors.index.json: tensor key → shard file name. Errors: Corrupt where it is malformed,
/// or where a shard's name is not a plain file name within the folder.
Result<std::map<std::string, std::string>> parseShardIndex(std::string_view text);

} // namespace lathe
