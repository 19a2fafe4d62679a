// The firewall's text. Called by `imrs-agent --print-firewall` and by `imrsctl config`, to see whether it
// changes. It must never limit or track what the engine answers (the engine limits, and a full table of
// connections would be an outage), never log or store an address, and never touch the loopback device: the
// agent's probes of the service addresses go by there.
#include "agent/site/firewall.h"

#include <fmt/format.h>

#include <array>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/config/address.h"

namespace imrs::site {
namespace {

// What a family's rules are written with.
struct Words {
  Family family;
  const char* ip;        // nft's name of the header
  const char* name;      // for people
  const char* version;   // at the end of the sets' names
  const char* type;      // of an address
  const char* hops;      // the field that counts down on the way
  const char* icmp;      // the protocol
  const char* martians;  // sources that nobody can have
};
constexpr std::array kWords{
    Words{Family::V4, "ip", "IPv4", "4", "ipv4_addr", "ttl", "icmp", "0.0.0.0/8, 127.0.0.0/8, 224.0.0.0/3"},
    Words{Family::V6, "ip6", "IPv6", "6", "ipv6_addr", "hoplimit", "icmpv6", "::1, ::ffff:0:0/96, ff00::/8"}};

const Words& words_of(Family family) { return kWords[static_cast<std::size_t>(family)]; }

// Rules with {ip}, {name}, {v}, {icmp}, {martians} and {port} in them, of one family.
std::string filled(std::string_view rules, const Words& words, std::uint16_t port) {
  return fmt::format(fmt::runtime(rules), fmt::arg("ip", words.ip), fmt::arg("name", words.name),
                     fmt::arg("v", words.version), fmt::arg("icmp", words.icmp),
                     fmt::arg("martians", words.martians), fmt::arg("port", port));
}

// The same for both, one after the other.
std::string of_both(std::string_view rules, std::uint16_t port = 0) {
  return filled(rules, kWords[0], port) + filled(rules, kWords[1], port);
}

using Texts = std::set<std::string>;  // in an order of its own: the same configuration gives the same text

template <typename List>
Texts of_family(const List& list, Family family) {
  Texts out;
  for (const auto& one : list) {
    if (one.family == family) out.insert(one.text);
  }
  return out;
}

// ---- sets ---------------------------------------------------------------------------------------------

// `networks`: not only addresses, which are found faster.
std::string set_text(const Words& words, std::string_view name, const Texts& elements, bool networks) {
  std::string text = fmt::format("    set {}{} {{\n        type {}\n", name, words.version, words.type);
  if (networks) text += "        flags interval\n        auto-merge\n";
  if (!elements.empty()) text += fmt::format("        elements = {{ {} }}\n", fmt::join(elements, ", "));
  return text + "    }\n";
}

// Addresses that nobody else can have as a source: whoever seems to is not who it seems.
Texts own_addresses(const Config& config, Family family) {
  Texts own = of_family(config.prefixes, family);
  if (config.management && config.management->family == family) own.insert(config.management->text);
  for (const NeighbourConfig& neighbour : config.bgp.neighbours) {
    if (neighbour.source.family == family) own.insert(neighbour.source.text);
  }
  return own;
}

std::string sets(const Config& config) {
  std::string text;
  for (const Words& words : kWords) {
    text += set_text(words, "service", of_family(config.service.addresses, words.family), false);
    text += set_text(words, "own", own_addresses(config, words.family), true);
    text += set_text(words, "icann", of_family(config.access.icann, words.family), true);
    text += set_text(words, "host", of_family(config.access.host, words.family), true);
    text += set_text(words, "time", of_family(config.access.time_servers, words.family), false);
  }
  return text;
}

// ---- before connections are tracked -------------------------------------------------------------------

// `peer`: "saddr" of what comes in, "daddr" of what goes out.
std::string neighbours_untracked(const BgpConfig& bgp, const char* peer) {
  std::string text;
  for (const NeighbourConfig& neighbour : bgp.neighbours) {
    const std::string from = fmt::format("        {} {} {} ", words_of(neighbour.address.family).ip, peer,
                                         neighbour.address.text);
    text += from + "tcp sport 179 notrack\n" + from + "tcp dport 179 notrack\n";
    if (neighbour.bfd) text += from + "udp dport 3784 notrack\n";
  }
  return text;
}

constexpr std::string_view kEarlyHead = R"(
    # Before anything else is done for a packet from outside. DNS, BGP and BFD are not tracked: in a flood the
    # table of connections would be full, and drop.
    chain early {
        type filter hook prerouting priority raw; policy accept;
        iif "lo" accept
        icmpv6 type nd-neighbor-advert ip6 hoplimit 255 accept comment "another machine with our address"
        # Of the link: who has no address yet asks for one (DHCP), and a switch who listens to what (IGMP).
        # That is not forged, so it is not counted below.
        ip saddr 0.0.0.0 ip daddr { 255.255.255.255, 224.0.0.0/4 } drop
)";
constexpr std::string_view kEarly =
    R"(        {ip} saddr @own{v} counter drop comment "own address from outside, {name}"
        {ip} saddr {{ {martians} }} counter drop comment "nobody's address, {name}"
        {ip} daddr @service{v} meta l4proto {{ tcp, udp }} th dport {port} notrack
)";

constexpr std::string_view kEarlyOutHead = R"(
    # The other direction of the same; the agent's probes ask from a service address.
    chain early_out {
        type filter hook output priority raw; policy accept;
)";
constexpr std::string_view kEarlyOut =
    R"(        {ip} saddr @service{v} meta l4proto {{ tcp, udp }} th sport {port} notrack
        {ip} daddr @service{v} meta l4proto {{ tcp, udp }} th dport {port} notrack
)";

