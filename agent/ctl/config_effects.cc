// Compares two configurations for what they do. Called by `imrsctl config`. What shape_of()
// (agent/hand_over.cc) refuses to take over must be among the keys here: a test holds the two together.
#include "agent/ctl/config_effects.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/site/firewall.h"
#include "bgp/bird_config.h"

namespace imrs::ctl {
namespace {

// "access" is the firewall's alone.
bool concerns_agent(const Difference& difference) { return !difference.path.starts_with("access"); }

std::vector<std::string> texts_of(const std::vector<Endpoint>& endpoints) {
  std::vector<std::string> out;
  out.reserve(endpoints.size());
  for (const Endpoint& one : endpoints) out.push_back(one.address.text + " " + std::to_string(one.port));
  return out;
}

std::vector<std::uint32_t> ids_of(const UserConfig& users) {
  return {users.agent_uid,  users.agent_gid,  users.launcher_uid, users.launcher_gid,
          users.engine_uid, users.engine_gid, users.zone_uid,     users.zone_gid,
          users.web_uid,    users.web_gid,    users.audit_uid,    users.audit_gid};
}

std::vector<std::string> cookie_secrets(const Config& config) {
  return config.instance.cluster ? config.instance.cluster->cookie_secrets : std::vector<std::string>();
}

// The agent opens the port for it at its start only.
bool listens_for_notify(const Config& config) {
  return config.notify_port != 0 &&
         std::ranges::any_of(config.zones, [](const ZoneConfig& zone) { return !zone.primaries.empty(); });
}

std::vector<std::string> keys_for_restart(const Config& before, const Config& after) {
  std::vector<std::string> out;
  const auto note = [&](const char* key, bool differs) {
    if (differs) out.emplace_back(key);
  };
  note("instance.identity", before.instance.identity != after.instance.identity);
  note("instance.cluster.cookie_secrets", cookie_secrets(before) != cookie_secrets(after));
  note("service.device", before.service.device != after.service.device);
  note("service.addresses", before.service.addresses != after.service.addresses);
  note("service.port", before.service.port != after.service.port);
  note("management", before.management != after.management || before.notify_port != after.notify_port);
  note("zones: the first primaries", !listens_for_notify(before) && listens_for_notify(after));
  note("state_directory", before.state_directory != after.state_directory);
  note("control_socket", before.control_socket != after.control_socket);
  note("engine.workers", before.engine.workers != after.engine.workers);
  note("engine.rate_limit", before.engine.rate_limit != after.engine.rate_limit);
  note("web.noc", texts_of(before.web.noc) != texts_of(after.web.noc));
  note("web.ops", texts_of(before.web.ops) != texts_of(after.web.ops));
  note("rssac002.source_key", before.rssac002.source_key != after.rssac002.source_key);
  note("users", ids_of(before.users) != ids_of(after.users));
  return out;
}

}  // namespace

Effects effects_of(const Config& before, const Config& after, const std::vector<Difference>& differences) {
  const bool agent = std::ranges::any_of(differences, concerns_agent);
  return {.agent = agent,
          .restart = keys_for_restart(before, after),
          .bird = bgp::bird_config(before) != bgp::bird_config(after),
          .firewall = site::firewall_rules(before) != site::firewall_rules(after),
          .access = before.access.icann != after.access.icann};
}

std::string effects_text(const Effects& effects) {
  std::string text;
  if (effects.firewall) text += "the firewall is loaded anew\n";
  if (effects.access) {
    text +=
        "who may reach SSH and the ops listener changes: it has to be confirmed from a new SSH login, or at "
        "the console\n";
  }
  if (effects.bird) text += "BIRD is configured anew: for some 100 ms nothing is announced\n";
  if (!effects.agent) {
    text += "the agent need not be told\n";
  } else if (effects.restart.empty()) {
    text += "the agent is upgraded in place: no route and no answer is lost\n";
  } else {
    text += fmt::format("the agent is RESTARTED, for some seconds nothing is announced: {}\n",
                        fmt::join(effects.restart, ", "));
  }
  return text;
}

}  // namespace imrs::ctl
