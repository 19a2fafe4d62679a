// agent/remote/secrets_edit.h
// A new secret in the text of the file that agent.json's "secrets_file" names (agent/config/secrets.h). Pure.
// No error holds a secret.
#pragma once

#include <string>
#include <string_view>

#include "agent/base/result.h"

namespace imrs::remote {

// What came on standard input: one line, without the blanks around it. Errc::InvalidInput: empty, or several.
[[nodiscard]] Result<std::string> secret_of(std::string_view input);

// The file that agent.json names. Errc::InvalidInput: it names none; the message says what to do.
[[nodiscard]] Result<std::string> secrets_file_of(std::string_view agent_json);

// `secrets`: the text of that file; "{}" if it is not there yet. The result is checked with agent.json as the
// agent checks it at its start, so that one which it would refuse is refused here: a neighbour or key that is
// not there, a form that is not right, a secret that agent.json holds itself.
[[nodiscard]] Result<std::string> with_bgp_password(std::string_view agent_json, std::string_view secrets,
                                                    const std::string& neighbour,
                                                    const std::string& password);
[[nodiscard]] Result<std::string> with_tsig_secret(std::string_view agent_json, std::string_view secrets,
                                                   const std::string& key, const std::string& secret);

// Whether the two differ in what BIRD's configuration is made of.
[[nodiscard]] bool passwords_differ(std::string_view secrets, std::string_view others);

}  // namespace imrs::remote