std::string early_chains(const Config& config) {
  return std::string(kEarlyHead) + of_both(kEarly, config.service.port) +
         neighbours_untracked(config.bgp, "saddr") + "    }\n" + std::string(kEarlyOutHead) +
         of_both(kEarlyOut, config.service.port) + neighbours_untracked(config.bgp, "daddr") + "    }\n";
}

// ---- in -----------------------------------------------------------------------------------------------

constexpr std::string_view kInputHead = R"(
    chain input {
        type filter hook input priority filter; policy drop;
        iif "lo" accept

        # Queries: all of them. What is too much the engine limits, which sees what is asked.
)";
constexpr std::string_view kQueries =
    R"(        {ip} daddr @service{v} udp dport {port} counter accept comment "DNS, udp, {name}"
        {ip} daddr @service{v} tcp dport {port} counter accept comment "DNS, tcp, {name}"
)";

constexpr std::string_view kNeighboursHead = R"(
        # BGP and single-hop BFD, each neighbour from its own address only, and from the link itself (hop
        # limit 255) where that was agreed (RFC 5082) or is the rule (RFC 5881). Answers to connections of
        # ours are told by their flags: a session must not depend on a table of connections.
)";

std::string neighbours_in(const BgpConfig& bgp) {
  std::string text(kNeighboursHead);
  for (const NeighbourConfig& neighbour : bgp.neighbours) {
    const Words& words = words_of(neighbour.address.family);
    std::string from = "        ";
    if (!neighbour.interface.empty()) from += fmt::format("iifname \"{}\" ", neighbour.interface);
    from += fmt::format("{0} saddr {1} {0} daddr {2} ", words.ip, neighbour.address.text,
                        neighbour.source.text);
    const std::string close = fmt::format("{} {} 255 ", words.ip, words.hops);
    const std::string bgp_from = from + (neighbour.gtsm ? close : "");
    text += fmt::format("{}tcp dport 179 counter accept comment \"BGP, {}\"\n", bgp_from, neighbour.name);
    text += fmt::format("{}tcp sport 179 tcp flags & (syn | ack) != syn counter accept comment \"{}, {}\"\n",
                        bgp_from, "BGP, answers", neighbour.name);
    if (!neighbour.bfd) continue;
    text += fmt::format("{}{}udp dport 3784 counter accept comment \"BFD, {}\"\n", from, close,
                        neighbour.name);
  }
  return text;
}

