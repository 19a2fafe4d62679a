// The checks across keys. Called by parse_config() when every key by itself is right.
#include "agent/config/check.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <set>

#include "agent/config/address.h"
#include "agent/config/bird_words.h"
#include "agent/config/file_name.h"
#include "agent/config/identity_pattern.h"

namespace imrs {
namespace {

constexpr std::size_t kMaxAddresses = 16;
constexpr std::size_t kMaxZones = 16;
constexpr std::size_t kMaxUnixPath = 107;  // octets of sun_path without its NUL

std::string element(const char* list, std::size_t index) {
  return list + ("[" + std::to_string(index) + "]");
}

bool is_host_name(std::string_view name) {
  if (name.empty() || name.size() > 253 || name.front() == '.' || name.back() == '.') return false;
  std::size_t label = 0;
  for (const char c : name) {
    label = c == '.' ? 0 : label + 1;
    const bool allowed = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.';
    if (!allowed || label > 63) return false;
  }
  return name.find("..") == std::string_view::npos;
}

void check_instance(const InstanceConfig& instance, Complaints& complaints) {
  if (!is_host_name(instance.identity)) {
    complaints.add("instance.identity",
                   "must be a host name that no other instance has, like "
                   "\"aa01-fr-par.l.dns.icann.org\"");
  }
  const std::string& pattern = instance.identity_pattern;
  const auto match = pattern.empty() ? true : matches_pattern(instance.identity, pattern);
  if (!match) {
    complaints.add("instance.identity_pattern",
                   "must be an ECMAScript regular expression of at most 200 octets, without \\1");
  } else if (!*match) {
    complaints.add("instance.identity", "does not match \"identity_pattern\", " + instance.identity_pattern);
  }
  const bool cluster = instance.kind == InstanceConfig::Kind::Cluster;
  if (cluster != instance.cluster.has_value()) {
    complaints.add("instance.cluster", cluster ? "is missing; a member of a cluster needs it"
                                               : "is only for \"kind\": \"cluster\"; remove it");
  }
  if (!instance.cluster) return;
  const std::size_t secrets = instance.cluster->cookie_secrets.size();
  if (secrets == 0 || secrets > 3) {
    complaints.add("instance.cluster.cookie_secrets",
                   "needs 1 to 3 of them: the one that makes cookies, and others that are taken");
  }
}

void check_service(const Config& config, Complaints& complaints) {
  const std::string& device = config.service.device;
  if (device.empty() || device.size() > 15 || device.find_first_of("/ :\"%") != std::string::npos) {
    complaints.add("service.device", "must be an interface name of 1 to 15 characters");
  }
  if (config.service.addresses.empty()) complaints.add("service.addresses", "must not be empty");
  if (config.service.addresses.size() > kMaxAddresses) {
    complaints.add("service.addresses", "at most 16 addresses");
  }
  for (std::size_t i = 0; i < config.service.addresses.size(); ++i) {
    const IpAddress& address = config.service.addresses[i];
    const std::string path = element("service.addresses", i);
    const bool inside = std::ranges::any_of(config.prefixes,
                                            [&](const Prefix& prefix) { return contains(prefix, address); });
    if (!inside) complaints.add(path, "lies in none of the prefixes, so no route leads to it");
    if (std::ranges::count(config.service.addresses, address) > 1) {
      complaints.add(path, "is given twice");
    }
  }
}

void check_prefixes(const Config& config, Complaints& complaints) {
  for (std::size_t i = 0; i < config.prefixes.size(); ++i) {
    const Prefix& prefix = config.prefixes[i];
    const bool used = std::ranges::any_of(
        config.service.addresses, [&](const IpAddress& address) { return contains(prefix, address); });
    if (!used) {
      complaints.add(element("prefixes", i), "holds no service address; nothing would answer there");
    }
    const auto before = config.prefixes.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::find_if(config.prefixes.begin(), before,
                     [&](const Prefix& other) { return other.text == prefix.text; }) != before) {
      complaints.add(element("prefixes", i), "is given twice; one role each");
    }
  }
}

void check_neighbour(const NeighbourConfig& neighbour, const std::string& path, Complaints& complaints) {
  const auto complain = [&](const char* key, const char* what) { complaints.add(path + "." + key, what); };
  const bool name_ok = !neighbour.name.empty() && neighbour.name.size() <= 32 &&
                       std::islower(static_cast<unsigned char>(neighbour.name.front())) != 0 &&
                       std::ranges::all_of(neighbour.name, [](char c) {
                         return c == '_' || std::islower(static_cast<unsigned char>(c)) != 0 ||
                                std::isdigit(static_cast<unsigned char>(c)) != 0;
                       });
  if (!name_ok) complain("name", "must be lower-case letters, digits and _, a letter first");
  if (is_bird_word(neighbour.name)) {
    complain("name", "is a word of BIRD's own language; take another, like \"host4\"");
  }
  for (const char* own : {"specific_", "covering_", "drain_"}) {
    if (neighbour.name.starts_with(own)) complain("name", "is like one of our own protocols; take another");
  }
  if (neighbour.address.family != neighbour.source.family) {
    complain("source", "must be of the neighbour address's family");
  }
  if (neighbour.bfd && neighbour.interface.empty()) {
    complain("interface", "is missing; BFD needs it");
  }
  if (neighbour.interface.find_first_of("\"\\") != std::string::npos || neighbour.interface.size() > 15) {
    complain("interface", "must be an interface name");
  }
  if (neighbour.hold_time < 3 * neighbour.keepalive_time) {
    complain("hold_time", "must be at least three times keepalive_time (RFC 4271 section 10)");
  }
  const bool printable = std::ranges::all_of(
      neighbour.password, [](char c) { return c > ' ' && c < 127 && c != '"' && c != '\\'; });
  if (!printable || neighbour.password.size() > 80) {
    complain("password", "must be up to 80 printable characters without spaces, \" and \\");
  }
}

void check_file_name(const std::string& name, const std::string& key, Complaints& complaints) {
  if (const auto good = parse_file_name(name); !good) complaints.add(key, good.error().message);
}

void check_socket_name(const std::string& name, const std::string& key, Complaints& complaints) {
  check_file_name(name, key, complaints);
  if (name.size() > kMaxUnixPath) complaints.add(key, "must be a file name of at most 107 octets");
}

void check_bgp(const BgpConfig& bgp, Complaints& complaints) {
  const auto router_id = parse_address(bgp.router_id);
  if (!router_id || router_id->family != Family::V4) {
    complaints.add("bgp.router_id", "must be an IPv4 address");
  }
  check_socket_name(bgp.control_socket, "bgp.control_socket", complaints);
  if (bgp.neighbours.empty()) complaints.add("bgp.neighbours", "must not be empty");
  std::set<std::string> names{"device1", "bfd1"};
  for (std::size_t i = 0; i < bgp.neighbours.size(); ++i) {
    const std::string path = element("bgp.neighbours", i);
    check_neighbour(bgp.neighbours[i], path, complaints);
    if (!names.insert(bgp.neighbours[i].name).second) {
      complaints.add(path + ".name", "is taken; every neighbour needs a name of its own");
    }
  }
}

// Of an absolute name in lower case.
bool is_zone_name(std::string_view name) {
  if (name == ".") return true;
  std::size_t label = 0;
  for (const char c : name) {
    const bool allowed = std::islower(static_cast<unsigned char>(c)) != 0 ||
                         std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
    if (c != '.' && !allowed) return false;
    if (c == '.' && label == 0) return false;
    label = c == '.' ? 0 : label + 1;
    if (label > 63) return false;
  }
  return label == 0 && name.size() <= 254;  // 255 octets on the wire
}

void check_transfers(const ZoneConfig& zone, const Config& config, const std::string& path,
                     Complaints& complaints) {
  if (zone.primaries.empty()) return;
  if (!config.management) {
    return complaints.add("management.address", "is missing; transfers leave from it");
  }
  const bool reachable = std::ranges::any_of(zone.primaries, [&](const PrimaryConfig& primary) {
    return primary.address.family == config.management->family;
  });
  if (!reachable) {
    complaints.add(path + ".primaries",
                   "are all of another family than management.address, from which transfers leave");
  }
}

// A primary's key has to be there; and a zone that is not signed has nothing else to be known by.
void check_keys(const ZoneConfig& zone, const Config& config, const std::string& path,
                Complaints& complaints) {
  for (std::size_t i = 0; i < zone.primaries.size(); ++i) {
    const std::string& key = zone.primaries[i].key;
    const std::string where = path + "." + element("primaries", i);
    if (key.empty() && zone.dnssec == ZoneConfig::Dnssec::None) {
      complaints.add(where,
                     "needs a key of \"tsig_keys\" (RFC 8945): nothing else tells this zone, which is "
                     "not signed, from a forged one");
    }
    const bool there = std::ranges::any_of(config.tsig_keys,
                                           [&](const TsigKeyConfig& one) { return one.name == key; });
    if (!key.empty() && !there) complaints.add(where + ".key", "is not one of \"tsig_keys\"");
  }
}

void check_tsig_keys(const std::vector<TsigKeyConfig>& keys, Complaints& complaints) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const std::string path = element("tsig_keys", i) + ".name";
    if (!is_zone_name(keys[i].name) || keys[i].name == ".") {
      complaints.add(path, "must be a domain name in lower case with a dot at its end, like \"imrs-lab.\"");
    }
    if (!names.insert(keys[i].name).second) complaints.add(path, "is given twice");
    if (keys[i].secret.empty()) {
      complaints.add(element("tsig_keys", i) + ".secret",
                     "is missing; put it into the file that \"secrets_file\" names, as \"tsig_secrets\"");
    }
  }
}

