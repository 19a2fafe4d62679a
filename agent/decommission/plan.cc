// Plans a decommissioning. Called by `imrsctl decommission`. It must never plan to erase what could be the
// host's.
#include "agent/decommission/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "agent/base/plain_path.h"

namespace imrs::decommission {
namespace {

constexpr std::string_view kOurs = "imrs";  // how a part of a place's name begins
// Of agent/remote, in the state directory.
constexpr std::array kAuditLogs{"audit.log", "audit-observers.log"};

std::vector<std::string_view> parts_of(std::string_view path) {
  std::vector<std::string_view> parts;
  path.remove_prefix(1);
  for (;;) {
    const std::size_t slash = path.find('/');
    parts.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return parts;
    path.remove_prefix(slash + 1);
  }
}

// Not /, not /etc, not /home/somebody.
Result<void> check_place(const std::string& place) {
  if (is_plain_path(place)) {
    const auto parts = parts_of(place);
    const bool ours = std::any_of(parts.begin() + 1, parts.end(),
                                  [](std::string_view part) { return part.starts_with(kOurs); });
    if (ours) return {};
  }
  return Error{Errc::Refused,
               place + ": is no place that is this appliance's alone; nothing is erased there"};
}

bool is_inside_any(const std::string& path, const std::vector<std::string>& places) {
  return std::ranges::any_of(places, [&](const std::string& place) { return is_inside(path, place); });
}

// What must not survive.
struct Named {
  std::string key, path;
};

std::vector<Named> must_go(const Config& config, const std::string& config_file) {
  std::vector<Named> out{{"--config", config_file}};
  if (!config.secrets_file.empty()) out.push_back({"secrets_file", config.secrets_file});
  if (!config.state_directory.empty()) out.push_back({"state_directory", config.state_directory});
  if (config.web.tls) out.push_back({"web.tls.key", config.web.tls->key});
  return out;
}

// What is public, or whose parent is not ours: said, if it stays.
std::vector<Named> may_stay(const Config& config) {
  std::vector<Named> out;
  if (config.web.tls) {
    out.push_back({"web.tls.certificate", config.web.tls->certificate});
    out.push_back({"web.tls.client_ca", config.web.tls->client_ca});
  }
  for (const ZoneConfig& zone : config.zones) {
    if (!zone.file.empty()) out.push_back({"a zone's file", zone.file});
    for (const std::string& anchors : zone.trust_anchors) out.push_back({"trust anchors", anchors});
  }
  return out;
}

Result<void> check_named(const std::vector<Named>& all, const std::vector<std::string>& places) {
  for (const auto& [key, path] : all) {
    if (!is_plain_path(path)) {
      return Error{Errc::Refused, fmt::format("{}: {} is no plain absolute path", key, path)};
    }
    if (is_inside_any(path, places)) continue;
    return Error{
        Errc::Refused,
        fmt::format("{}: {} is in none of {}, where alone something is erased; move it there, or erase it "
                    "by hand and take it out of agent.json",
                    key, path, fmt::join(places, ", "))};
  }
  return {};
}

std::vector<std::string> left_of(const Config& config, const std::vector<std::string>& places) {
  std::set<std::string> seen;
  std::vector<std::string> out;
  for (const auto& [key, path] : may_stay(config)) {
    if (is_inside_any(path, places) || !seen.insert(path).second) continue;
    out.push_back(fmt::format("{} ({}): public, and not this appliance's own", path, key));
  }
  out.emplace_back("the package's programs and users: apt purge imrs-appliance removes them");
  out.emplace_back(
      "the system's journal, with what the programs have logged (no client address, no secret): "
      "journalctl --rotate --vacuum-time=1s empties it");
  out.emplace_back(
      "core dumps, backups and snapshots of file systems, if this machine makes any: the host's");
  out.emplace_back(
      "keys of ICANN's engineers in authorized_keys outside /etc/imrs: remove the lines with "
      "\"imrsctl remote\"");
  return out;
}

Step stop(const std::string& unit, const std::string& what) {
  return {Step::Kind::Stop, "stop " + unit, fmt::format("stop {} ({}), and never start it again", what, unit),
          unit};
}

// Before all others: a trial that ends would have the agent started anew.
std::vector<Step> stop_recovering() {
  const std::string service = "imrs-recover.service";
  return {stop("imrs-recover.path", "what takes a configuration back"),
          {Step::Kind::StopOnly, "stop " + service, "stop " + service + ", should it be at work", service}};
}

}  // namespace

bool is_version_of(std::string_view path, std::string_view file) {
  if (!path.starts_with(file)) return false;
  const std::string_view rest = path.substr(file.size());
  return rest.empty() || (rest.front() == '.' && rest.find('/') == std::string_view::npos);
}

bool is_secret(const Plan& plan, std::string_view path) {
  return std::ranges::any_of(plan.secrets,
                             [&](const std::string& file) { return is_version_of(path, file); });
}

bool is_audit_log(const Plan& plan, std::string_view path) {
  return std::ranges::any_of(plan.audit_logs,
                             [&](const std::string& file) { return is_version_of(path, file); });
}

bool is_inside(std::string_view path, std::string_view place) {
  return path == place ||
         (path.starts_with(place) && path.size() > place.size() && path[place.size()] == '/');
}

Result<Plan> make_plan(const Config& config, const std::string& config_file,
                       const std::vector<std::string>& places) {
  for (const std::string& place : places) {
    if (auto good = check_place(place); !good) return good.error();
  }
  if (auto good = check_named(must_go(config, config_file), places); !good) return good.error();
  Plan plan{.identity = config.instance.identity,
            .version = IMRS_VERSION,
            .control_socket = config.control_socket,
            .bird_socket = config.bgp.control_socket,
            .drain_time = config.bgp.drain_time,
            .places = places,
            .secrets = {},
            .audit_logs = {},
            .left = left_of(config, places)};
  if (!config.secrets_file.empty()) plan.secrets.push_back(config.secrets_file);
  if (config.web.tls) plan.secrets.push_back(config.web.tls->key);
  plan.secrets.push_back(config_file);  // what is in no file of its own may be in this
  if (!config.state_directory.empty()) {
    for (const char* name : kAuditLogs) plan.audit_logs.push_back(config.state_directory + "/" + name);
  }
  return plan;
}

std::vector<Step> steps_of(const Plan& plan) {
  using Kind = Step::Kind;
  const std::string places = fmt::format("{}", fmt::join(plan.places, ", "));
  std::vector<Step> steps = stop_recovering();
  const std::vector<Step> rest{
      {Kind::Drain, "drain",
       fmt::format("ask all neighbours to prefer others, and wait until they do, at most {} s",
                   plan.drain_time.count()),
       ""},
      {Kind::Withdraw, "withdraw", "withdraw every prefix from every neighbour", ""},
      stop("imrs-agent.service", "the agent, with the engine and all its programs"),
      {Kind::NothingSaid, "nothing said", "ask BIRD: it exports nothing to anybody", ""},
      stop("imrs-bird.service", "BIRD"),
      {Kind::NobodySays, "nobody says", "no BIRD is there any more", ""},
      stop("imrs-firewall.service", "the packet filter"),
      stop("imrs-tuning.service", "the kernel's settings"),
      {Kind::Inventory, kInventoryStep, "list what will be erased: everything in " + places, ""},
      {Kind::EraseSecrets, "erase secrets", "erase passwords, TSIG secrets, TLS keys, and agent.json", ""},
      {Kind::ErasePlaces, "erase places", "erase zones, images, statistics, orders and the rest", ""},
      {Kind::EraseAudit, "erase audit log", "erase the audit logs", ""},
      {Kind::NothingLeft, "nothing left", "look again: nothing is left there", ""},
  };
  steps.insert(steps.end(), rest.begin(), rest.end());
  return steps;
}

}  // namespace imrs::decommission
