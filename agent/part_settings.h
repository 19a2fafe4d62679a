// agent/part_settings.h
// What the supervisor's parts need of the configuration, in their own terms. Pure.
#pragma once

#include <vector>

#include "agent/config/config.h"
#include "agent/engine_link.h"
#include "agent/hand_over.h"
#include "bgp/speaker.h"

namespace imrs::agent {

[[nodiscard]] EngineLink::Settings engine_settings(const Config& config);
[[nodiscard]] bgp::Speaker::Settings speaker_settings(const Config& config);

// What an agent announced that has handed over these decisions.
[[nodiscard]] bgp::AnnouncedSet announced_by(const Config& config,
                                             const std::vector<HandedDecision>& decisions);

}  // namespace imrs::agent
