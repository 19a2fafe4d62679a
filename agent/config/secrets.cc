// The secrets of a configuration. Called by parse_config() and load_config(). It must never put a value into
// an error.
#include "agent/config/secrets.h"

#include <sys/stat.h>

#include <algorithm>
#include <cctype>

#include "agent/base/regular_file.h"

namespace imrs {
namespace {

constexpr std::size_t kMaxSecretsFile = 1 << 20;  // octets
constexpr mode_t kForbiddenMode = 037;            // more than "root and its group may read it"
constexpr const char* kTwice = "is in agent.json and in the secrets file; take it out of agent.json";

// An object of texts.
std::map<std::string, std::string> read_texts(ObjectReader& in, const char* key) {
  std::map<std::string, std::string> out;
  const Json* const json = in.member(key);
  if (json == nullptr) return out;
  if (!json->is_object()) {
    in.complain(key, "must be an object");
    return out;
  }
  for (const auto& [name, value] : json->items()) {
    if (value.is_string()) {
      out[name] = value.get<std::string>();
    } else {
      in.complaints().add(in.path_to(key) + "." + name, "must be text");
    }
  }
  return out;
}

void put(const std::string& secret, std::string& place, const std::string& path, Complaints& complaints) {
  if (secret.empty()) return;
  if (!place.empty()) return complaints.add(path, kTwice);
  place = secret;
}

void put_passwords(const Secrets& secrets, Config& config, Complaints& complaints) {
  for (const auto& [name, password] : secrets.bgp_passwords) {
    const std::string path = "bgp_passwords." + name;
    auto& neighbours = config.bgp.neighbours;
    const auto neighbour = std::ranges::find(neighbours, name, &NeighbourConfig::name);
    if (neighbour == neighbours.end()) {
      complaints.add(path, "is the password of no neighbour; its \"name\" in agent.json and this must agree");
    } else if (password.empty()) {
      complaints.add(path, "is empty; put the password there that was agreed with the host");
    } else {
      put(password, neighbour->password, path, complaints);
    }
  }
}

void put_tsig_secrets(const Secrets& secrets, Config& config, Complaints& complaints) {
  for (const auto& [name, secret] : secrets.tsig_secrets) {
    const std::string path = "tsig_secrets." + name;
    const auto key = std::ranges::find(config.tsig_keys, name, &TsigKeyConfig::name);
    if (key == config.tsig_keys.end()) {
      complaints.add(path, "is of no key of \"tsig_keys\" in agent.json");
    } else if (const auto parsed = parse_tsig_secret(secret); !parsed) {
      complaints.add(path, parsed.error().message);
    } else {
      put(secret, key->secret, path, complaints);
    }
  }
}

}  // namespace

Result<std::string> parse_hex_secret(std::string_view text) {
  const bool hex = std::ranges::all_of(
      text, [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; });
  if (text.size() == 32 && hex) return std::string(text);
  return Error{Errc::InvalidInput, "must be 32 hexadecimal digits, the same wherever it is shared"};
}

Result<std::string> parse_tsig_secret(std::string_view text) {
  constexpr std::size_t kLeast = 24;  // base64 of 16 octets
  const std::size_t letters = text.find_last_not_of('=') + 1;
  const bool base64 = text.size() % 4 == 0 && text.size() - letters <= 2 &&
                      std::ranges::all_of(text.substr(0, letters), [](char c) {
                        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '/';
                      });
  if (base64 && text.size() >= kLeast) return std::string(text);
  return Error{Errc::InvalidInput,
               "must be base64 of at least 16 octets; \"openssl rand -base64 32\" makes a good one"};
}

Result<Secrets> parse_secrets(std::string_view json_text) {
  auto json = parse_json(json_text);
  if (!json) return json.error();
  Complaints complaints;
  Secrets out;
  {
    ObjectReader in(&*json, "", complaints);
    out.bgp_passwords = read_texts(in, "bgp_passwords");
    out.tsig_secrets = read_texts(in, "tsig_secrets");
    in.parsed_list<std::string>("cookie_secrets", out.cookie_secrets, parse_hex_secret);
    in.parsed<std::string>("source_key", out.source_key, parse_hex_secret);
  }
  if (!complaints.empty()) return complaints.error();
  return out;
}

void put_secrets(const Secrets& secrets, Config& config, Complaints& complaints) {
  put_passwords(secrets, config, complaints);
  put_tsig_secrets(secrets, config, complaints);
  put(secrets.source_key, config.rssac002.source_key, "source_key", complaints);
  if (secrets.cookie_secrets.empty()) return;
  if (!config.instance.cluster) {
    return complaints.add("cookie_secrets", "are only for a member of a cluster; remove them");
  }
  auto& place = config.instance.cluster->cookie_secrets;
  if (!place.empty()) return complaints.add("cookie_secrets", kTwice);
  place = secrets.cookie_secrets;
}

Result<std::string> read_secrets_file(const std::string& path) {
  const auto fd = open_regular_file(path);
  if (!fd) return fd.error().within("\"secrets_file\"");
  struct stat status {};
  if (::fstat(fd->get(), &status) != 0) return system_error("\"secrets_file\": " + path);
  if ((status.st_mode & kForbiddenMode) != 0) {
    return Error{Errc::Refused, "\"secrets_file\": others may read " + path +
                                    ", or its group may write it; \"chmod 0640\" it, and \"chgrp\" it to the "
                                    "agent's group"};
  }
  auto text = read_regular_file(*fd, path, kMaxSecretsFile);
  if (!text) return text.error().within("\"secrets_file\"");
  return text;
}

}  // namespace imrs
