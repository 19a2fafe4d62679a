// The snippets for the two vendors. Called by router_snippets(). What is the router's own (its AS, filters of
// its interfaces, what holds for all its sessions) must not be touched: it is said in a remark.
#include "agent/web/router_sessions.h"

#include <fmt/format.h>

#include <algorithm>

namespace imrs::web {
namespace {

constexpr std::uint16_t kShortHold = 20;  // seconds; below, Junos wants precision-timers

// ---- Junos ------------------------------------------------------------------------------------------------

std::string junos_term(const FamilyPart& part, bool drain) {
  std::string from = "as-path IMRS-PATH;\n";
  if (drain) from += "community IMRS-GRACEFUL-SHUTDOWN;\n";
  for (const std::string& prefix : part.prefixes) from += fmt::format("route-filter {} exact;\n", prefix);
  const std::string then = drain ? block("then", "local-preference 0;\naccept;\n") : "then accept;\n";
  return block(drain ? "term drain" : "term normal", block("from", from) + then);
}

std::string junos_policy(const Sessions& sessions) {
  std::string body = fmt::format("as-path IMRS-PATH \"{}+\";\n", sessions.local_as);
  body += "community IMRS-GRACEFUL-SHUTDOWN members 65535:0;\n";
  for (const FamilyPart& part : sessions.families) {
    body += block(fmt::format("policy-statement IMRS-IN-V{}", part.digit()),
                  junos_term(part, true) + junos_term(part, false) + "then reject;\n");
  }
  return block("policy-options", body + block("policy-statement IMRS-OUT", "then reject;\n"));
}

std::string junos_limit(const FamilyPart& part) {
  const std::string limit = fmt::format("maximum {};\nteardown {} idle-timeout {};\n", part.limit(),
                                        kLimitWarning, kLimitPause);
  return block(part.family == Family::V4 ? "family inet" : "family inet6",
               block("unicast", block("prefix-limit", limit)));
}

// A group for each session: these statements are all allowed at that level.
std::string junos_session(const Sessions& sessions, const FamilyPart& part, const WebNeighbour& one) {
  std::string body = fmt::format(
      "type external;\ndescription \"{}\";\nlocal-address {};\npeer-as {};\nhold-time {};\n",
      description(sessions, one), one.address, one.local_as, one.hold_time);
  if (one.password) body += fmt::format("authentication-key \"{}\";\n", kPasswordPlace);
  if (one.gtsm) body += "ttl 255;\n";
  if (one.bfd) {
    body += block("bfd-liveness-detection",
                  fmt::format("minimum-interval {};\nmultiplier {};\n", kBfdInterval, kBfdMultiplier));
  }
  body += fmt::format("import IMRS-IN-V{};\nexport IMRS-OUT;\n", part.digit()) + junos_limit(part);
  return block(fmt::format("group IMRS-{}", one.name), body + fmt::format("neighbor {};\n", one.source));
}

std::string junos_remarks(const Sessions& sessions) {
  std::string text =
      "To be loaded with \"load merge terminal\". This router's AS above is routing-options "
      "autonomous-system;\n"
      "where that is another, the group needs local-as. The keepalive interval is a third of the hold time.\n"
      "To send a default route, put a term before the \"then reject\" of IMRS-OUT.\n";
  if (sessions.any([](const WebNeighbour& one) { return one.hold_time < kShortHold; })) {
    text += fmt::format(
        "With hold times below {} s, \"protocols bgp precision-timers\" keeps the keepalives on time. Where\n"
        "hold-time is refused as too low, leave it out: the lower of both sides' hold times counts.\n",
        kShortHold);
  }
  if (sessions.any([](const WebNeighbour& one) { return one.gtsm; })) {
    text +=
        "\"ttl 255\" is what is sent. What comes in is checked by a filter of the interface: protocol tcp,\n"
        "port bgp, ttl-except 255 (IPv6: hop-limit-except 255), discard.\n";
  }
  return text;
}

// ---- IOS XR -----------------------------------------------------------------------------------------------

std::string xr_policy(const FamilyPart& part) {
  return fmt::format(
      "prefix-set IMRS-V{0}\n  {1}\nend-set\n!\n"
      "route-policy IMRS-IN-V{0}\n"
      "  if not destination in IMRS-V{0} then\n    drop\n  endif\n"
      "  if not as-path in IMRS-PATH then\n    drop\n  endif\n"
      "  if community matches-any (65535:0) then\n    set local-preference 0\n  endif\n"
      "  pass\nend-policy\n!\n",
      part.digit(), fmt::join(part.prefixes, ",\n  "));
}

std::string xr_session(const Sessions& sessions, const FamilyPart& part, const WebNeighbour& one) {
  std::string text = fmt::format(" neighbor {}\n  remote-as {}\n  description {}\n  timers {} {}\n",
                                 one.source, one.local_as, description(sessions, one), one.keepalive_time,
                                 one.hold_time);
  if (one.password) text += fmt::format("  password clear {}\n", kPasswordPlace);
  if (one.gtsm) text += "  ttl-security\n";
  if (one.bfd) {
    text += fmt::format("  bfd fast-detect\n  bfd multiplier {}\n  bfd minimum-interval {}\n", kBfdMultiplier,
                        kBfdInterval);
  }
  return text + fmt::format(
                    "  address-family {} unicast\n   route-policy IMRS-IN-V{} in\n"
                    "   route-policy IMRS-OUT out\n   maximum-prefix {} {} restart {}\n  !\n !\n",
                    to_string(part.family), part.digit(), part.limit(), kLimitWarning, kLimitPause);
}

std::string xr_router(const Sessions& sessions, std::uint32_t as) {
  std::string families, neighbours;
  for (const FamilyPart& part : sessions.families) {
    if (std::ranges::count(part.neighbours, as, &WebNeighbour::as) == 0) continue;
    families += fmt::format(" address-family {} unicast\n !\n", to_string(part.family));
    for (const WebNeighbour& one : part.neighbours) {
      if (one.as == as) neighbours += xr_session(sessions, part, one);
    }
  }
  return fmt::format("router bgp {}\n{}{}!\n", as, families, neighbours);
}

}  // namespace

std::string junos_snippet(const Sessions& sessions) {
  std::string groups;
  for (const FamilyPart& part : sessions.families) {
    for (const WebNeighbour& one : part.neighbours) groups += junos_session(sessions, part, one);
  }
  return fmt::format("/*\n{} */\n", prefixed_lines(" * ", remarks(sessions) + junos_remarks(sessions))) +
         junos_policy(sessions) + block("protocols", block("bgp", groups));
}

std::string ios_xr_snippet(const Sessions& sessions) {
  std::string text = prefixed_lines(
      "! ", remarks(sessions) +
                "This router's addresses above are those of the interface to the appliance.\n"
                "For a default route: default-originate, under the neighbour's address-family.\n");
  text += fmt::format("as-path-set IMRS-PATH\n  ios-regex '^{0}(_{0})*$'\nend-set\n!\n", sessions.local_as);
  for (const FamilyPart& part : sessions.families) text += xr_policy(part);
  text += "route-policy IMRS-OUT\n  drop\nend-policy\n!\n";
  for (const std::uint32_t as : host_ases(sessions)) text += xr_router(sessions, as);
  return text;
}

}  // namespace imrs::web