// A character-string of a TXT record has at most 255 octets (RFC 1035 section 3.3).
bool is_txt_string(const std::string& text) {
  return text.size() <= 255 && std::ranges::all_of(text, [](char c) { return c >= ' ' && c != 127; });
}

void check_identity_zone(const ZoneConfig& zone, const Config& config, Complaints& complaints) {
  if (zone.origin == ".") complaints.add("identity_zone.origin", "must not be the root");
  const IdentityZoneConfig& identity = *zone.identity;
  constexpr std::size_t kMostServer = 243;  // "hostmaster." goes before it
  if (!is_zone_name(identity.name_server) || identity.name_server == "." ||
      identity.name_server.size() > kMostServer) {
    complaints.add("identity_zone.name_server", "must be a host name that leads to the service addresses");
  }
  const auto everywhere = [&](const Prefix& prefix) { return contains(prefix, identity.address); };
  if (identity.address.text.empty() || identity.address.family != Family::V4 ||
      is_loopback(identity.address) || std::ranges::any_of(config.prefixes, everywhere)) {
    complaints.add("identity_zone.address",
                   "must be an IPv4 address that only this node has (its management address, unless that is "
                   "IPv6)");
  }
  if (identity.place.size() > 8 || !std::ranges::all_of(identity.place, is_txt_string)) {
    complaints.add("identity_zone.place",
                   "must be at most 8 texts of printable ASCII, up to 255 octets each");
  }
}

