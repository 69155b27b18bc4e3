// What the files beside a vocabulary say: tokenizer_config.json, special_tokens_map.json, added_tokens.json.
#pragma once

#include "Checkpoint/TokenizerDraft.h"

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lathe {

/// The roles of special tokens, in the order of their keys "bos_token" and so on.
enum class TokenRole : uint8_t { Bos, Eos, Unknown, Pad, Cls, Sep, Mask };
inline constexpr std::array<const char *, 7> roleKeys = {"bos_token", "eos_token", "unk_token", "pad_token",
                                                         "cls_token", "sep_token", "mask_token"};

struct TokenizerSettings {
  std::string className; ///< tokenizer_class, or by config.json's model_type; empty where neither tells
  std::string chatTemplate;
  std::optional<bool> addBos, addEos, legacy, addPrefixSpace, lowercase, stripAccents, chineseCharacters;
  struct Role {
    bool given = false; ///< the files name the role, be it as null
    std::optional<fb::tokenizer::AddedTokenT> token;
  };
  std::array<Role, roleKeys.size()> roles;
  std::vector<std::pair<uint64_t, fb::tokenizer::AddedTokenT>> added; ///< by ascending id
  std::vector<fb::tokenizer::AddedTokenT> extra;                      ///< special ones without a role
};

/// Files that are missing say nothing. Errors name the file.
Result<TokenizerSettings> readTokenizerSettings(const std::string &folder);

/// Gives the role to `content` where the files don't speak of the role and the draft has such a token.
void defaultRole(TokenizerSettings &settings, TokenRole role, const char *content,
                 const TokenizerDraft &draft);

/// Adds the tokens to the draft and sets its special ids and chat template.
Status applySettings(const TokenizerSettings &settings, TokenizerDraft &draft);

} // namespace lathe
