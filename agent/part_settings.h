// agent/part_settings.h
// What the supervisor's parts need of the configuration, in their own terms. Pure.
#pragma once

#include "agent/config/config.h"
#include "agent/engine_link.h"
#include "bgp/speaker.h"

namespace imrs::agent {

[[nodiscard]] EngineLink::Settings engine_settings(const Config& config);
[[nodiscard]] bgp::Speaker::Settings speaker_settings(const Config& config);

}  // namespace imrs::agent
