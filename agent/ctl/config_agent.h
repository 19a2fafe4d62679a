// agent/ctl/config_agent.h
// How the agent and others are told that the configuration has changed, and how it is looked at. Blocks.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/result.h"
#include "agent/ctl/config_steps.h"
#include "agent/snapshot/snapshot.h"

namespace imrs::ctl {

// Sleeps; true if the operator wants it all to end (then at once).
using Pause = std::function<bool(std::chrono::milliseconds)>;

struct Told {
  Outcome outcome = Outcome::Failed;
  std::string text;  // what was said
};

// What an entry of the agent's history says about an upgrade that was ordered at `begun_ms` (Unix time), if
// one of them does. Pure.
[[nodiscard]] std::optional<Told> upgrade_told(const std::vector<HistoryEntry>& history,
                                               std::int64_t begun_ms);

// Orders an upgrade in place to the same program, and waits at most 20 s for what comes of it.
[[nodiscard]] Told upgrade_agent(const std::string& socket, const Pause& pause);

[[nodiscard]] Result<Snapshot> look_at_agent(const std::string& socket);

// Runs it by the shell, and waits for its end. Empty: nothing is run, and that is good.
[[nodiscard]] Result<void> run_command(const std::string& command);

}  // namespace imrs::ctl
