// The zones, their keys and where they come from. Called by parse_config() for agent.json, and by imrs-zone
// and imrs-audit for what the agent sends them. What depends on several keys is checked in check.cc.
#include "agent/config/zones.h"

#include <algorithm>
#include <cctype>

#include "agent/config/address.h"
#include "agent/config/file_name.h"
#include "agent/config/secrets.h"

namespace imrs {
namespace {

// "ADDRESS", "ADDRESS@PORT", or one of these with a key: {"address": "192.0.2.1@53", "key": "name"}.
void read_primaries(ObjectReader& in, std::vector<PrimaryConfig>& out) {
  if (!in.has("primaries")) return;
  in.each("primaries", [&](const Json& element, const std::string& path) {
    if (element.is_object()) {
      ObjectReader reader(&element, path, in.complaints());
      PrimaryConfig primary;
      reader.parsed("address", primary, parse_primary, true);
      reader.text("key", primary.key, true);
      out.push_back(primary);
      return;
    }
    if (!element.is_string()) {
      return in.complaints().add(path, R"(must be an address as text, or {"address": ..., "key": ...})");
    }
    auto primary = parse_primary(element.get<std::string>());
    if (!primary) return in.complaints().add(path, primary.error().message);
    out.push_back(std::move(*primary));
  });
}

void read_number(ObjectReader& in, const char* key, std::optional<std::uint32_t>& out) {
  if (!in.has(key)) return;
  std::uint32_t number = 0;
  in.number(key, number, 0, 0xffffffff);
  out = number;
}

ZoneConfig read_zone(ObjectReader& in) {
  ZoneConfig out;
  using Dnssec = ZoneConfig::Dnssec;
  using Zonemd = ZoneConfig::Zonemd;
  in.text("origin", out.origin, true);
  out.origin = absolute_lower_case(out.origin);
  in.parsed("file", out.file, parse_file_name);
  read_primaries(in, out.primaries);
  in.choice<Dnssec>("dnssec", out.dnssec, {{"required", Dnssec::Required}, {"none", Dnssec::None}});
  if (out.origin == ".") out.zonemd = Zonemd::Required;
  in.choice<Zonemd>(
      "zonemd", out.zonemd,
      {{"required", Zonemd::Required}, {"if-present", Zonemd::IfPresent}, {"none", Zonemd::None}});
  in.parsed_list("trust_anchors", out.trust_anchors, parse_file_name);
  std::uint32_t refresh = 0;
  in.number("refresh_seconds", refresh, 1, 604800);
  if (refresh != 0) out.refresh = std::chrono::seconds(refresh);
  in.number("most_removed_percent", out.most_removed, 0, 100);
  read_number(in, "accept_serial", out.accept_serial);
  return out;
}

void read_identity(ObjectReader& in, std::optional<IdentityZoneConfig>& out) {
  const Json* const json = in.member("identity");
  if (json == nullptr) return;
  IdentityZoneConfig identity;
  ObjectReader reader(json, in.path_to("identity"), in.complaints());
  reader.text("node", identity.node, true);
  reader.text("name_server", identity.name_server, true);
  reader.parsed("address", identity.address, parse_address, true);
  reader.parsed_list<std::string>("place", identity.place, parse_any_text);
  out = identity;
}

}  // namespace

Result<std::string> parse_any_text(std::string_view text) { return std::string(text); }

std::string absolute_lower_case(std::string name) {
  if (!name.empty() && name.back() != '.') name += '.';
  std::ranges::transform(name, name.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return name;
}

void read_zones(ObjectReader& in, std::vector<ZoneConfig>& out, ZoneReader reader) {
  in.each(
      "zones",
      [&](const Json& element, const std::string& path) {
        ObjectReader zone(&element, path, in.complaints());
        out.push_back(read_zone(zone));
        if (reader == ZoneReader::Operator) return;
        read_number(zone, "served_serial", out.back().served_serial);
        read_number(zone, "served_delegations", out.back().served_delegations);
        read_identity(zone, out.back().identity);
      },
      true);
}

void read_tsig_keys(ObjectReader& in, std::vector<TsigKeyConfig>& out) {
  if (!in.has("tsig_keys")) return;
  in.each("tsig_keys", [&](const Json& element, const std::string& path) {
    ObjectReader reader(&element, path, in.complaints());
    TsigKeyConfig key;
    reader.text("name", key.name, true);
    reader.choice<std::string>(
        "algorithm", key.algorithm,
        {{"hmac-sha256", "hmac-sha256"}, {"hmac-sha384", "hmac-sha384"}, {"hmac-sha512", "hmac-sha512"}},
        true);
    reader.parsed("secret", key.secret, parse_tsig_secret);
    out.push_back(key);
  });
}

void read_management(ObjectReader& in, std::optional<IpAddress>& out, std::uint16_t* notify_port) {
  const Json* json = in.member("management");
  if (json == nullptr) return;
  IpAddress address;
  ObjectReader reader(json, in.path_to("management"), in.complaints());
  reader.parsed("address", address, parse_address, true);
  if (notify_port != nullptr) reader.number("notify_port", *notify_port, 0, 65535);
  out = address;
}

Result<ZoneSettings> parse_zone_settings(std::string_view json_text) {
  auto json = parse_json(json_text);
  if (!json) return json.error();
  Complaints complaints;
  ZoneSettings settings;
  {
    ObjectReader reader(&*json, "", complaints);
    read_zones(reader, settings.zones, ZoneReader::Child);
    read_tsig_keys(reader, settings.tsig_keys);
    read_management(reader, settings.management, nullptr);
    reader.text("state_directory", settings.state_directory);
  }
  if (!complaints.empty()) return complaints.error();
  return settings;
}

}  // namespace imrs
