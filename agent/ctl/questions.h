// agent/ctl/questions.h
// What commands ask the agent for, as values. Errors say what can be done.
#pragma once

#include <string>

#include "agent/base/result.h"
#include "agent/ctl/counts_text.h"
#include "agent/snapshot/snapshot.h"

namespace imrs::ctl {

// `socket`: the agent's control socket.
[[nodiscard]] Result<Snapshot> ask_for_snapshot(const std::string& socket);

// The agent only lends its descriptor of the counts; they are read here, with the 1000 most frequent names
// that do not exist.
[[nodiscard]] Result<Statistics> ask_for_statistics(const std::string& socket);

}  // namespace imrs::ctl
