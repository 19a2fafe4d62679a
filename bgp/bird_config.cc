// BIRD's configuration text. Called by `imrs-agent --write-bird-config`. It must never hold anything
// that announces without the agent: no static protocol without `disabled`, `via` and `check link`.
// Names of our own are in upper case or among those a neighbour may not have.
#include "bgp/bird_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <vector>

#include "bgp/announcement.h"

namespace imrs::bgp {
namespace {

constexpr std::string_view kHead =
    R"(# Written by imrs-agent --write-bird-config from agent.json: change that, not this.
# It holds the neighbours' passwords: readable by BIRD alone.
#
# Announces nothing by itself. Every static protocol starts disabled and the agent enables it over the
# control socket; its routes go via a device that exists only while the agent lives. `configure` puts
# all of them back to disabled; the agent notices and enables again what is right.

log stderr all;
debug protocols {{ states }};
router id {};
timeformat protocol iso long ms;        # the agent reads these times

protocol device {{ scan time 5; }}        # no protocol kernel: the kernel's routes are not BIRD's here
)";

// The agent takes connections down and up with the session's own timers; graceful restart would keep
// traffic coming for seconds to an appliance that has died.
constexpr std::string_view kSession = R"(
protocol bgp {} {{
    local as {};
    neighbor {} as {};
    source address {};
{}    hold time {};
    startup hold time {};
    keepalive time {};
    connect delay time {};
    connect retry time {};
    error wait time 1, 5;
    error forget time 30;
    graceful restart off;
    long lived graceful restart off;
    check link on;
    {} {{ table {};{} import none; export filter {}; next hop self; }};
}}
)";

std::string prefix_list(const Config& config, Family family, PrefixRole role) {
  std::vector<std::string_view> list;
  for (const Prefix& prefix : config.prefixes) {
    if (prefix.family == family && prefix.role == role) list.push_back(prefix.text);
  }
  return fmt::format("{}", fmt::join(list, ", "));
}

std::string table_name(const NeighbourConfig& neighbour) { return "ROUTES_" + neighbour.name; }

std::string static_protocol(const Config& config, const NeighbourConfig& neighbour, std::string_view role) {
  const bool drain = role == "drain";
  const PrefixRole holds = role == "covering" ? PrefixRole::Covering : PrefixRole::Specific;
  const Family family = neighbour.address.family;
  const std::string_view filter = drain ? " import filter { bgp_community.add((65535,0)); accept; };" : "";
  std::string text = fmt::format(
      "\nprotocol static {} {{\n    disabled;\n    check link yes;\n"
      "    {} {{ table {}; preference {};{} }};\n",
      protocol_name(role, neighbour.name), to_string(family), table_name(neighbour), drain ? 250 : 200,
      filter);
  for (const Prefix& prefix : config.prefixes) {
    if (prefix.family != family || prefix.role != holds) continue;
    text += fmt::format("    route {} via \"{}\";\n", prefix.text, config.service.device);
  }
  return text + "}\n";
}

// What is accepted carries the neighbour's communities and prepends.
std::string export_filter(const Config& config, const NeighbourConfig& neighbour) {
  std::string text = fmt::format("\nfilter EXPORT_{} {{\n    if source != RTS_STATIC then reject;\n",
                                 neighbour.name);
  for (const std::string& community : neighbour.communities) {
    const bool large = std::ranges::count(community, ':') == 2;
    std::string parts = community;
    std::ranges::replace(parts, ':', ',');
    text += fmt::format("    bgp_{}community.add(({}));\n", large ? "large_" : "", parts);
  }
  for (int i = 0; i < neighbour.prepend; ++i) {
    text += fmt::format("    bgp_path.prepend({});\n", config.bgp.local_as);
  }
  const auto accept = [&](PrefixRole role, const std::string& protocols) {
    const std::string list = prefix_list(config, neighbour.address.family, role);
    if (list.empty()) return;
    text += fmt::format("    if ({}) && net ~ [ {} ] then accept;\n", protocols, list);
  };
  const auto from = [&](std::string_view role) {
    return fmt::format("proto = \"{}\"", protocol_name(role, neighbour.name));
  };
  accept(PrefixRole::Specific, from("specific") + " || " + from("drain"));
  accept(PrefixRole::Covering, from("covering"));
  return text + "    reject;\n}\n";
}

std::string bfd_protocol(const BgpConfig& bgp) {
  std::set<std::string> interfaces;
  for (const NeighbourConfig& neighbour : bgp.neighbours) {
    if (neighbour.bfd) interfaces.insert(neighbour.interface);
  }
  if (interfaces.empty()) return {};
  std::string text = "\nprotocol bfd bfd1 {\n";
  for (const std::string& interface : interfaces) {
    text += fmt::format("    interface \"{}\" {{ interval 100 ms; multiplier 3; }};\n", interface);
  }
  return text + "}\n";
}

// What is rejected is counted only if it is kept.
std::string receive_limit(const NeighbourConfig& neighbour) {
  if (neighbour.max_prefix == 0) return {};
  return fmt::format(" import keep filtered on; receive limit {} action restart;", neighbour.max_prefix);
}

std::string session(const BgpConfig& bgp, const NeighbourConfig& neighbour) {
  std::string options;
  if (!neighbour.password.empty()) {
    options += fmt::format("    password \"{}\";\n", neighbour.password);
  }
  if (neighbour.gtsm) options += "    ttl security on;\n";
  if (neighbour.bfd) options += "    bfd on;\n";
  return fmt::format(kSession, neighbour.name, bgp.local_as, neighbour.address.text, neighbour.as,
                     neighbour.source.text, options, neighbour.hold_time, neighbour.hold_time,
                     neighbour.keepalive_time, neighbour.connect_delay_time, neighbour.connect_retry_time,
                     to_string(neighbour.address.family), table_name(neighbour), receive_limit(neighbour),
                     "EXPORT_" + neighbour.name);
}

// All that belongs to one neighbour.
std::string neighbour_part(const Config& config, const NeighbourConfig& neighbour) {
  std::string text = fmt::format("\n# ---- {} ----\n{} table {};\n", neighbour.name,
                                 to_string(neighbour.address.family), table_name(neighbour));
  for (const char* role : {"specific", "covering", "drain"}) text += static_protocol(config, neighbour, role);
  return text + export_filter(config, neighbour) + session(config.bgp, neighbour);
}

}  // namespace

std::string bird_config(const Config& config) {
  std::string text = fmt::format(kHead, config.bgp.router_id) + bfd_protocol(config.bgp);
  for (const NeighbourConfig& neighbour : config.bgp.neighbours) text += neighbour_part(config, neighbour);
  return text;
}

}  // namespace imrs::bgp
