// agent/remote/rotated_name.h
// Whose secret a call of rotate replaces. Who types the secret itself in that place shall not have it kept:
// only a name that agent.json has is written down. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "agent/base/result.h"
#include "agent/remote/roles.h"

namespace imrs::remote {

enum class Named : std::uint8_t {
  Nobody,   // the command takes no such name
  Known,    // a neighbour's, of bgp-password; a TSIG key's, of tsig-key
  Unknown,  // agent.json has none of that name
  Unclear   // agent.json could not be read, or is no JSON object
};

// `agent_json`: its text, or why there is none. Looked at is nothing but the names, so that a configuration
// that is not right otherwise has them too.
[[nodiscard]] Named look_up_name(const Call& call, const Result<std::string>& agent_json);

// The call for the audit log and the journal: quoted(), with "***" for a name that is not Known.
[[nodiscard]] std::string written_down(const Call& call, Named named);

// Why a call that is Unknown is refused. Does not hold the name. Only for one that takes a name.
[[nodiscard]] Error unknown_name(const Call& call);

}  // namespace imrs::remote
