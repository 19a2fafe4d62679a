// agent.json into a Config, section by section. Called by imrs-agent. What is about zones is in zones.cc;
// what depends on several keys is checked in check.cc.
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <iterator>
#include <thread>

#include "agent/config/address.h"
#include "agent/config/check.h"
#include "agent/config/config.h"
#include "agent/config/file_name.h"
#include "agent/config/json_reader.h"
#include "agent/config/secrets.h"
#include "agent/config/zones.h"

namespace imrs {
namespace {

void read_engine(ObjectReader&& in, EngineConfig& out) {
  constexpr std::uint32_t kMaxRate = 1000000;
  in.number("workers", out.workers, 0, 64);
  in.number("rate_limit", out.rate_limit, 0, kMaxRate);
  if (out.workers == 0) out.workers = std::clamp(std::thread::hardware_concurrency(), 1U, 64U);
}

void read_instance(ObjectReader&& in, InstanceConfig& out) {
  using Kind = InstanceConfig::Kind;
  using Appliance = InstanceConfig::Appliance;
  in.text("identity", out.identity, true);
  in.text("identity_pattern", out.identity_pattern);
  in.choice<Kind>("kind", out.kind, {{"single", Kind::Single}, {"cluster", Kind::Cluster}}, true);
  in.choice<Appliance>("appliance", out.appliance,
                       {{"calypso", Appliance::Calypso}, {"pandora", Appliance::Pandora}}, true);
  if (const Json* json = in.member("cluster")) {
    ClusterConfig cluster;
    ObjectReader reader(json, in.path_to("cluster"), in.complaints());
    reader.text("member", cluster.member, true);
    reader.parsed_list("cookie_secrets", cluster.cookie_secrets, parse_hex_secret);
    out.cluster = cluster;
  }
}

void read_service(ObjectReader&& in, ServiceConfig& out) {
  in.text("device", out.device);
  in.parsed_list("addresses", out.addresses, parse_address);
  in.number("port", out.port, 1, 65535);
}

void read_prefixes(ObjectReader& in, std::vector<Prefix>& out) {
  if (!in.has("prefixes")) return;
  out.clear();
  in.each("prefixes", [&](const Json& element, const std::string& path) {
    ObjectReader reader(&element, path, in.complaints());
    Prefix prefix;
    reader.parsed("prefix", prefix, parse_prefix, true);
    reader.choice<PrefixRole>("role", prefix.role,
                              {{"specific", PrefixRole::Specific}, {"covering", PrefixRole::Covering}}, true);
    out.push_back(prefix);
  });
}

bool is_number(std::string_view text, std::uint64_t most) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number <= most;
}

Result<std::string> parse_community(std::string_view text) {
  std::vector<std::string> parts{""};
  for (const char c : text) c == ':' ? (void)parts.emplace_back() : parts.back().push_back(c);
  const std::uint64_t most = parts.size() == 2 ? 65535 : 4294967295U;
  const bool good = (parts.size() == 2 || parts.size() == 3) &&
                    std::ranges::all_of(parts,
                                        [&](const std::string& part) { return is_number(part, most); });
  if (good) return std::string(text);
  return Error{Errc::InvalidInput, "must be a BGP community like \"64500:100\" or \"64500:1:2\""};
}

NeighbourConfig read_neighbour(ObjectReader&& in) {
  NeighbourConfig out;
  in.text("name", out.name, true);
  in.parsed("address", out.address, parse_address, true);
  in.parsed("source", out.source, parse_address, true);
  in.number("as", out.as, 1, 4294967294, true);
  in.text("interface", out.interface);
  in.text("password", out.password);
  in.boolean("gtsm", out.gtsm);
  in.boolean("bfd", out.bfd);
  in.number("hold_time", out.hold_time, 3, 3600);
  in.number("keepalive_time", out.keepalive_time, 1, 1200);
  in.number("connect_delay_time", out.connect_delay_time, 1, 300);
  in.number("connect_retry_time", out.connect_retry_time, 1, 300);
  in.number("max_prefix", out.max_prefix, 0, 10000000);
  in.number("prepend", out.prepend, 0, 10);
  in.parsed_list<std::string>("communities", out.communities, parse_community);
  return out;
}

void read_drain(ObjectReader& in, BgpConfig& out) {
  std::int64_t seconds = out.drain_time.count(), stop_ms = out.stop_drain_time.count();
  in.number("drain_seconds", seconds, 1, 3600);
  in.number("drain_queries_per_second", out.drain_queries_per_second, 0, 1000000);
  in.number("stop_drain_ms", stop_ms, 0, 60000);
  out.drain_time = std::chrono::seconds(seconds);
  out.stop_drain_time = std::chrono::milliseconds(stop_ms);
}

void read_bgp(ObjectReader&& in, BgpConfig& out) {
  in.number("local_as", out.local_as, 1, 4294967294);
  in.text("router_id", out.router_id, true);
  in.text("control_socket", out.control_socket);
  read_drain(in, out);
  in.each(
      "neighbours",
      [&](const Json& element, const std::string& path) {
        out.neighbours.push_back(read_neighbour(ObjectReader(&element, path, in.complaints())));
      },
      true);
}

void read_health(ObjectReader&& in, HealthConfig& out) {
  const auto milliseconds = [&](const char* key, std::chrono::milliseconds& value, std::int64_t least,
                                std::int64_t most) {
    std::int64_t number = value.count();
    in.number(key, number, least, most);
    value = std::chrono::milliseconds(number);
  };
  in.number("rise", out.rise, 1, 100);
  in.number("fall", out.fall, 1, 100);
  milliseconds("interval_ms", out.interval, 20, 10000);
  milliseconds("timeout_ms", out.timeout, 20, 10000);
  milliseconds("hold_down_ms", out.hold_down, 0, 600000);
  milliseconds("hold_down_max_ms", out.hold_down_max, 0, 3600000);
}

void read_web(ObjectReader&& in, WebConfig& out) {
  in.parsed_list("noc", out.noc, parse_endpoint);
  in.parsed_list("ops", out.ops, parse_endpoint);
  in.text("contact", out.contact);
  const Json* json = in.member("tls");
  if (json == nullptr) return;
  TlsConfig tls;
  ObjectReader reader(json, in.path_to("tls"), in.complaints());
  reader.text("certificate", tls.certificate, true);
  reader.text("key", tls.key, true);
  reader.text("client_ca", tls.client_ca, true);
  out.tls = tls;
}

void read_rssac002(ObjectReader&& in, Rssac002Config& out) {
  in.text("service", out.service);
  in.text("prefix", out.prefix);
  in.number("keep_days", out.keep_days, 1, 4000);
  in.parsed("source_key", out.source_key, parse_hex_secret);
}

void read_access(ObjectReader&& in, AccessConfig& out) {
  in.parsed_list("icann", out.icann, parse_network);
  in.parsed_list("host", out.host, parse_network);
  in.parsed_list("time_servers", out.time_servers, parse_address);
}

// A zone besides those of "zones", which this instance makes itself.
void read_identity_zone(ObjectReader& in, Config& config) {
  const Json* const json = in.member("identity_zone");
  if (json == nullptr) return;
  ObjectReader reader(json, in.path_to("identity_zone"), in.complaints());
  ZoneConfig zone;
  IdentityZoneConfig identity;
  zone.origin = "identity.l.root-servers.org.";
  identity.node = config.instance.identity;
  identity.name_server = "beacon.l.root-servers.org.";
  if (config.management && config.management->family == Family::V4) identity.address = *config.management;
  reader.text("origin", zone.origin);
  reader.text("name_server", identity.name_server);
  reader.parsed("address", identity.address, parse_address);
  reader.parsed_list<std::string>("place", identity.place, parse_any_text);
  zone.origin = absolute_lower_case(zone.origin);
  identity.name_server = absolute_lower_case(identity.name_server);
  zone.dnssec = ZoneConfig::Dnssec::None;
  zone.zonemd = ZoneConfig::Zonemd::None;
  zone.identity = identity;
  config.zones.push_back(zone);
}

struct Ids {
  std::uint32_t uid = 0, gid = 0;
};

// "uid:gid" in numbers, or a user's name.
Result<Ids> parse_user(std::string_view text) {
  Ids ids;
  const char* const end = text.data() + text.size();
  const auto [colon, error] = std::from_chars(text.data(), end, ids.uid);
  if (error == std::errc() && colon != end && *colon == ':') {
    const auto [after, gid_error] = std::from_chars(colon + 1, end, ids.gid);
    if (gid_error == std::errc() && after == end) return ids;
  }
  passwd entry{};
  passwd* found = nullptr;
  std::vector<char> buffer(16384);
  const std::string name(text);
  (void)::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (found != nullptr) return Ids{entry.pw_uid, entry.pw_gid};
  return Error{Errc::InvalidInput,
               "no such user; create it (the package does), or write \"UID:GID\" in numbers"};
}

void read_users(ObjectReader&& in, UserConfig& out) {
  const auto user = [&](const char* key, const char* fallback, std::uint32_t& uid, std::uint32_t& gid) {
    std::string name = fallback;
    in.text(key, name);
    const auto ids = parse_user(name);
    if (!ids) return in.complain(key, ids.error().message);
    uid = ids->uid;
    gid = ids->gid;
    if (uid == 0 || gid == 0) in.complain(key, "must not be root");
  };
  user("agent", "imrs-agent", out.agent_uid, out.agent_gid);
  user("launcher", "imrs-launcher", out.launcher_uid, out.launcher_gid);
  user("engine", "imrs-engine", out.engine_uid, out.engine_gid);
  user("zone", "imrs-zone", out.zone_uid, out.zone_gid);
  user("web", "imrs-web", out.web_uid, out.web_gid);
  user("audit", "imrs-audit", out.audit_uid, out.audit_gid);
}

Config defaults() {
  Config config;
  for (const char* address : {"199.7.83.42", "2001:500:9f::42", "2001:500:3::42"}) {
    config.service.addresses.push_back(*parse_address(address));
  }
  const std::pair<const char*, PrefixRole> prefixes[] = {{"199.7.83.0/24", PrefixRole::Specific},
                                                         {"2001:500:9f::/48", PrefixRole::Specific},
                                                         {"2001:500:3::/48", PrefixRole::Specific},
                                                         {"199.7.82.0/23", PrefixRole::Covering},
                                                         {"2001:500:9e::/47", PrefixRole::Covering}};
  for (const auto& [text, role] : prefixes) {
    Prefix prefix = *parse_prefix(text);
    prefix.role = role;
    config.prefixes.push_back(prefix);
  }
  return config;
}

void read_all(ObjectReader& in, Config& config) {
  Complaints& complaints = in.complaints();
  const auto section = [&](const char* key, bool is_required = false) {
    return ObjectReader(is_required ? in.required(key) : in.member(key), in.path_to(key), complaints);
  };
  read_instance(section("instance", true), config.instance);
  read_service(section("service"), config.service);
  read_prefixes(in, config.prefixes);
  (void)in.member("prefixes");
  read_management(in, config.management, &config.notify_port);
  read_tsig_keys(in, config.tsig_keys);
  read_bgp(section("bgp", true), config.bgp);
  read_zones(in, config.zones, ZoneReader::Operator);
  read_identity_zone(in, config);
  in.text("state_directory", config.state_directory);
  in.text("control_socket", config.control_socket);
  read_health(section("health"), config.health);
  read_engine(section("engine"), config.engine);
  read_web(section("web"), config.web);
  read_rssac002(section("rssac002"), config.rssac002);
  read_access(section("access"), config.access);
  in.text("secrets_file", config.secrets_file);
  read_users(section("users"), config.users);
}

}  // namespace