void check_zone(const ZoneConfig& zone, const Config& config, const std::string& path,
                Complaints& complaints) {
  if (!is_zone_name(zone.origin)) {
    complaints.add(path + ".origin",
                   "must be a domain name: labels of 1 to 63 letters, digits, - and _, at most 255 "
                   "octets in all");
  }
  if (zone.identity) return check_identity_zone(zone, config, complaints);
  if (zone.file.empty() == zone.primaries.empty()) {
    complaints.add(path, "needs exactly one of \"file\" and \"primaries\"");
  }
  check_transfers(zone, config, path, complaints);
  check_keys(zone, config, path, complaints);
  if (zone.dnssec == ZoneConfig::Dnssec::Required && zone.trust_anchors.empty()) {
    complaints.add(path + ".trust_anchors",
                   "is missing; name a file of DS or DNSKEY records (Debian: "
                   "/usr/share/dns/root.ds)");
  }
}

void check_zones(const Config& config, Complaints& complaints) {
  std::set<std::string> origins;
  for (std::size_t i = 0; i < config.zones.size(); ++i) {
    const std::string path = element("zones", i);
    check_zone(config.zones[i], config, path, complaints);
    if (!origins.insert(config.zones[i].origin).second) {
      complaints.add(path + ".origin", "is given twice");
    }
  }
  if (!origins.contains(".")) complaints.add("zones", "must hold the root, \"origin\": \".\"");
  if (config.zones.size() > kMaxZones) complaints.add("zones", "at most 16 zones");
}

