// From the configuration to its parts. Called by the supervisor when it puts itself together.
#include "agent/part_settings.h"

#include <charconv>
#include <utility>

namespace imrs::agent {

counts::SketchKey source_key(const Config& config) {
  counts::SketchKey key{};
  const std::string& text = config.rssac002.source_key;
  constexpr std::size_t kDigits = 16;
  for (std::size_t i = 0; i < key.size() && !text.empty(); ++i) {
    std::from_chars(text.data() + i * kDigits, text.data() + (i + 1) * kDigits, key[i], 16);
  }
  if (!text.empty()) return key;
  for (const char c : config.instance.identity) key[0] = counts::mix(key[0] + static_cast<std::uint8_t>(c));
  key[1] = counts::mix(~key[0]);
  return key;
}

std::uint64_t source_key_id(const counts::SketchKey& key) {
  return counts::mix(counts::mix(key[0] + 1) ^ counts::mix(key[1] + 2));
}

EngineLink::Settings engine_settings(const Config& config) {
  std::vector<Family> families;
  for (const IpAddress& address : config.service.addresses) families.push_back(address.family);
  return {.identity = config.instance.identity,
          .workers = config.engine.workers,
          .rate_limit = config.engine.rate_limit,
          .cookie_secrets = config.instance.cluster ? config.instance.cluster->cookie_secrets
                                                    : std::vector<std::string>(),
          .families = std::move(families),
          .source_key = source_key(config),
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
