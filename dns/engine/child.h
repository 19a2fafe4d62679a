// dns/engine/child.h
// imrs-engine as the agent's child: everything it needs comes over the channel.
#pragma once

#include <chrono>
#include <cstddef>

#include "agent/base/channel.h"
#include "agent/base/result.h"

namespace imrs::engine {

inline constexpr std::chrono::milliseconds kSwapLimit{2000};

// Serves until the agent's end of the channel closes; that is a normal end. An error: what the agent
// sent could not be used, and it has been told (EngineRefused); or a worker did not take an image within
// `swap_limit`, and the agent is not told but starts another engine. `descriptors`: the limit of open
// files.
[[nodiscard]] Result<void> run_child(Channel channel, std::size_t descriptors,
                                     std::chrono::milliseconds swap_limit = kSwapLimit);

}  // namespace imrs::engine