constexpr std::string_view kIcmpIn = R"(
        # Errors, packet-too-big among them: TCP stalls without. Echo is for who looks whether the way to us
        # is good, not for a flood. Redirects and router advertisements are not taken: addresses and routes of
        # this machine are configured.
        icmp type { destination-unreachable, time-exceeded, parameter-problem } counter accept comment "ICMP"
        icmp type echo-request limit rate 100/second burst 100 packets counter accept comment "ping"
        icmp type echo-request counter drop comment "too many pings"
        icmpv6 type { destination-unreachable, packet-too-big } counter accept comment "ICMPv6"
        icmpv6 type { time-exceeded, parameter-problem } counter accept comment "ICMPv6, others"
        icmpv6 type echo-request limit rate 100/second burst 100 packets counter accept comment "ping, IPv6"
        icmpv6 type echo-request counter drop comment "too many pings, IPv6"
        icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } ip6 hoplimit 255 counter accept comment "ND"
        icmp type redirect counter drop comment "redirect"
        icmpv6 type { nd-redirect, nd-router-advert } counter drop comment "redirect, router advertisement"
        icmpv6 type mld-listener-query ip6 saddr fe80::/10 counter accept comment "multicast listeners"

        # What this machine itself has begun: transfers, time, updates.
        ct state { established, related } counter accept comment "answers to us"
        ct state invalid counter drop comment "belongs to nothing"
)";

// Address and port of each primary.
std::set<std::pair<std::string, std::uint16_t>> primaries_of(const Config& config, Family family) {
  std::set<std::pair<std::string, std::uint16_t>> out;
  for (const ZoneConfig& zone : config.zones) {
    for (const PrimaryConfig& primary : zone.primaries) {
      if (primary.address.family == family) out.emplace(primary.address.text, primary.port);
    }
  }
  return out;
}

std::string notify_in(const Config& config) {
  if (!config.management || config.notify_port == 0) return {};
  Texts primaries;
  for (const auto& primary : primaries_of(config, config.management->family)) primaries.insert(primary.first);
  if (primaries.empty()) return {};
  return fmt::format(
      "\n        # NOTIFY, by a primary to the management address. Transfers are ours to begin.\n"
      "        {0} saddr {{ {1} }} {0} daddr {2} meta l4proto {{ tcp, udp }} th dport {3} counter accept "
      "comment \"NOTIFY\"\n",
      words_of(config.management->family).ip, fmt::join(primaries, ", "), config.management->text,
      config.notify_port);
}

constexpr std::string_view kAccessHead = R"(
        # ICANN's networks: SSH (never at a service address, which is everywhere), the ops listener and the
        # NOC page. The host's: the NOC page and nothing else.
)";
constexpr std::string_view kSsh =
    R"(        {ip} saddr @icann{v} {ip} daddr != @service{v} tcp dport 22 counter accept comment "SSH {name}"
)";

// `who`: the name of a set of networks.
std::string listener_in(const Endpoint& endpoint, const char* who, const char* what) {
  if (is_loopback(endpoint.address)) return {};
  const Words& words = words_of(endpoint.address.family);
  const std::string& address = endpoint.address.text;
  const bool any = address == "0.0.0.0" || address == "::";
  return fmt::format(
      "        {0} saddr @{1}{2} {0} daddr {3} tcp dport {4} counter accept comment \"{5}, {1}\"\n", words.ip,
      who, words.version, any ? fmt::format("!= @service{}", words.version) : address, endpoint.port, what);
}

std::string access_in(const Config& config) {
  std::string text = std::string(kAccessHead) + of_both(kSsh);
  for (const Endpoint& endpoint : config.web.ops) text += listener_in(endpoint, "icann", "ops");
  for (const Endpoint& endpoint : config.web.noc) {
    text += listener_in(endpoint, "host", "NOC page") + listener_in(endpoint, "icann", "NOC page");
  }
  return text;
}

std::string chain_input(const Config& config) {
  return std::string(kInputHead) + of_both(kQueries, config.service.port) + neighbours_in(config.bgp) +
         std::string(kIcmpIn) + notify_in(config) + access_in(config) +
         "\n        counter comment \"all else, dropped\"\n    }\n";
}

