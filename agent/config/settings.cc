// The part of the configuration that goes to imrs-zone, as JSON in the file's own form. Called by the
// agent.
#include <nlohmann/json.hpp>

#include "agent/config/config.h"

namespace imrs {
namespace {

nlohmann::json to_json(const ZoneConfig& zone) {
  using Zonemd = ZoneConfig::Zonemd;
  nlohmann::json out;
  out["origin"] = zone.origin;
  if (!zone.file.empty()) out["file"] = zone.file;
  for (const PrimaryConfig& primary : zone.primaries) {
    out["primaries"].push_back(primary.address.text + "@" + std::to_string(primary.port));
  }
  out["dnssec"] = zone.dnssec == ZoneConfig::Dnssec::Required ? "required" : "none";
  out["zonemd"] = zone.zonemd == Zonemd::Required    ? "required"
                  : zone.zonemd == Zonemd::IfPresent ? "if-present"
                                                     : "none";
  out["trust_anchors"] = zone.trust_anchors;
  if (zone.refresh) out["refresh_seconds"] = zone.refresh->count();
  return out;
}

}  // namespace

std::string zone_settings_json(const Config& config, const std::map<std::string, std::uint32_t>& served) {
  nlohmann::json out;
  for (const ZoneConfig& zone : config.zones) {
    auto json = to_json(zone);
    const auto serial = served.find(zone.origin);
    if (serial != served.end()) json["served_serial"] = serial->second;
    out["zones"].push_back(std::move(json));
  }
  if (config.management) out["management"]["address"] = config.management->text;
  out["state_directory"] = config.state_directory;
  return out.dump();
}

}  // namespace imrs
