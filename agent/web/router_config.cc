// Snippets of configuration for the host's router. Called for the pages that imrs-web serves. It must never
// hold a secret, nor anything that touches more of the router than its sessions with this appliance.
#include "agent/web/router_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "agent/web/router_sessions.h"

namespace imrs::web {
namespace {

FamilyPart part_of(const WebSettings& settings, Family family) {
  FamilyPart part;
  part.family = family;
  std::ranges::copy_if(settings.prefixes, std::back_inserter(part.prefixes), [&](const std::string& prefix) {
    return (prefix.find(':') == std::string::npos) == (family == Family::V4);
  });
  std::ranges::copy_if(settings.neighbours, std::back_inserter(part.neighbours),
                       [&](const WebNeighbour& one) { return one.family == family; });
  return part;
}

Sessions sessions_of(const WebSettings& settings) {
  Sessions sessions;
  sessions.identity = settings.identity;
  for (const Family family : kFamilies) {
    FamilyPart part = part_of(settings, family);
    if (part.prefixes.empty() || part.neighbours.empty()) continue;
    sessions.local_as = part.neighbours.front().local_as;
    sessions.families.push_back(std::move(part));
  }
  return sessions;
}

std::string list_of_sessions(const Sessions& sessions) {
  std::string text;
  for (const FamilyPart& part : sessions.families) {
    for (const WebNeighbour& one : part.neighbours) {
      text += fmt::format("  {}: this router {} AS {}, the appliance {} AS {}\n", one.name, one.address,
                          one.as, one.source, one.local_as);
    }
  }
  return text;
}

std::string list_of_sources(const Sessions& sessions) {
  std::string text;
  for (const FamilyPart& part : sessions.families) {
    for (const std::string& prefix : part.prefixes) text += fmt::format("  {}\n", prefix);
    for (const WebNeighbour& one : part.neighbours) text += fmt::format("  {}\n", one.source);
    if (part.family == Family::V6) text += "  fe80::/10 (neighbour discovery)\n";
  }
  return text;
}

}  // namespace

std::vector<std::uint32_t> host_ases(const Sessions& sessions) {
  std::vector<std::uint32_t> list;
  for (const FamilyPart& part : sessions.families) {
    for (const WebNeighbour& one : part.neighbours) {
      if (std::ranges::find(list, one.as) == list.end()) list.push_back(one.as);
    }
  }
  return list;
}

std::string remarks(const Sessions& sessions) {
  std::string text = fmt::format("BGP sessions with {}; of several routers each takes its own:\n{}",
                                 sessions.identity, list_of_sessions(sessions));
  text += fmt::format(
      "Accepted are exactly the prefixes below, with a path of AS {} only, once or more often. Before it\n"
      "goes, the appliance sends GRACEFUL_SHUTDOWN (65535:0, RFC 8326): local preference 0 lets other paths\n"
      "win first. It never asks for a blackhole; do not act on BLACKHOLE (65535:666) from it.\n"
      "It uses no route that it is sent: send none, or a default route only.\n",
      sessions.local_as);
  if (sessions.any([](const WebNeighbour& one) { return one.password; })) {
    text += fmt::format("{}: the one agreed for the session. The appliance shows it nowhere.\n",
                        kPasswordPlace);
  }
  if (sessions.any([](const WebNeighbour& one) { return one.bfd; })) {
    text += fmt::format("BFD: the appliance offers {} ms x {}; the slower side's interval counts.\n",
                        kBfdInterval, kBfdMultiplier);
  }
  return text +
         "BCP 38: at the appliance's port let in packets of these sources only (and of its management "
         "address\n"
         "if that is there), by an access list: a strict reverse path check would drop the last answers of "
         "a\n"
         "prefix that has just been withdrawn.\n" +
         list_of_sources(sessions);
}

std::string description(const Sessions& sessions, const WebNeighbour& neighbour) {
  return fmt::format("{} {}", sessions.identity, neighbour.name);
}

std::string prefixed_lines(std::string_view prefix, std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    out += fmt::format("{}{}\n", prefix, text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return out;
}

std::string block(std::string_view head, std::string_view body, std::string_view end) {
  return fmt::format("{} {{\n{}{}", head, prefixed_lines("    ", body), end);
}

std::vector<RouterSnippet> router_snippets(const WebSettings& settings) {
  const Sessions sessions = sessions_of(settings);
  if (sessions.families.empty()) return {};
  return {{"BIRD 2", bird_snippet(sessions)},
          {"FRR", frr_snippet(sessions)},
          {"Junos", junos_snippet(sessions)},
          {"IOS XR", ios_xr_snippet(sessions)}};
}

}  // namespace imrs::web