Result<Config> parse_config(std::string_view json_text, std::optional<std::string_view> secrets_text) {
  auto json = parse_json(json_text);
  if (!json) return json.error();
  Result<Secrets> secrets = secrets_text ? parse_secrets(*secrets_text) : Secrets();
  Complaints complaints;
  Config config = defaults();
  {
    ObjectReader reader(&*json, "", complaints);
    read_all(reader, config);
  }
  if (!secrets) return secrets.error().within(config.secrets_file);
  if (complaints.empty()) put_secrets(*secrets, config, complaints);
  if (complaints.empty()) check_config(config, complaints);
  if (!complaints.empty()) return complaints.error();
  return config;
}

// The secrets' file is known by the text alone, whatever else may be wrong with that.
Result<Config> parse_with_secrets_file(std::string_view text) {
  const auto json = parse_json(text);
  if (!json) return json.error();
  const bool named = json->is_object() && json->contains("secrets_file") &&
                     json->at("secrets_file").is_string();
  if (!named) return parse_config(text);
  const auto file = parse_file_name(json->at("secrets_file").get<std::string>());
  if (!file) return file.error().within("secrets_file");
  const auto secrets = read_secrets_file(*file);
  if (!secrets) return secrets.error();
  return parse_config(text, *secrets);
}

Result<Config> load_config(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return system_error(path, errno);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  auto config = parse_with_secrets_file(text);
  if (!config) return config.error().within(path);
  return config;
}

}  // namespace imrs
