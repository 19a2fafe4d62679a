// agent/ctl/orders.h
// Orders to the agent: the request's JSON (agent/orders.h), and keeping on disk what stands after it. Without
// that an order would end with the agent's next start.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.h"

namespace imrs::ctl {

// `verb`: "drain", "withdraw" or "resume". Each word is "v4", "ipv4", "v6", "ipv6" or the name of a
// neighbour's session; empty: any.
[[nodiscard]] Result<std::string> overlay_request(std::string_view verb,
                                                  const std::vector<std::string>& words,
                                                  const std::string& reason);
[[nodiscard]] std::string waive_request(const std::string& check, std::int64_t until);
// `program`: empty for the one that runs, as it is on disk.
[[nodiscard]] std::string upgrade_request(const std::string& program);
[[nodiscard]] std::string end_waiver_request(const std::string& check);

// Unix time of "2026-11-27T12:00:00Z", or of "+90m", "+2h", "+3d" from `now` on.
[[nodiscard]] Result<std::int64_t> parse_until(std::string_view text, std::int64_t now);

// The "state_directory" of agent.json, whatever else of that is wrong. Empty: it has none, or none that is an
// absolute path. Errors: it cannot be read, or is no JSON.
[[nodiscard]] Result<std::string> state_directory_of(const std::string& config);

// What the agent answered to an order; the error is the agent's refusal. Keeps what stands in the directory
// that `config` names: the agent, which may have been taken over, says what, but never where. `warning` says
// why that failed; the order holds all the same.
[[nodiscard]] Result<std::string> take_answer(std::string_view answer, const std::string& config,
                                              std::string& warning);

}  // namespace imrs::ctl
