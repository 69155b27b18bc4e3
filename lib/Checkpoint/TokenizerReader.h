// The tokenizer of a checkpoint, from whatever files it has, as the bytes that lathe::Tokenizer loads.
#pragma once

#include "Support/Status.h"

#include <cstddef>
#include <string>
#include <vector>

namespace lathe {

/// Reads the tokenizer of a Hugging Face folder. The first of these that is there: tokenizer.json;
/// tokenizer.model (SentencePiece BPE); vocab.json with merges.txt; vocab.txt (BERT). What the library around
/// them adds comes from tokenizer_config.json, special_tokens_map.json, added_tokens.json and
/// chat_template.jinja, as transformers 4 and 5 write them. Errors name the file: NotFound where the folder
/// has no tokenizer, Unsupported for what would change ids and is not understood, Corrupt.
Result<std::vector<std::byte>> readTokenizer(const std::string &folder);

/// Reads the tokenizer in a GGUF file's metadata: the models "gpt2" and "llama". Errors as above.
Result<std::vector<std::byte>> readGgufTokenizer(const std::string &path);

} // namespace lathe
