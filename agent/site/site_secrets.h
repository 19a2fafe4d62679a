// agent/site/site_secrets.h
// The secrets' file of a new instance (agent/config/secrets.h): filled from what is given, what was there and
// what the instance can make itself; the rest is left empty, and named. Pure but for the random numbers,
// which the caller brings.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.h"
#include "agent/site/site_sheet.h"

namespace imrs::site {

struct SecretSources {
  std::optional<std::string> given;   // JSON of such a file: each entry has to belong to something
  std::optional<std::string> before;  // the same, of the file that is replaced: some may not be wanted now
  // Gives so many random octets as hexadecimal digits. Empty: nothing is made. Passwords of neighbours and
  // the cookie secrets of a cluster can be made here and then be told to the others; TSIG secrets come from
  // who runs the primary, and "source_key" from the fleet.
  std::function<std::string(std::size_t octets)> random;
};

struct FilledSecrets {
  std::string json;                  // with a newline at its end
  std::vector<std::string> made;     // paths of those that are new, to be told to the others
  std::vector<std::string> missing;  // paths of those that are still empty
  std::vector<std::string> dropped;  // paths of those that belong to nothing any more
  bool has_source_key = false;
};

// What is given goes before what was there, and that before what is made. Errors hold no value.
[[nodiscard]] Result<FilledSecrets> fill_secrets(const SecretsWanted& wanted, const SecretSources& sources);

// Whether agent.json and those of the secrets that are not empty are right together. No error holds a value.
[[nodiscard]] Result<void> check_together(const std::string& agent_json, const std::string& secrets_json);

// A secrets' file in which everything is there and nothing is secret, for checking the rest.
[[nodiscard]] std::string placeholder_secrets(const SecretsWanted& wanted);

}  // namespace imrs::site
