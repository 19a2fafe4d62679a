// BIRD's configuration text. Called by `imrs-agent --print-bird-config`. It must never hold anything
// that announces without the agent: no static protocol without `disabled`, `via` and `check link`.
// Names of our own are in upper case or among those a neighbour may not have.
#include "bgp/bird_config.h"

#include <fmt/format.h>

#include <set>
#include <string_view>

#include "bgp/announcement.h"

namespace imrs::bgp {
namespace {

constexpr std::string_view kHead =
    R"(# Written by imrs-agent --print-bird-config from agent.json: change that, not this.
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
    {} {{ import none; export filter {}; next hop self; }};
}}
)";

std::string_view suffix(Family family) { return family == Family::V4 ? "V4" : "V6"; }

std::string prefix_list(const Config& config, Family family, PrefixRole role, std::string_view separator) {
  std::string list;
  for (const Prefix& prefix : config.prefixes) {
    if (prefix.family != family || prefix.role != role) continue;
    if (!list.empty()) list += separator;
    list += prefix.text;
  }
  return list;
}

std::string static_protocol(const Config& config, Family family, std::string_view name, PrefixRole role) {
  const bool drain = name == "drain";
  const std::string_view filter = drain ? " import filter { bgp_community.add((65535,0)); accept; };" : "";
  std::string text = fmt::format(
      "\nprotocol static {} {{\n    disabled;\n    check link yes;\n"
      "    {} {{ preference {};{} }};\n",
      protocol_name(name, family), to_string(family), drain ? 250 : 200, filter);
  for (const Prefix& prefix : config.prefixes) {
    if (prefix.family != family || prefix.role != role) continue;
    text += fmt::format("    route {} via \"{}\";\n", prefix.text, config.service.device);
  }
  return text + "}\n";
}

std::string static_protocols(const Config& config) {
  std::string text;
  for (const Family family : kFamilies) {
    text += static_protocol(config, family, "specific", PrefixRole::Specific);
    text += static_protocol(config, family, "covering", PrefixRole::Covering);
    text += static_protocol(config, family, "drain", PrefixRole::Specific);
  }
  return text;
}

std::string export_filter(const Config& config, Family family) {
  std::string text = fmt::format("\nfilter EXPORT_{} {{\n    if source != RTS_STATIC then reject;\n",
                                 suffix(family));
  const auto accept = [&](PrefixRole role, const std::string& protocols) {
    const std::string list = prefix_list(config, family, role, ", ");
    if (list.empty()) return;
    text += fmt::format("    if ({}) && net ~ [ {} ] then accept;\n", protocols, list);
  };
  const auto from = [&](std::string_view role) {
    return fmt::format("proto = \"{}\"", protocol_name(role, family));
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

std::string session(const BgpConfig& bgp, const NeighbourConfig& neighbour) {
  std::string options;
  if (!neighbour.password.empty()) {
    options += fmt::format("    password \"{}\";\n", neighbour.password);
  }
  if (neighbour.gtsm) options += "    ttl security on;\n";
  if (neighbour.bfd) options += "    bfd on;\n";
  const Family family = neighbour.address.family;
  return fmt::format(kSession, neighbour.name, bgp.local_as, neighbour.address.text, neighbour.as,
                     neighbour.source.text, options, neighbour.hold_time, neighbour.hold_time,
                     neighbour.keepalive_time, neighbour.connect_delay_time, neighbour.connect_retry_time,
                     to_string(family), fmt::format("EXPORT_{}", suffix(family)));
}

}  // namespace

std::string bird_config(const Config& config) {
  std::string text = fmt::format(kHead, config.bgp.router_id);
  text += static_protocols(config);
  for (const Family family : kFamilies) text += export_filter(config, family);
  text += bfd_protocol(config.bgp);
  for (const NeighbourConfig& neighbour : config.bgp.neighbours) {
    text += session(config.bgp, neighbour);
  }
  return text;
}

}  // namespace imrs::bgp
