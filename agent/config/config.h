// agent/config/config.h
// agent.json as a value that cannot be wrong: parse_config() refuses an unknown key, a wrong type, a
// value out of range, two keys that contradict each other, and names the key's path and what would
// be right. Pure: it reads no file (load_config does) and no clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/family.h"
#include "agent/base/result.h"

namespace imrs {

struct IpAddress {  // of either family, in canonical text
  Family family = Family::V4;
  std::string text;
  bool operator==(const IpAddress&) const = default;
};

struct Network {
  Family family = Family::V4;
  std::string text;  // canonical, host bits zero: "192.0.2.0/24"
  bool operator==(const Network&) const = default;
};

struct Endpoint {  // "192.0.2.1:8080" or "[2001:db8::1]:8080"
  IpAddress address;
  std::uint16_t port = 0;
};

struct Prefix {
  Family family = Family::V4;
  std::string text;  // canonical, host bits zero: "199.7.83.0/24"
  PrefixRole role = PrefixRole::Specific;
};

struct ClusterConfig {
  std::string member;  // this member's id within the site
  // 32 hex digits each, shared by the members (RFC 9018). The first makes cookies, all are taken: a new one
  // goes to all members as the second first, then as the first, and the old one is removed a day later.
  std::vector<std::string> cookie_secrets;
};

struct InstanceConfig {
  enum class Kind { Single, Cluster };
  enum class Appliance { Calypso, Pandora };
  std::string identity;          // unique name: NSID, hostname.bind; 1 to 63 octets a label, at most 255
  std::string identity_pattern;  // ECMAScript, of the whole name; empty: any name
  Kind kind = Kind::Single;
  Appliance appliance = Appliance::Calypso;
  std::optional<ClusterConfig> cluster;  // there exactly if kind is Cluster
};

struct ServiceConfig {
  std::string device = "anycast0";
  std::vector<IpAddress> addresses;  // default: L-root's three
  std::uint16_t port = 53;
};

struct NeighbourConfig {
  std::string name;  // BIRD protocol name: [a-z][a-z0-9_]*
  IpAddress address;
  IpAddress source;  // own address on that link, same family
  std::uint32_t as = 0;
  std::string interface;  // for BFD; needed if bfd
  std::string password;   // MD5 (RFC 2385); empty: none
  bool gtsm = false;      // RFC 5082; only if the host agrees
  bool bfd = false;
  std::uint16_t hold_time = 9, keepalive_time = 3;  // seconds
  std::uint16_t connect_delay_time = 1, connect_retry_time = 5;
  std::uint32_t max_prefix = 0;          // received ones, none is used; more restart the session; 0: no limit
  std::uint8_t prepend = 0;              // our AS this many times more in the path
  std::vector<std::string> communities;  // "64500:100" (RFC 1997) or "64500:1:2" (RFC 8092)
};

struct BgpConfig {
  std::uint32_t local_as = 20144;
  std::string router_id;  // IPv4 address
  std::string control_socket = "/run/imrs-bird/bird.ctl";
  // A neighbour that is drained is asked to prefer others for so long, or until it brings fewer queries.
  std::chrono::seconds drain_time{60};
  std::uint32_t drain_queries_per_second = 10;
  std::chrono::milliseconds stop_drain_time{1000};  // the same when the agent is told to stop
  std::vector<NeighbourConfig> neighbours;
};

// Shared with primaries (RFC 8945).
struct TsigKeyConfig {
  std::string name;       // a domain name
  std::string algorithm;  // "hmac-sha256", "hmac-sha384" or "hmac-sha512"
  std::string secret;     // base64 of 16 octets or more
};

struct PrimaryConfig {
  IpAddress address;
  std::uint16_t port = 53;
  std::string key;  // name of one of Config::tsig_keys; empty: what is said to it and comes is not signed
};

// What the zone of RFC 7108's IDENTITY says of this very node.
struct IdentityZoneConfig {
  std::string node;                // the instance's identity
  std::string name_server;         // of the zone's NS record: absolute, lower case
  IpAddress address;               // IPv4, of this node alone
  std::vector<std::string> place;  // further strings of the TXT record: town ... region of the world
};

struct ZoneConfig {
  std::string origin;  // ".", "arpa.", ...: absolute, lower case
  std::string file;    // exactly one of file, primaries and identity
  std::vector<PrimaryConfig> primaries;
  std::optional<IdentityZoneConfig> identity;  // never from "zones": the section "identity_zone" makes it
  enum class Dnssec { Required, None } dnssec = Dnssec::Required;
  enum class Zonemd { Required, IfPresent, None } zonemd = Zonemd::IfPresent;  // of ".": Required
  std::vector<std::string> trust_anchors;       // files of DS or DNSKEY records; needed if dnssec Required
  std::optional<std::chrono::seconds> refresh;  // instead of the SOA's
  std::uint32_t most_removed = 5;               // % of the delegations; a version that drops more is held
  std::optional<std::uint32_t> accept_serial;   // taken though it goes back or drops more than that
  // Never from the file: see zone_settings_json().
  std::optional<std::uint32_t> served_serial, served_delegations;
};

struct HealthConfig {
  int rise = 3;                               // right rounds in a row before announcing
  int fall = 3;                               // silences in a row before withdrawing
  std::chrono::milliseconds interval{100};    // between the starts of two quick probes of a target
  std::chrono::milliseconds timeout{200};     // of one probe
  std::chrono::milliseconds hold_down{1000};  // after a withdrawal; doubles per flap
  std::chrono::milliseconds hold_down_max{60000};
};

struct EngineConfig {
  std::uint32_t workers = 0;  // 0 in the file: one per core; never 0 here
  // UDP responses a second of one answer to one prefix (/24, /56); more are cut to "ask by TCP". 0: no limit.
  std::uint32_t rate_limit = 200;
};

// PEM files, read by imrs-web, and read again when they change.
struct TlsConfig {
  std::string certificate, key;
  std::string client_ca;  // who may ask: whose certificate one of these has signed
};

struct WebConfig {
  std::vector<Endpoint> noc;     // the host's NOC page
  std::vector<Endpoint> ops;     // ICANN's pages and metrics; plain on loopback, elsewhere by `tls` only
  std::optional<TlsConfig> tls;  // of `ops` but on loopback: TLS 1.3 with client certificates
  std::string contact;           // whom the host calls, in words, for the NOC page
};

// What is published of a UTC day (RSSAC002, version 4).
struct Rssac002Config {
  std::string service = "l.root-servers.net";
  std::string prefix = "l-root";  // of the files' names
  std::uint32_t keep_days = 400;
  std::string source_key;  // 32 hex digits, the same in the whole fleet: else sources cannot be merged
};

// Who reaches the appliance besides resolvers, for the firewall (agent/site/firewall.h).
struct AccessConfig {
  std::vector<Network> icann;           // SSH, and the ops listener
  std::vector<Network> host;            // the NOC page
  std::vector<IpAddress> time_servers;  // NTP
};

struct UserConfig {  // resolved ids; names or numbers in the file
  std::uint32_t agent_uid = 0, agent_gid = 0;
  std::uint32_t launcher_uid = 0, launcher_gid = 0;
  std::uint32_t engine_uid = 0, engine_gid = 0;
  std::uint32_t zone_uid = 0, zone_gid = 0;
  std::uint32_t web_uid = 0, web_gid = 0;
  std::uint32_t audit_uid = 0, audit_gid = 0;
};

struct Config {
  InstanceConfig instance;
  ServiceConfig service;
  std::vector<Prefix> prefixes;         // default: AS 20144's five
  std::optional<IpAddress> management;  // source address for transfers; where NOTIFY comes to
  std::uint16_t notify_port = 53;       // of the management address; 0: no NOTIFY is listened for
  BgpConfig bgp;
  std::vector<ZoneConfig> zones;  // "." is always one of them
  std::vector<TsigKeyConfig> tsig_keys;
  std::string state_directory;                            // empty: nothing is kept on disk
  std::string control_socket = "/run/imrs/control.sock";  // imrsctl asks there; empty: nobody can
  HealthConfig health;
  EngineConfig engine;
  WebConfig web;
  Rssac002Config rssac002;
  AccessConfig access;
  UserConfig users;
  std::string secrets_file;  // what agent.json says; its contents are in the members above
};

// `secrets_text`: the contents of "secrets_file" (agent/config/secrets.h), which is not read here.
[[nodiscard]] Result<Config> parse_config(std::string_view json_text,
                                          std::optional<std::string_view> secrets_text = std::nullopt);
// Reads both files and parses; the error names the file.
[[nodiscard]] Result<Config> load_config(const std::string& path);

// The part imrs-zone needs, as JSON (ZoneSetup), and back.
struct ZoneSettings {
  std::vector<ZoneConfig> zones;
  std::vector<TsigKeyConfig> tsig_keys;
  std::optional<IpAddress> management;
  std::string state_directory;
};
struct ServedZone {
  std::uint32_t serial = 0, delegations = 0;
};
// `served`: what is served now, by origin as in ZoneConfig; it goes into the zone's "served_serial" and
// "served_delegations", which only parse_zone_settings() takes. Zones that are not served yet are left out.
[[nodiscard]] std::string zone_settings_json(const Config& config,
                                             const std::map<std::string, ServedZone>& served = {});
// The same for imrs-audit, which talks to nobody: without the keys.
[[nodiscard]] std::string audit_settings_json(const Config& config);
[[nodiscard]] Result<ZoneSettings> parse_zone_settings(std::string_view json_text);

}  // namespace imrs
