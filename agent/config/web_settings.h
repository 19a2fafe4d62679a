// agent/config/web_settings.h
// What imrs-web has to know of the configuration (WebSetup), as JSON between the two programs. No secret: of
// passwords only that there is one, of keys only the file's name.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/config/config.h"

namespace imrs {

// What a host's router has to be told about one session.
struct WebNeighbour {
  std::string name;
  Family family = Family::V4;
  std::string address;  // the neighbour's
  std::string source;   // ours
  std::uint32_t as = 0, local_as = 0;
  std::uint16_t hold_time = 0, keepalive_time = 0;  // seconds
  bool password = false, gtsm = false, bfd = false;
};

struct WebService {
  Family family = Family::V4;
  std::string address;
};

struct WebSettings {
  std::string identity;
  std::string appliance;
  std::uint32_t workers = 0;  // of the counts' memory
  std::vector<WebService> services;
  std::vector<WebNeighbour> neighbours;
  std::vector<std::string> prefixes;
  std::string contact;
  Rssac002Config rssac002;
  std::uint64_t source_key_id = 0;  // tells which sketches of sources can be merged; says nothing of the key
  std::string state_directory;      // empty: nothing is kept
  TlsConfig tls;                    // of the ops listener; empty names: none
};

[[nodiscard]] WebSettings web_settings(const Config& config, std::uint64_t source_key_id);
[[nodiscard]] std::string to_json(const WebSettings& settings);
// Refuses what is not such a JSON text, naming the member.
[[nodiscard]] Result<WebSettings> web_settings_from_json(std::string_view text);

}  // namespace imrs
