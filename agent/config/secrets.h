// agent/config/secrets.h
// The file that agent.json's "secrets_file" names: everything that must not be read by others, apart from
// what may be shown, sent by mail and kept in a repository. A secret is in one of the two files, never in
// both.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "agent/config/config.h"
#include "agent/config/json_reader.h"

namespace imrs {

struct Secrets {
  std::map<std::string, std::string> bgp_passwords;  // by the neighbour's name
  std::map<std::string, std::string> tsig_secrets;   // base64, by the key's name
  std::vector<std::string> cookie_secrets;           // 32 hex digits each, of a cluster
  std::string source_key;                            // 32 hex digits, of rssac002
};

// {"bgp_passwords": {NAME: TEXT}, "tsig_secrets": {NAME: BASE64}, "cookie_secrets": [HEX], "source_key":
// HEX}, each of which may be missing. No error holds a value.
[[nodiscard]] Result<Secrets> parse_secrets(std::string_view json_text);

// Puts them where they belong. Complains of those that belong to nothing, and of those that agent.json has
// too.
void put_secrets(const Secrets& secrets, Config& config, Complaints& complaints);

// The file's contents. Errc::Refused: others may read it or its group may write it, or it is not a plain
// file; the message says what to do.
[[nodiscard]] Result<std::string> read_secrets_file(const std::string& path);

// parse_config() with the file that the text itself names, if it names one.
[[nodiscard]] Result<Config> parse_with_secrets_file(std::string_view json_text);

// Each of them says nothing of the text itself.
[[nodiscard]] Result<std::string> parse_hex_secret(std::string_view text);
[[nodiscard]] Result<std::string> parse_tsig_secret(std::string_view text);

}  // namespace imrs
