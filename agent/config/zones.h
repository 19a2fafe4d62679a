// agent/config/zones.h
// The sections of agent.json that imrs-zone needs too.
#pragma once

#include <optional>
#include <vector>

#include "agent/config/config.h"
#include "agent/config/json_reader.h"

namespace imrs {

enum class ZoneReader {
  Operator,  // agent.json
  Child,     // what the agent sends, with keys that agent.json must not have
};

void read_zones(ObjectReader& in, std::vector<ZoneConfig>& out, ZoneReader reader);
void read_tsig_keys(ObjectReader& in, std::vector<TsigKeyConfig>& out);
// `notify_port` may be null: it is then an unknown key.
void read_management(ObjectReader& in, std::optional<IpAddress>& out, std::uint16_t* notify_port);

[[nodiscard]] Result<std::string> parse_any_text(std::string_view text);
// A domain name as it is kept: "Arpa" is "arpa.".
[[nodiscard]] std::string absolute_lower_case(std::string name);

}  // namespace imrs
