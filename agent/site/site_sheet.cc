// Reads a site sheet. Called by `imrsctl setup`. It must never give a configuration that parse_config() would
// not take.
#include "agent/site/site_sheet.h"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <set>
#include <utility>

#include "agent/config/config.h"
#include "agent/site/sheet_sections.h"
#include "agent/site/site_secrets.h"

namespace imrs::site {
namespace {

constexpr std::size_t kMaxSheet = 1 << 18;  // octets
constexpr int kMaxNesting = 16;

// What agent.json's paths are called in the sheet.
constexpr std::pair<std::string_view, std::string_view> kPaths[] = {
    {"instance.identity", "identity"},       {"instance.identity_pattern", "identity_pattern"},
    {"instance.appliance", "appliance"},     {"instance.cluster", "cluster"},
    {"bgp.neighbours", "neighbours"},        {"bgp.router_id", "router_id"},
    {"access.icann", "networks.icann"},      {"access.host", "networks.host"},
    {"access.time_servers", "time_servers"}, {"web.contact", "contact"},
    {"identity_zone.place", "place"}};

// What an instance is first, what it lives on last; what is not named here comes after these.
constexpr const char* kOrder[] = {
    "instance",      "service",         "prefixes",     "management",     "bgp",      "zones",
    "identity_zone", "tsig_keys",       "web",          "access",         "rssac002", "health",
    "engine",        "state_directory", "secrets_file", "control_socket", "users"};

std::string text_in_order(const Json& json) {
  nlohmann::ordered_json out = nlohmann::ordered_json::object();
  for (const char* key : kOrder) {
    if (json.contains(key)) out[key] = json[key];
  }
  for (const auto& [key, value] : json.items()) {
    if (!out.contains(key)) out[key] = value;
  }
  return out.dump(2) + "\n";
}

// How deep lists and objects are in each other. Some of what is done with JSON is recursive.
int nesting(std::string_view text) {
  int depth = 0, deepest = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '\\') ++i;
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == '{' || c == '[') deepest = std::max(deepest, ++depth);
    if (c == '}' || c == ']') --depth;
  }
  return deepest;
}

// Whether `path` is `prefix` or lies in it.
bool is_in(std::string_view path, std::string_view prefix) {
  if (!path.starts_with(prefix)) return false;
  return path.size() == prefix.size() || path[prefix.size()] == '.' || path[prefix.size()] == '[';
}

// "zones[2].primaries[0].key" is "primaries[0].key" where the sheet's own are used.
std::optional<std::string> path_of_primary(std::string_view path, const Json& sheet) {
  const std::size_t at = path.find("].primaries");
  const bool own = sheet.contains("settings") && sheet["settings"].contains("zones");
  if (!path.starts_with("zones[") || at == std::string_view::npos || own) return std::nullopt;
  const std::size_t index = std::strtoul(std::string(path.substr(6, at - 6)).c_str(), nullptr, 10);
  const bool listed = sheet.contains("zones") && index < sheet["zones"].size();
  if (listed && sheet["zones"][index].contains("primaries")) return std::nullopt;
  return std::string(path.substr(at + 2));
}

std::string path_in_sheet(const std::string& path, const Json& sheet) {
  if (auto primary = path_of_primary(path, sheet)) return *primary;
  for (const auto& [there, here] : kPaths) {
    if (is_in(path, there)) return std::string(here) + path.substr(there.size());
  }
  return path;
}

// parse_config()'s complaints, a line each, under the sheet's paths, and none twice.
Error in_sheet(const Error& error, const Json& sheet) {
  Complaints complaints;
  std::set<std::string> said;
  for (std::size_t begin = 0; begin < error.message.size();) {
    const std::size_t end = std::min(error.message.find('\n', begin), error.message.size());
    const std::string line = error.message.substr(begin, end - begin);
    const std::size_t colon = std::min(line.find(": "), line.size());
    const std::string path = path_in_sheet(line.substr(0, colon), sheet);
    const std::string what = colon + 2 <= line.size() ? line.substr(colon + 2) : "";
    if (said.insert(path + what).second) complaints.add(path, what);
    begin = end + 1;
  }
  return complaints.error();
}

void note_files(const Config& config, std::vector<std::string>& files) {
  for (const ZoneConfig& zone : config.zones) {
    if (!zone.file.empty()) files.push_back(zone.file);
    files.insert(files.end(), zone.trust_anchors.begin(), zone.trust_anchors.end());
  }
  if (!config.web.tls) return;
  for (const std::string& file :
       {config.web.tls->certificate, config.web.tls->key, config.web.tls->client_ca}) {
    files.push_back(file);
  }
}

void note_oddities(const Config& config, std::vector<std::string>& notes) {
  for (const Family family : kFamilies) {
    const bool there = std::ranges::any_of(config.bgp.neighbours, [&](const NeighbourConfig& neighbour) {
      return neighbour.address.family == family;
    });
    if (there) continue;
    notes.push_back("no neighbour is " + std::string(to_string(family)) +
                    ": nothing is announced in that family");
  }
  const AccessConfig& access = config.access;
  if (access.icann.empty()) {
    notes.emplace_back("networks.icann is empty: the firewall lets nobody log in, nor to the ops listener");
  }
  if (access.host.empty()) notes.emplace_back("networks.host is empty: the host cannot see the NOC page");
  if (access.time_servers.empty()) {
    notes.emplace_back("time_servers is empty: the firewall lets the time be asked of anybody");
  }
}

}  // namespace

Result<Site> read_site(std::string_view sheet_text, const Places& places) {
  if (sheet_text.size() > kMaxSheet || nesting(sheet_text) > kMaxNesting) {
    return Error{Errc::InvalidInput,
                 "is no site sheet: too long, or lists and objects too deep in each other"};
  }
  const auto sheet = parse_json(sheet_text);
  if (!sheet) return sheet.error();
  Site site;
  Json out = Json::object();
  Complaints complaints;
  {
    ObjectReader in(&*sheet, "", complaints);
    const Sections sections{.in = in, .places = places, .out = out, .site = site};
    for (const auto put : {put_instance, put_management, put_neighbours, put_zones, put_identity_zone,
                           put_access, put_web, put_places, put_settings}) {
      put(sections);
    }
  }
  if (!complaints.empty()) return complaints.error();
  if (out["tsig_keys"].empty()) out.erase("tsig_keys");
  site.agent_json = text_in_order(out);
  const auto config = parse_config(site.agent_json, placeholder_secrets(site.secrets));
  if (!config) return in_sheet(config.error(), *sheet);
  site.identity = config->instance.identity;  // "settings" may have another
  note_files(*config, site.files);
  note_oddities(*config, site.notes);
  return site;
}

}  // namespace imrs::site