// ---- out ----------------------------------------------------------------------------------------------

// The policy is to accept: which mirror, resolver and collector of logs are used, agent.json does not say,
// and a machine that cannot be updated is no safer. What talks to strangers is held by its user instead.
constexpr std::string_view kOutputHead = R"(
    chain output {
        type filter hook output priority filter; policy accept;
        oif "lo" accept

        # A service address is for answering: nothing else leaves with it, but ICMP.
)";
constexpr std::string_view kAnswers =
    R"(        {ip} saddr @service{v} udp sport {port} counter accept comment "answers, udp, {name}"
        {ip} saddr @service{v} tcp sport {port} counter accept comment "answers, tcp, {name}"
        {ip} saddr @service{v} meta l4proto {icmp} counter accept comment "ICMP of the service, {name}"
        {ip} saddr @service{v} counter drop comment "no answer, from a service address, {name}"
)";

constexpr std::string_view kSources = R"(
        # No source that is not this machine's own, whatever runs here (BCP 38). Neighbour discovery and
        # multicast listeners' reports may have none yet.
        icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit } accept
        icmpv6 type { mld-listener-report, mld2-listener-report } accept
        fib saddr type != local counter drop comment "not an address of this machine"
)";

constexpr std::string_view kProgramsHead = R"(
        # Our own programs answer and never ask; imrs-zone asks the primaries. Should one be taken over, it
        # gets no further. Other users of this machine are not limited.
)";

std::string programs_out(const Config& config) {
  const UserConfig& users = config.users;
  std::string text(kProgramsHead);
  for (const Words& words : kWords) {
    Texts primaries;
    for (const auto& [address, port] : primaries_of(config, words.family)) {
      primaries.insert(fmt::format("{} . {}", address, port));
    }
    if (primaries.empty()) continue;
    text += fmt::format(
        "        meta skuid {0} meta l4proto {{ tcp, udp }} {1} daddr . th dport {{ {2} }} counter accept "
        "comment \"transfers, {3}\"\n",
        users.zone_uid, words.ip, fmt::join(primaries, ", "), words.name);
  }
  const std::set<std::uint32_t> ours{users.agent_uid, users.launcher_uid, users.engine_uid,
                                     users.zone_uid,  users.web_uid,      users.audit_uid};
  // BGP and BFD are not tracked, and so have no direction: they are BIRD's alone.
  return text + fmt::format(
                    "        meta skuid {{ {0} }} ct direction original counter drop comment \"a program of "
                    "ours, asking\"\n"
                    "        meta skuid {{ {0} }} ct state untracked counter drop comment \"a program of "
                    "ours, as BIRD\"\n",
                    fmt::join(ours, ", "));
}

constexpr std::string_view kTime =
    "        {ip} daddr @time{v} udp dport 123 counter accept comment \"NTP, {name}\"\n";

// Without configured servers the machine has those of its distribution, which may be anywhere.
std::string time_out(const AccessConfig& access) {
  if (access.time_servers.empty()) return {};
  return "\n        # Time is asked of the configured servers only.\n" + of_both(kTime) +
         "        udp dport 123 counter drop comment \"NTP to others\"\n";
}

std::string chain_output(const Config& config) {
  return std::string(kOutputHead) + of_both(kAnswers, config.service.port) + std::string(kSources) +
         programs_out(config) + time_out(config.access) +
         "\n        counter comment \"all else, sent\"\n    }\n";
}

constexpr std::string_view kHead =
    R"(# Made by imrs-agent --print-firewall from agent.json: change that, not this. For nft -f.
# Counters say how much of each there was; no address is kept or logged.
table inet imrs
delete table inet imrs
table inet imrs {
)";
constexpr std::string_view kForward = R"(
    # This is no router: what comes for the rest of the prefixes ends here.
    chain forward {
        type filter hook forward priority filter; policy drop;
        counter comment "not for this machine, dropped"
    }
}
)";

}  // namespace

std::string firewall_rules(const Config& config) {
  return std::string(kHead) + sets(config) + early_chains(config) + chain_input(config) +
         chain_output(config) + std::string(kForward);
}

}  // namespace imrs::site
