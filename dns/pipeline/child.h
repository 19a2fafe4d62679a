// dns/pipeline/child.h
// imrs-zone as the agent's child: settings come over the channel, images and reports go back.
#pragma once

#include "agent/base/channel.h"
#include "agent/base/result.h"

namespace imrs::pipeline {

// Looks after the zones until the agent's end of the channel closes, which ends the process at once with
// exit code 0, whatever it waits for. Returns only when it cannot go on: settings that cannot be used, an
// agent that does not read, no sandbox.
[[nodiscard]] Result<void> run_child(Channel channel);

}  // namespace imrs::pipeline
