// agent/ctl/config_candidate.h
// The configuration that is there and the one that is to come, read and compared.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/base/result.h"
#include "agent/config/config.h"
#include "agent/ctl/config_apply.h"
#include "agent/ctl/config_diff.h"
#include "agent/ctl/config_effects.h"

namespace imrs::ctl {

// What is to come, as it was given.
struct NewFiles {
  std::string json;                    // agent.json
  std::optional<std::string> secrets;  // the secrets' file, if it is replaced
};

struct Candidate {
  NewFiles files;
  std::vector<Difference> differences;
  Result<Config> before = Error{};  // the one that is there may be one that nobody takes
  Result<Config> after = Error{};
  Effects effects;  // only if `after` is good
};

// The error says which file cannot be read. May wait for standard input.
[[nodiscard]] Result<NewFiles> read_new_files(const ApplySettings& settings);

// The error says which file cannot be read, or is no JSON; whether the agent would take the new one says
// Candidate::after. What is there must not change until it is replaced: hold its lock.
[[nodiscard]] Result<Candidate> compare_with_present(const ApplySettings& settings, NewFiles files);

// The file of the secrets before, if `previous`, an agent.json, fits them and not those of now; else empty.
[[nodiscard]] std::string previous_secrets_for(const std::string& previous);

// A file, or "-" for standard input; Errc::Refused: others may read the file.
[[nodiscard]] Result<std::string> read_secrets_argument(const std::string& file);

}  // namespace imrs::ctl
