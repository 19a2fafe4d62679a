// From the configuration to its parts. Called by the supervisor when it puts itself together.
#include "agent/part_settings.h"

namespace imrs::agent {

EngineLink::Settings engine_settings(const Config& config) {
  return {.identity = config.instance.identity,
          .workers = config.engine.workers,
          .rate_limit = config.engine.rate_limit,
          .cookie_secrets = config.instance.cluster ? config.instance.cluster->cookie_secrets
                                                    : std::vector<std::string>(),
          .settle = config.health.timeout + std::chrono::milliseconds(100)};
}

bgp::Speaker::Settings speaker_settings(const Config& config) {
  bgp::Speaker::Settings settings;
  settings.control_socket = config.bgp.control_socket;
  for (const NeighbourConfig& neighbour : config.bgp.neighbours) {
    settings.sessions.push_back(neighbour.name);
    for (const Prefix& prefix : config.prefixes) {
      if (prefix.family != neighbour.address.family) continue;
      settings.prefixes.push_back({.neighbour = neighbour.name,
                                   .prefix = prefix.text,
                                   .covering = prefix.role == PrefixRole::Covering});
    }
  }
  return settings;
}

}  // namespace imrs::agent
