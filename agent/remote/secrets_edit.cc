// Edits the secrets' file. Called by `imrsctl rotate`. It must never put a value into an error.
#include "agent/remote/secrets_edit.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "agent/config/config.h"
#include "agent/config/json_reader.h"
#include "agent/config/secrets.h"

namespace imrs::remote {
namespace {

// Sets one member of one object in it, and has the whole looked at.
Result<std::string> with_secret(std::string_view agent_json, std::string_view secrets, const char* section,
                                const std::string& name, const std::string& secret) {
  const auto file = secrets_file_of(agent_json);
  if (!file) return file.error();
  if (auto strict = parse_secrets(secrets); !strict) return strict.error().within(*file);
  auto json = nlohmann::ordered_json::parse(secrets, nullptr, false);  // keeps the order of the members
  json[section][name] = secret;
  std::string text = json.dump(2, ' ', true, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  if (auto config = parse_config(agent_json, text); !config) {
    return config.error().within("the configuration would not be right with it");
  }
  return text;
}

}  // namespace

Result<std::string> secret_of(std::string_view input) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t begin = input.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) {
    return Error{Errc::InvalidInput, "standard input is empty: give the secret there, one line"};
  }
  const std::string_view text = input.substr(begin, input.find_last_not_of(kBlanks) - begin + 1);
  if (text.find('\n') != std::string_view::npos) {
    return Error{Errc::InvalidInput, "standard input has several lines: a secret is one"};
  }
  return std::string(text);
}

Result<std::string> secrets_file_of(std::string_view agent_json) {
  const auto json = parse_json(agent_json);
  if (!json) return json.error();
  const bool named = json->is_object() && json->contains("secrets_file") &&
                     json->at("secrets_file").is_string() &&
                     json->at("secrets_file").get<std::string>().starts_with('/');
  if (named) return json->at("secrets_file").get<std::string>();
  return Error{
      Errc::InvalidInput,
      "agent.json has no \"secrets_file\"; move its secrets into one, like /etc/imrs/secrets.json, and "
      "name that there"};
}

Result<std::string> with_bgp_password(std::string_view agent_json, std::string_view secrets,
                                      const std::string& neighbour, const std::string& password) {
  return with_secret(agent_json, secrets, "bgp_passwords", neighbour, password);
}

Result<std::string> with_tsig_secret(std::string_view agent_json, std::string_view secrets,
                                     const std::string& key, const std::string& secret) {
  return with_secret(agent_json, secrets, "tsig_secrets", key, secret);
}

bool passwords_differ(std::string_view secrets, std::string_view others) {
  const auto one = parse_secrets(secrets), other = parse_secrets(others);
  return !one || !other || one->bgp_passwords != other->bgp_passwords;
}

}  // namespace imrs::remote
