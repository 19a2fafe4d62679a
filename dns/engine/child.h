// dns/engine/child.h
// imrs-engine as the agent's child: everything it needs comes over the channel.
#pragma once

#include "agent/base/channel.h"
#include "agent/base/result.h"

namespace imrs::engine {

// Serves until the agent's end of the channel closes; that is a normal end. An error: what the agent
// sent could not be used; it has been told (EngineRefused).
[[nodiscard]] Result<void> run_child(Channel channel);

}  // namespace imrs::engine
