// The snippets for the two open source daemons. Called by router_snippets(). What is the router's own (other
// protocols, other neighbours, defaults of all its sessions) must not be touched.
#include "agent/web/router_sessions.h"

#include <fmt/format.h>

namespace imrs::web {
namespace {

// ---- BIRD 2 -----------------------------------------------------------------------------------------------

std::string bird_filter(const Sessions& sessions, const FamilyPart& part) {
  return block(fmt::format("\nfilter imrs_in{}", part.digit()),
               fmt::format("if net !~ [ {} ] then reject;\n"
                           "if bgp_path !~ [= {}+ =] then reject;\n"
                           "if (65535, 0) ~ bgp_community then bgp_local_pref = 0;\n"
                           "accept;\n",
                           fmt::join(part.prefixes, ", "), sessions.local_as));
}

// The limit is of what is received: what the filter refuses is counted only if it is kept.
std::string bird_channel(const FamilyPart& part) {
  return block(to_string(part.family),
               fmt::format("import filter imrs_in{};\n"
                           "import keep filtered on;\n"
                           "receive limit {} action restart;\n"
                           "export none;    # or: export where net = {};\n",
                           part.digit(), part.limit(), part.family == Family::V4 ? "0.0.0.0/0" : "::/0"),
               "};\n");
}

std::string bird_session(const Sessions& sessions, const FamilyPart& part, const WebNeighbour& one) {
  std::string body = fmt::format(
      "description \"{}\";\nlocal {} as {};\nneighbor {} as {};\nhold time {};\nkeepalive time {};\n",
      description(sessions, one), one.address, one.as, one.source, one.local_as, one.hold_time,
      one.keepalive_time);
  if (one.password) body += fmt::format("password \"{}\";\n", kPasswordPlace);
  if (one.gtsm) body += "ttl security on;\n";
  if (one.bfd)
    body += fmt::format("bfd {{ interval {} ms; multiplier {}; }};\n", kBfdInterval, kBfdMultiplier);
  return block(fmt::format("\nprotocol bgp imrs_{}", one.name), body + bird_channel(part));
}

// ---- FRR --------------------------------------------------------------------------------------------------

std::string frr_route_map(const FamilyPart& part) {
  const std::string_view ip = part.family == Family::V4 ? "ip" : "ipv6";
  const std::string match = fmt::format(" match {} address prefix-list IMRS-V{}\n match as-path IMRS-PATH\n",
                                        ip, part.digit());
  const std::string head = fmt::format("route-map IMRS-IN-V{} permit", part.digit());
  return fmt::format(
      "{} 10\n{} match community IMRS-GRACEFUL-SHUTDOWN\n set local-preference 0\nexit\n{} 20\n{}exit\n",
      head, match, head, match);
}

std::string frr_policy(const Sessions& sessions) {
  std::string text;
  for (const FamilyPart& part : sessions.families) {
    const std::string_view ip = part.family == Family::V4 ? "ip" : "ipv6";
    for (std::size_t i = 0; i < part.prefixes.size(); ++i) {
      text += fmt::format("{} prefix-list IMRS-V{} seq {} permit {}\n", ip, part.digit(), 5 * (i + 1),
                          part.prefixes[i]);
    }
  }
  text += fmt::format(
      "bgp as-path access-list IMRS-PATH seq 5 permit ^{0}(_{0})*$\n"
      "bgp community-list standard IMRS-GRACEFUL-SHUTDOWN seq 5 permit graceful-shutdown\n",
      sessions.local_as);
  for (const FamilyPart& part : sessions.families) text += frr_route_map(part);
  return text + "route-map IMRS-OUT deny 10\nexit\n";
}

// The default interval of FRR is 300 ms.
std::string frr_bfd() {
  return fmt::format(
      "bfd\n profile IMRS\n  detect-multiplier {0}\n  receive-interval {1}\n  transmit-interval {1}\n exit\n"
      "exit\n",
      kBfdMultiplier, kBfdInterval);
}

// FRR 8.4 starts a multihop BFD session (RFC 5883) beside ttl-security, FRR 10.3 beside update-source (FRR's
// issue 19077). The appliance has single-hop BFD only, and without its TTL security no session comes up.
bool frr_has_bfd(const WebNeighbour& one) { return one.bfd && !one.gtsm; }

std::string frr_session(const Sessions& sessions, const WebNeighbour& one) {
  std::string body = fmt::format("remote-as {}\ndescription {}\ntimers {} {}\n", one.local_as,
                                 description(sessions, one), one.keepalive_time, one.hold_time);
  body += frr_has_bfd(one) ? "bfd\nbfd profile IMRS\n" : fmt::format("update-source {}\n", one.address);
  if (one.password) body += fmt::format("password {}\n", kPasswordPlace);
  if (one.gtsm) body += "ttl-security hops 1\n";
  return prefixed_lines(fmt::format(" neighbor {} ", one.source), body);
}

// `force` counts what the route-map refuses too, and needs soft-reconfiguration for it.
std::string frr_activation(const FamilyPart& part, const WebNeighbour& one) {
  return prefixed_lines(
      fmt::format("  neighbor {} ", one.source),
      fmt::format("activate\nsoft-reconfiguration inbound\nmaximum-prefix {} restart {} force\n"
                  "route-map IMRS-IN-V{} in\nroute-map IMRS-OUT out\n",
                  part.limit(), kLimitPause, part.digit()));
}

// Unless told otherwise FRR activates IPv4 in every session.
std::string frr_families(const Sessions& sessions, std::uint32_t as) {
  std::string ipv4, ipv6;
  for (const FamilyPart& part : sessions.families) {
    for (const WebNeighbour& one : part.neighbours) {
      if (one.as != as) continue;
      (part.family == Family::V4 ? ipv4 : ipv6) += frr_activation(part, one);
      if (part.family == Family::V6) ipv4 += fmt::format("  no neighbor {} activate\n", one.source);
    }
  }
  std::string text = fmt::format(" address-family ipv4 unicast\n{} exit-address-family\n", ipv4);
  if (ipv6.empty()) return text;
  return text + fmt::format(" address-family ipv6 unicast\n{} exit-address-family\n", ipv6);
}

std::string frr_remarks(const Sessions& sessions) {
  std::string text = "FRR 8 or later. For a default route: neighbor ADDRESS default-originate, per family.\n";
  if (sessions.any(frr_has_bfd)) text += "BFD needs the daemon bfdd.\n";
  if (sessions.any([](const WebNeighbour& one) { return one.bfd && one.gtsm; })) {
    text +=
        "BFD is left out where there is ttl-security: FRR would start multihop BFD, which the appliance "
        "does\n"
        "not answer. The hold time alone watches that session; for BFD, agree on one without ttl-security.\n";
  }
  return text;
}

std::string frr_router(const Sessions& sessions, std::uint32_t as) {
  std::string text = fmt::format("router bgp {}\n", as);
  for (const FamilyPart& part : sessions.families) {
    for (const WebNeighbour& one : part.neighbours) {
      if (one.as == as) text += frr_session(sessions, one);
    }
  }
  return text + frr_families(sessions, as) + "exit\n";
}

}  // namespace

std::string bird_snippet(const Sessions& sessions) {
  std::string head = remarks(sessions) + "BIRD 2.0.8 or later.\n";
  if (sessions.any([](const WebNeighbour& one) { return one.bfd; })) {
    head += "BFD needs \"protocol bfd { }\" once in the whole configuration.\n";
  }
  std::string text = prefixed_lines("# ", head);
  for (const FamilyPart& part : sessions.families) text += bird_filter(sessions, part);
  for (const FamilyPart& part : sessions.families) {
    for (const WebNeighbour& one : part.neighbours) text += bird_session(sessions, part, one);
  }
  return text;
}

std::string frr_snippet(const Sessions& sessions) {
  std::string text = prefixed_lines("! ", remarks(sessions) + frr_remarks(sessions)) + frr_policy(sessions);
  if (sessions.any(frr_has_bfd)) text += frr_bfd();
  for (const std::uint32_t as : host_ases(sessions)) text += frr_router(sessions, as);
  return text;
}

}  // namespace imrs::web
