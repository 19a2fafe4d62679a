// agent/part_settings.h
// What the supervisor's parts need of the configuration, in their own terms. Pure.
#pragma once

#include "agent/config/config.h"
#include "agent/engine_link.h"
#include "bgp/speaker.h"

namespace imrs::agent {

// The key of the sketches of sources: the fleet's, or one made of the identity, which is no secret but goes
// on over a restart. `source_key_id` is the same for equal keys, and says nothing of them.
[[nodiscard]] counts::SketchKey source_key(const Config& config);
[[nodiscard]] std::uint64_t source_key_id(const counts::SketchKey& key);

[[nodiscard]] EngineLink::Settings engine_settings(const Config& config);
[[nodiscard]] bgp::Speaker::Settings speaker_settings(const Config& config);

}  // namespace imrs::agent
