// agent/ctl/client.h
// Asks the agent over its control socket (agent/control.h).
#pragma once

#include <string>

#include "agent/base/result.h"
#include "agent/base/unique_fd.h"

namespace imrs::ctl {

// The answer to one line, without its last newline. Waits a few seconds at most. Errors name the socket and
// what can be done.
[[nodiscard]] Result<std::string> ask_agent(const std::string& socket, const std::string& request);

// The same, with the descriptor that came along.
struct AgentAnswer {
  std::string text;
  UniqueFd descriptor;  // may be none
};
[[nodiscard]] Result<AgentAnswer> ask_agent_for_descriptor(const std::string& socket,
                                                           const std::string& request);

}  // namespace imrs::ctl
