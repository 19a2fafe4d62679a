// The parts of the configuration that go to imrs-zone and imrs-audit, as JSON in the file's own form. Called
// by the agent.
#include <nlohmann/json.hpp>

#include "agent/config/config.h"

namespace imrs {
namespace {

nlohmann::json to_json(const IdentityZoneConfig& identity) {
  return {{"node", identity.node},
          {"name_server", identity.name_server},
          {"address", identity.address.text},
          {"place", identity.place}};
}

nlohmann::json to_json(const ZoneConfig& zone) {
  using Zonemd = ZoneConfig::Zonemd;
  nlohmann::json out;
  out["origin"] = zone.origin;
  if (!zone.file.empty()) out["file"] = zone.file;
  for (const PrimaryConfig& primary : zone.primaries) {
    const std::string address = primary.address.text + "@" + std::to_string(primary.port);
    if (primary.key.empty()) {
      out["primaries"].push_back(address);
    } else {
      out["primaries"].push_back({{"address", address}, {"key", primary.key}});
    }
  }
  if (zone.identity) out["identity"] = to_json(*zone.identity);
  out["dnssec"] = zone.dnssec == ZoneConfig::Dnssec::Required ? "required" : "none";
  out["zonemd"] = zone.zonemd == Zonemd::Required    ? "required"
                  : zone.zonemd == Zonemd::IfPresent ? "if-present"
                                                     : "none";
  out["trust_anchors"] = zone.trust_anchors;
  if (zone.refresh) out["refresh_seconds"] = zone.refresh->count();
  out["most_removed_percent"] = zone.most_removed;
  if (zone.accept_serial) out["accept_serial"] = *zone.accept_serial;
  return out;
}

nlohmann::json to_json(const TsigKeyConfig& key) {
  return {{"name", key.name}, {"algorithm", key.algorithm}, {"secret", key.secret}};
}

nlohmann::json zones_of(const Config& config, const std::map<std::string, ServedZone>& served) {
  nlohmann::json out;
  for (const ZoneConfig& zone : config.zones) {
    auto json = to_json(zone);
    const auto now = served.find(zone.origin);
    if (now != served.end()) {
      json["served_serial"] = now->second.serial;
      json["served_delegations"] = now->second.delegations;
    }
    out["zones"].push_back(std::move(json));
  }
  if (config.management) out["management"]["address"] = config.management->text;
  out["state_directory"] = config.state_directory;
  return out;
}

}  // namespace

std::string zone_settings_json(const Config& config, const std::map<std::string, ServedZone>& served) {
  nlohmann::json out = zones_of(config, served);
  for (const TsigKeyConfig& key : config.tsig_keys) out["tsig_keys"].push_back(to_json(key));
  return out.dump();
}

std::string audit_settings_json(const Config& config) { return zones_of(config, {}).dump(); }

}  // namespace imrs
