// From the sections of a site sheet to those of agent.json. Called by read_site(). It must never take a
// secret from the sheet, nor say in an error what a value was.
#include "agent/site/sheet_sections.h"

#include <algorithm>

#include "agent/config/address.h"
#include "agent/config/zones.h"
#include "agent/site/identity.h"

namespace imrs::site {
namespace {

constexpr const char* kSecretKeys[] = {"password", "secret", "cookie_secrets", "source_key"};
constexpr const char* kNeighbourKeys[] = {"name",
                                          "address",
                                          "source",
                                          "as",
                                          "interface",
                                          "gtsm",
                                          "bfd",
                                          "hold_time",
                                          "max_prefix",
                                          "keepalive_time",
                                          "prepend",
                                          "communities",
                                          "connect_delay_time",
                                          "connect_retry_time"};
constexpr const char* kDefaultZones[] = {".", "arpa.", "root-servers.net."};
constexpr const char* kUnsignedZone = "root-servers.net.";  // no DS in net., no keys

void copy(ObjectReader& in, const char* key, Json& out) {
  if (const Json* value = in.member(key)) out[key] = *value;
}

// An error whose message begins with "key: ".
void add(Complaints& complaints, const std::string& prefix, const Error& error) {
  const std::size_t colon = error.message.find(": ");
  complaints.add(prefix + error.message.substr(0, colon), error.message.substr(colon + 2));
}

// Text of a member; empty if it is none.
std::string text_of(const Json& object, const char* key) {
  return object.is_object() && object.contains(key) && object[key].is_string()
             ? object[key].get<std::string>()
             : std::string();
}

std::string identity_of_parts(const Json& json, Complaints& complaints) {
  using Form = IdentityParts::Form;
  IdentityParts parts;
  {
    ObjectReader in(&json, "identity", complaints);
    in.choice<Form>("form", parts.form, {{"current", Form::Current}, {"earlier", Form::Earlier}});
    in.text("letters", parts.letters);
    in.number("number", parts.number, 1, 99, true);
    in.text("country", parts.country);
    in.text("city", parts.city, true);
    in.text("domain", parts.domain);
  }
  if (!complaints.empty()) return {};
  auto identity = make_identity(parts);
  if (identity) return *identity;
  add(complaints, "identity.", identity.error());
  return {};
}

std::string read_identity(ObjectReader& in, const std::string& pattern) {
  const Json* const json = in.required("identity");
  if (json == nullptr) return {};
  std::string identity;
  if (json->is_string()) {
    identity = json->get<std::string>();
  } else {
    identity = identity_of_parts(*json, in.complaints());
    if (identity.empty()) return {};
  }
  if (auto good = check_identity(identity, pattern); !good) add(in.complaints(), "", good.error());
  return identity;
}

// "host4", "host6"; a second one of the family is "host4_2".
std::string default_name(const Json& neighbour, const Json& others) {
  const auto address = parse_address(text_of(neighbour, "address"));
  std::string name = address && address->family == Family::V6 ? "host6" : "host4";
  const auto is_taken = [&](const std::string& wanted) {
    return std::ranges::any_of(others, [&](const Json& other) { return text_of(other, "name") == wanted; });
  };
  if (!is_taken(name)) return name;
  std::size_t number = 2;
  while (is_taken(name + "_" + std::to_string(number))) ++number;
  return name + "_" + std::to_string(number);
}

Json read_neighbour(ObjectReader& in, const Json& others, SecretsWanted& wanted) {
  Json out = Json::object();
  for (const char* key : kNeighbourKeys) copy(in, key, out);
  if (!out.contains("name")) out["name"] = default_name(out, others);
  bool password = true;
  const Json* const said = in.member("password");
  if (said != nullptr && said->is_string()) {
    in.complain("password", "must be true or false; the password itself goes into the secrets' file");
  } else {
    in.boolean("password", password);
  }
  if (const std::string name = text_of(out, "name"); password && !name.empty()) {
    wanted.neighbours.push_back(name);
  }
  return out;
}

// The first IPv4 address that is ours.
std::string default_router_id(const Json& config) {
  std::vector<std::string> own;
  for (const Json& neighbour : config["bgp"]["neighbours"]) own.push_back(text_of(neighbour, "source"));
  if (config.contains("management")) own.push_back(text_of(config["management"], "address"));
  const auto found = std::ranges::find_if(own, [](const std::string& text) {
    const auto address = parse_address(text);
    return address && address->family == Family::V4;
  });
  return found == own.end() ? std::string() : *found;
}

// ---- zones ----------------------------------------------------------------------------------------------

// Asks for the key; the first that says so decides its algorithm.
void want_key(const Sections& sections, const std::string& name, const std::string& algorithm,
              const std::string& path) {
  Json& keys = sections.out["tsig_keys"];
  for (Json& key : keys) {
    if (key["name"] != name) continue;
    if (algorithm.empty() || key["algorithm"] == algorithm) return;
    return sections.in.complaints().add(path, "is another algorithm than this key has above");
  }
  keys.push_back({{"name", name}, {"algorithm", algorithm.empty() ? "hmac-sha256" : algorithm}});
  sections.site.secrets.keys.push_back(name);
}

Json read_primaries(const Sections& sections) {
  Json out = Json::array();
  sections.in.each("primaries", [&](const Json& element, const std::string& path) {
    if (!element.is_object()) return out.push_back(element);
    Json primary = Json::object();
    std::string key, algorithm;
    ObjectReader in(&element, path, sections.in.complaints());
    copy(in, "address", primary);
    copy(in, "key", primary);
    in.text("key", key);
    in.text("algorithm", algorithm);
    if (!key.empty()) want_key(sections, key, algorithm, path + ".algorithm");
    if (key.empty() && !algorithm.empty()) in.complain("algorithm", "is of no \"key\"");
    out.push_back(primary.size() == 1 && primary.contains("address") ? primary["address"] : primary);
  });
  return out;
}

// What is known of a zone by its name alone.
Json default_zone(const std::string& origin, const Places& places) {
  Json zone{{"origin", origin}};
  if (origin == kUnsignedZone) {
    zone["dnssec"] = "none";
    return zone;
  }
  const std::string file = origin == "." ? "root." : origin;
  zone["dnssec"] = "required";
  zone["trust_anchors"] = Json::array({places.directory + "/anchors/" + file + "ds"});
  return zone;
}

Json read_zone(const Sections& sections, const Json& element, const Json& primaries) {
  const bool named = element.is_string();
  const std::string origin = absolute_lower_case(named ? element.get<std::string>()
                                                       : text_of(element, "origin"));
  Json zone = default_zone(origin, sections.places);
  if (!named) {
    if (text_of(element, "dnssec") == "none") zone.erase("trust_anchors");
    zone.update(element);
  }
  if (!zone.contains("file") && !zone.contains("primaries")) zone["primaries"] = primaries;
  if (!zone.contains("primaries") || !zone["primaries"].is_array()) return zone;
  for (const Json& primary : zone["primaries"]) {
    if (const std::string key = text_of(primary, "key"); !key.empty()) want_key(sections, key, "", "");
  }
  return zone;
}

// ---- settings -------------------------------------------------------------------------------------------

bool is_secret(const std::string& key) {
  return std::ranges::any_of(kSecretKeys, [&](const char* secret) { return key == secret; });
}

std::string path_of(std::string path, const std::string& key) { return path.append(".").append(key); }

void refuse_secrets(const Json& json, const std::string& path, Complaints& complaints) {
  if (json.is_array()) {
    for (std::size_t i = 0; i < json.size(); ++i) {
      refuse_secrets(json[i], path + "[" + std::to_string(i) + "]", complaints);
    }
  }
  if (!json.is_object()) return;
  for (const auto& [key, value] : json.items()) {
    if (is_secret(key)) {
      complaints.add(path_of(path, key), "is a secret and does not belong here; use the secrets' file");
    }
    refuse_secrets(value, path_of(path, key), complaints);
  }
}

std::string endpoint(const IpAddress& address, std::uint16_t port) {
  const std::string host = address.family == Family::V6 ? "[" + address.text + "]" : address.text;
  return host + ":" + std::to_string(port);
}

}  // namespace

void put_instance(const Sections& sections) {
  ObjectReader& in = sections.in;
  std::string pattern(kIdentityPattern);
  in.text("identity_pattern", pattern);
  sections.site.identity = read_identity(in, pattern);
  Json& instance = sections.out["instance"];
  instance = {{"identity", sections.site.identity}, {"identity_pattern", pattern}, {"kind", "single"}};
  copy(in, "appliance", instance);
  const Json* const json = in.member("cluster");
  if (json == nullptr) return;
  std::string member;
  ObjectReader(json, "cluster", in.complaints()).text("member", member, true);
  instance["kind"] = "cluster";
  instance["cluster"]["member"] = member;
  sections.site.secrets.cookies = true;
}

void put_management(const Sections& sections) {
  const Json* const json = sections.in.member("management");
  if (json == nullptr) return;
  Json out = Json::object();
  {
    ObjectReader in(json, "management", sections.in.complaints());
    copy(in, "address", out);
    copy(in, "notify_port", out);
  }
  sections.out["management"] = out;
}

void put_neighbours(const Sections& sections) {
  ObjectReader& in = sections.in;
  Json& bgp = sections.out["bgp"];
  bgp["neighbours"] = Json::array();
  in.each(
      "neighbours",
      [&](const Json& element, const std::string& path) {
        ObjectReader reader(&element, path, in.complaints());
        bgp["neighbours"].push_back(read_neighbour(reader, bgp["neighbours"], sections.site.secrets));
      },
      true);
  copy(in, "router_id", bgp);
  if (bgp.contains("router_id")) return;
  const std::string router_id = default_router_id(sections.out);
  if (router_id.empty()) in.complain("router_id", "is missing, and none of our own addresses is IPv4");
  bgp["router_id"] = router_id;
}

void put_zones(const Sections& sections) {
  sections.out["tsig_keys"] = Json::array();
  const Json primaries = read_primaries(sections);
  Json& zones = sections.out["zones"];
  zones = Json::array();
  if (!sections.in.has("zones")) {
    for (const char* origin : kDefaultZones) zones.push_back(read_zone(sections, origin, primaries));
    return;
  }
  sections.in.each("zones", [&](const Json& element, const std::string& path) {
    if (element.is_string() || element.is_object()) {
      zones.push_back(read_zone(sections, element, primaries));
    } else {
      sections.in.complaints().add(path, "must be an origin, like \"arpa.\", or an object");
    }
  });
}

void put_identity_zone(const Sections& sections) {
  ObjectReader& in = sections.in;
  Json zone = Json::object();
  copy(in, "place", zone);
  const Json* const json = in.member("identity_zone");
  const bool is_off = json != nullptr && json->is_boolean() && !json->get<bool>();
  if (json == nullptr || is_off) return;
  if (!json->is_boolean()) {
    ObjectReader reader(json, "identity_zone", in.complaints());
    for (const char* key : {"origin", "name_server", "address"}) copy(reader, key, zone);
  }
  sections.out["identity_zone"] = zone;
}

void put_access(const Sections& sections) {
  Json access{{"icann", Json::array()}, {"host", Json::array()}, {"time_servers", Json::array()}};
  if (const Json* const json = sections.in.member("networks")) {
    ObjectReader in(json, "networks", sections.in.complaints());
    copy(in, "icann", access);
    copy(in, "host", access);
  }
  copy(sections.in, "time_servers", access);
  sections.out["access"] = access;
}

// The host looks at the address that it peers with; ICANN at the management address, by TLS.
void put_web(const Sections& sections) {
  std::uint16_t noc_port = 80, ops_port = 9053;
  sections.in.number("noc_port", noc_port, 1, 65535);
  sections.in.number("ops_port", ops_port, 1, 65535);
  Json web{{"noc", Json::array()}, {"ops", Json::array({"127.0.0.1:" + std::to_string(ops_port)})}};
  for (const Json& neighbour : sections.out["bgp"]["neighbours"]) {
    const auto source = parse_address(text_of(neighbour, "source"));
    if (!source) continue;
    const std::string listener = endpoint(*source, noc_port);
    if (std::ranges::count(web["noc"], Json(listener)) == 0) web["noc"].push_back(listener);
  }
  const Json management = sections.out.value("management", Json::object());
  if (const auto address = parse_address(text_of(management, "address")); address) {
    const std::string tls = sections.places.directory + "/tls/";
    web["ops"].push_back(endpoint(*address, ops_port));
    web["tls"] = {{"certificate", tls + "server.pem"},
                  {"key", tls + "server.key"},
                  {"client_ca", tls + "client-ca.pem"}};
  }
  copy(sections.in, "contact", web);
  sections.out["web"] = web;
}

void put_places(const Sections& sections) {
  sections.out["state_directory"] = sections.places.state_directory;
  sections.out["secrets_file"] = sections.places.directory + "/secrets.json";
}

void put_settings(const Sections& sections) {
  const Json* const json = sections.in.member("settings");
  if (json == nullptr) return;
  if (!json->is_object()) return sections.in.complain("settings", "must be an object");
  refuse_secrets(*json, "settings", sections.in.complaints());
  sections.out.merge_patch(*json);
}

}  // namespace imrs::site