// The firewall drops what comes from outside with an address of this machine or its prefixes: who should be
// heard must not have one.
void check_foreign(const Config& config, Complaints& complaints) {
  const auto is_own = [&](const IpAddress& address) {
    return address == config.management ||
           std::ranges::any_of(config.prefixes,
                               [&](const Prefix& prefix) { return contains(prefix, address); }) ||
           std::ranges::any_of(config.bgp.neighbours,
                               [&](const NeighbourConfig& one) { return one.source == address; });
  };
  const auto look = [&](const IpAddress& address, const std::string& path) {
    if (!is_own(address) || is_loopback(address)) return;
    complaints.add(path, "is an address of this machine, or in its prefixes: somebody else's is wanted");
  };
  for (std::size_t i = 0; i < config.bgp.neighbours.size(); ++i) {
    look(config.bgp.neighbours[i].address, element("bgp.neighbours", i) + ".address");
  }
  for (std::size_t i = 0; i < config.zones.size(); ++i) {
    for (const PrimaryConfig& primary : config.zones[i].primaries) {
      look(primary.address, element("zones", i) + ".primaries");
    }
  }
  for (std::size_t i = 0; i < config.access.time_servers.size(); ++i) {
    look(config.access.time_servers[i], element("access.time_servers", i));
  }
}

void check_web(const WebConfig& web, Complaints& complaints) {
  if (web.tls) {
    check_file_name(web.tls->certificate, "web.tls.certificate", complaints);
    check_file_name(web.tls->key, "web.tls.key", complaints);
    check_file_name(web.tls->client_ca, "web.tls.client_ca", complaints);
    return;
  }
  for (std::size_t i = 0; i < web.ops.size(); ++i) {
    if (is_loopback(web.ops[i].address)) continue;
    complaints.add(element("web.ops", i),
                   "must be a loopback address, for anybody could ask there: give \"web.tls\" to let only "
                   "those in who have a client certificate");
  }
}

void check_rssac002(const Rssac002Config& config, Complaints& complaints) {
  if (!is_host_name(config.service)) complaints.add("rssac002.service", "must be a host name");
  const bool plain = std::ranges::all_of(
      config.prefix, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-'; });
  if (!plain || config.prefix.empty() || config.prefix.size() > 64) {
    complaints.add("rssac002.prefix",
                   "must be 1 to 64 letters, digits and hyphens: files are named after it");
  }
}

// Each process a user of its own, or one could trace or signal another.
void check_users(const UserConfig& users, Complaints& complaints) {
  struct User {
    std::string key;
    std::uint32_t uid, gid;
  };
  const std::array all{User{"users.agent", users.agent_uid, users.agent_gid},
                       User{"users.launcher", users.launcher_uid, users.launcher_gid},
                       User{"users.engine", users.engine_uid, users.engine_gid},
                       User{"users.zone", users.zone_uid, users.zone_gid},
                       User{"users.web", users.web_uid, users.web_gid},
                       User{"users.audit", users.audit_uid, users.audit_gid}};
  const auto forbidden = [](std::uint32_t id) { return id == 0 || id == 4294967295U; };
  for (auto user = all.begin(); user != all.end(); ++user) {
    if (forbidden(user->uid) || forbidden(user->gid)) {
      complaints.add(user->key, "must not have the id 0 (root) or 4294967295 (no user)");
    }
    const auto same = std::find_if(all.begin(), user,
                                   [&](const User& other) { return other.uid == user->uid; });
    if (same != user) {
      complaints.add(user->key,
                     "has the same uid as " + same->key + "; every process needs a user of its own");
    }
  }
}

}  // namespace

void check_config(const Config& config, Complaints& complaints) {
  check_instance(config.instance, complaints);
  check_service(config, complaints);
  check_prefixes(config, complaints);
  check_bgp(config.bgp, complaints);
  check_zones(config, complaints);
  check_tsig_keys(config.tsig_keys, complaints);
  check_web(config.web, complaints);
  check_foreign(config, complaints);
  check_rssac002(config.rssac002, complaints);
  check_users(config.users, complaints);
  if (!config.control_socket.empty()) check_socket_name(config.control_socket, "control_socket", complaints);
  if (!config.state_directory.empty()) check_file_name(config.state_directory, "state_directory", complaints);
  if (!config.secrets_file.empty()) check_file_name(config.secrets_file, "secrets_file", complaints);
  if (config.health.hold_down > config.health.hold_down_max) {
    complaints.add("health.hold_down_ms", "must not be larger than hold_down_max_ms");
  }
}

}  // namespace imrs
