#include "Checkpoint/Checkpoint.h"

#include "Checkpoint/Json.h"

#include <algorithm>
#include <filesystem>
#include <xxhash.h>

namespace lathe {

namespace fs = std::filesystem;

namespace {
constexpr const char *singleFile = "model.safetensors";
constexpr const char *indexFile = "model.safetensors.index.json";
constexpr size_t mostShards = 1000; // below the usual limit on open files
constexpr JsonLimits indexLimits{.bytes = 64 << 20, .values = 1'000'000, .depth = 8};

Status corrupt(std::string message) { return Status(Code::Corrupt, std::move(message)); }

/// Files beside config.json that hold weights which are not read, and what to say of them.
struct ForeignWeights {
  const char *file;
  const char *kind;
};
constexpr ForeignWeights foreignWeights[] = {
    {"pytorch_model.bin", "PyTorch pickle"},
    {"pytorch_model.bin.index.json", "PyTorch pickle"},
    {"consolidated.00.pth", "PyTorch pickle"},
    {"tf_model.h5", "TensorFlow"},
    {"flax_model.msgpack", "Flax"},
};

Status noWeights(const std::string &folder) {
  if (fs::exists(folder + "/adapter_config.json"))
    return Status(Code::Unsupported,
                  folder + ": holds an adapter (LoRA), not a model; merge it into its base model "
                           "(peft: merge_and_unload) and save that with save_pretrained");
  for (const ForeignWeights &foreign : foreignWeights)
    if (fs::exists(folder + "/" + foreign.file))
      return Status(Code::Unsupported,
                    folder + ": the weights are in " + foreign.kind + " format (" + foreign.file +
                        "); convert them to safetensors, in Python: AutoModel.from_pretrained(" +
                        "folder).save_pretrained(new_folder)");
  return Status(Code::NotFound,
                folder + ": no weights: expected " + singleFile + ", or " + indexFile + " and its shards");
}

Status checkFolder(const std::string &folder) {
  std::error_code error;
  fs::file_status status = fs::status(folder, error);
  if (status.type() == fs::file_type::not_found)
    return Status(Code::NotFound, folder + ": no such folder; give the path of a Hugging Face model folder");
  if (error) return Status(Code::Io, folder + ": " + error.message());
  if (status.type() != fs::file_type::directory)
    return Status(Code::InvalidArgument,
                  folder + ": not a folder; give the folder that holds config.json and model.safetensors");
  if (fs::is_empty(folder, error) && !error)
    return Status(Code::NotFound,
                  folder + ": the folder is empty; expected config.json and model.safetensors");
  if (!fs::exists(folder + "/config.json", error)) {
    if (fs::exists(folder + "/adapter_config.json", error)) return noWeights(folder);
    return Status(Code::NotFound,
                  folder + ": no config.json; it comes with a Hugging Face model and describes its " +
                      "architecture");
  }
  return {};
}

} // namespace

Result<std::map<std::string, std::string>> parseShardIndex(std::string_view text) {
  auto document = parseJson(text, indexLimits);
  if (!document) return document.status();
  if (!document->is_object()) return corrupt("not a JSON object");
  auto weights = document->find("weight_map");
  if (weights == document->end() || !weights->is_object() || weights->empty())
    return corrupt("'weight_map', from tensor names to shards, is missing or empty");
  std::map<std::string, std::string> shards;
  for (const auto &[key, value] : weights->items()) {
    if (!value.is_string()) return corrupt("the shard of " + inQuotes(key) + " is not a string");
    std::string shard = value.get<std::string>();
    if (!isPlainFileName(shard))
      return corrupt("the shard of " + inQuotes(key) + ", " + inQuotes(shard) +
                     ", is not the name of a file in the folder");
    shards.emplace(key, std::move(shard));
  }
  return shards;
}

Result<Checkpoint> Checkpoint::open(const std::string &folder) {
  try {
    LATHE_TRY(checkFolder(folder));
    Checkpoint opened;
    opened.folder_ = folder;
    if (opened.hasFile(singleFile)) {
      auto file = Safetensors::open(opened.path(singleFile));
      if (!file) return file.status();
      opened.files_.push_back(std::move(*file));
    } else if (opened.hasFile(indexFile)) {
      LATHE_TRY(opened.openShards(opened.path(indexFile)));
    } else {
      return noWeights(folder);
    }
    LATHE_TRY(opened.buildTable());
    return opened;
  } catch (const fs::filesystem_error &error) {
    return Status(Code::Io, folder + ": " + error.what());
  }
}

Status Checkpoint::openShards(const std::string &index) {
  auto mapped = MappedFile::open(index);
  if (!mapped) return mapped.status();
  std::span<const std::byte> text = mapped->bytes();
  auto shardOf = parseShardIndex({reinterpret_cast<const char *>(text.data()), text.size()});
  if (!shardOf) return shardOf.status().in(index);

  std::map<std::string, size_t> fileOf;
  for (const auto &[key, shard] : *shardOf) fileOf.emplace(shard, 0);
  if (fileOf.size() > mostShards)
    return corrupt(index + ": names " + std::to_string(fileOf.size()) + " shards; at most " +
                   std::to_string(mostShards) + " are read");
  for (auto &[shard, file] : fileOf) {
    auto opened = Safetensors::open(path(shard));
    if (!opened && opened.status().code() == Code::NotFound)
      return Status(Code::NotFound,
                    index + ": the shard " + inQuotes(shard) + " is missing; is the download complete?");
    if (!opened) return opened.status();
    file = files_.size();
    files_.push_back(std::move(*opened));
  }
  size_t listed = 0, stored = 0;
  for (const auto &[key, shard] : *shardOf) {
    if (!files_[fileOf[shard]].find(key))
      return corrupt(index + ": the shard " + inQuotes(shard) + " has no tensor " + inQuotes(key));
    ++listed;
  }
  for (const Safetensors &file : files_) stored += file.tensors().size();
  if (listed == stored) return {};
  for (const Safetensors &file : files_)
    for (const TensorInfo &tensor : file.tensors())
      if (auto entry = shardOf->find(tensor.name);
          entry == shardOf->end() || path(entry->second) != file.path())
        return corrupt(
            file.path() + ": holds the tensor " + inQuotes(tensor.name) + ", which " +
            (entry == shardOf->end() ? "the index does not list" : "the index places in another shard"));
  return {};
}

Status Checkpoint::buildTable() {
  for (size_t file = 0; file < files_.size(); ++file)
    for (const TensorInfo &info : files_[file].tensors())
      tensors_.push_back({info, static_cast<uint32_t>(file)});
  if (tensors_.empty()) return corrupt(folder_ + ": the weights hold no tensor");
  std::sort(tensors_.begin(), tensors_.end(),
            [](const CheckpointTensor &a, const CheckpointTensor &b) { return a.info.name < b.info.name; });
  return {};
}

std::string Checkpoint::path(std::string_view name) const { return (fs::path(folder_) / name).string(); }

bool Checkpoint::hasFile(std::string_view name) const {
  std::error_code error;
  return fs::exists(path(name), error);
}

const CheckpointTensor *Checkpoint::find(std::string_view key) const {
  auto at = std::lower_bound(
      tensors_.begin(), tensors_.end(), key,
      [](const CheckpointTensor &tensor, std::string_view wanted) { return tensor.info.name < wanted; });
  return at != tensors_.end() && at->info.name == key ? &*at : nullptr;
}

Result<const CheckpointTensor *> Checkpoint::get(std::string_view key) const {
  if (const CheckpointTensor *tensor = find(key)) return tensor;
  // A checkpoint of the bare model has the same keys without "model." (or with another prefix): show such a
  // one.
  std::string_view last = key.substr(key.find('.') == std::string_view::npos ? 0 : key.find('.') + 1);
  std::string hint;
  if (last.find('.') != std::string_view::npos) {
    auto like = [&](const CheckpointTensor &tensor) { return tensor.info.name.ends_with(last); };
    auto near = std::find_if(tensors_.begin(), tensors_.end(), like);
    if (near != tensors_.end()) hint = "; it has " + inQuotes(near->info.name);
  }
  return Status(Code::NotFound, folder_ + ": no tensor " + inQuotes(key) + hint);
}

uint64_t Checkpoint::hash(const CheckpointTensor &tensor) const {
  std::span<const std::byte> data = bytes(tensor);
  return XXH3_64bits(data.data(), data.size());
}

} // namespace lathe
