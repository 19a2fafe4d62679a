// Judges what queries and responses have shown. Called by checks.cc. A point that only the far side could
// answer is unknown, and says what to run there.
#include "agent/preflight/dns_points.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/preflight/words.h"
#include "dns/wire/protocol.h"

namespace imrs::preflight {
namespace {

constexpr std::size_t kPlainUdp = 512;  // octets: what goes without EDNS
// What fits into an Ethernet frame's 1500 octets with the headers of IP and UDP.
constexpr std::size_t kOnePacket4 = 1472, kOnePacket6 = 1452;
constexpr std::uint64_t kEnoughQueries = 100;  // more than anybody's tries from this machine

bool is_good(const Exchange& exchange) {
  return is_answered(exchange) && exchange.response.rcode == wire::rcode::NoError &&
         exchange.response.answers > 0 && !exchange.response.truncated;
}

std::string seen_text(const PrimarySeen& primary, const Exchange& exchange) {
  return primary.primary + ": " + exchange_text(exchange);
}

Finding no_primary() {
  return unknown("no primary is configured: there is nobody to ask", "configure the zones' primaries");
}

// What one primary says about a point.
struct Sign {
  Verdict verdict = Verdict::Unknown;
  std::string text;
};

// One failure fails the point; without one, a single success is enough.
Finding sum_of(const std::vector<Sign>& signs, const std::string& if_failed, const std::string& if_unknown) {
  std::vector<std::string> of[3];
  for (const Sign& sign : signs) of[static_cast<std::size_t>(sign.verdict)].push_back(sign.text);
  const auto& [passed, failed, others] = of;
  if (!failed.empty()) return fail(joined(failed, "; "), if_failed);
  if (!passed.empty()) return pass(joined(passed, "; "));
  return unknown(joined(others, "; "), if_unknown);
}

Sign edns_sign(const PrimarySeen& primary) {
  const Exchange& seen = primary.edns;
  const std::string text = seen_text(primary, seen);
  if (!is_answered(primary.plain)) return {Verdict::Unknown, primary.primary + " does not answer at all"};
  if (!is_answered(seen))
    return {Verdict::Fail, text + " to a query with EDNS of 1232 octets, but it answers without"};
  if (is_good(seen) && seen.response.size > kPlainUdp) return {Verdict::Pass, text};
  return {Verdict::Unknown, text};
}

std::size_t one_packet(Family family) { return family == Family::V4 ? kOnePacket4 : kOnePacket6; }

Sign fragments_sign(const PrimarySeen& primary) {
  const Exchange& seen = primary.large;
  const std::string text = seen_text(primary, seen);
  if (!is_answered(primary.plain)) return {Verdict::Unknown, primary.primary + " does not answer at all"};
  if (is_answered(seen)) {
    const bool in_pieces = seen.response.size > one_packet(primary.family);
    return in_pieces ? Sign{Verdict::Pass, text + ", in fragments"}
                     : Sign{Verdict::Unknown, text + ", not enough to need fragments"};
  }
  const bool only_large = is_answered(primary.large_cut);
  return {only_large ? Verdict::Fail : Verdict::Unknown,
          text + " to ANY with EDNS of 4096 octets" + (only_large ? ", but there is one with 1232" : "")};
}

std::string path_text(const ServiceSeen& seen) {
  return fmt::format("{} by {}: {}", seen.address.text, transport_name(seen.transport),
                     exchange_text(seen.exchange));
}

// From beyond the router next to us. The limit tells too: that router may send from another address than the
// gateway's, which in IPv6 is mostly link-local.
bool is_far(const HopSeen& hop, std::span<const WayOut> ways) {
  if (hop.reporter.empty() || hop.hops <= 1) return false;
  return std::ranges::none_of(ways, [&](const WayOut& way) { return way.gateway == hop.reporter; });
}

// `hop`: null if nobody was sent anything.
std::string hop_text(Family family, const HopSeen* hop, bool far) {
  const std::string_view name = family_name(family);
  if (hop == nullptr) return fmt::format("{}: no primary to send anything to", name);
  if (hop->reporter.empty()) {
    return fmt::format("{}: no router on the way to {} says anything", name, hop->target);
  }
  return fmt::format(
      "{}: {} says by ICMP that a hop limit was too small{}", name, hop->reporter,
      far ? "" : ", but that is the router next to us; nothing is known of what comes from beyond it");
}

}  // namespace

Finding judge_service(std::span<const ServiceSeen> seen, bool agent_runs) {
  std::vector<std::string> bad;
  for (const ServiceSeen& one : seen) {
    if (!is_good(one.exchange)) bad.push_back(path_text(one));
  }
  if (bad.empty()) {
    return pass(
        fmt::format("all {} paths answer from here: each service address by UDP and TCP", seen.size()));
  }
  if (!agent_runs)
    return unknown("the agent does not run; " + joined(bad, "; ", 4), "start imrs-agent, and ask again");
  return fail(joined(bad, "; ", 4), "imrsctl status, imrsctl probes: what does the agent say of it?");
}

Finding judge_reached(const std::optional<QueriesSeen>& queries, const std::string& address,
                      const std::string& identity) {
  const std::string elsewhere = fmt::format(
      "elsewhere in the host's network, also with +tcp and for each service address: dig +norec +nsid @{} . "
      "SOA; "
      "the NSID has to be {}",
      address, identity);
  if (!queries) return unknown("the agent does not run: nobody has counted what comes", elsewhere);
  std::vector<std::string> seen;
  bool enough = true;
  for (const Transport transport : kTransports) {
    for (const Family family : kFamilies) {
      const std::uint64_t count =
          (*queries)[static_cast<std::size_t>(transport)][static_cast<std::size_t>(family)];
      enough = enough && count > kEnoughQueries;
      seen.push_back(fmt::format("{} {} {}", transport_name(transport), family_name(family), count));
    }
  }
  const std::string text = "queries that came since the agent started: " + joined(seen);
  if (enough) return pass(text);
  return unknown(text + "; so few prove nothing", elsewhere);
}

Finding judge_primaries(std::span<const PrimarySeen> primaries, Transport transport) {
  if (primaries.empty()) return no_primary();
  std::vector<std::string> good, bad;
  for (const PrimarySeen& primary : primaries) {
    const Exchange& exchange = transport == Transport::Udp ? primary.plain : primary.stream;
    // A refusal has come all the way too.
    (is_answered(exchange) ? good : bad).push_back(seen_text(primary, exchange));
  }
  if (bad.empty()) return pass(joined(good, "; "));
  return fail(
      joined(bad, "; "),
      fmt::format("have {} port 53 opened between the management address and the primaries, both ways",
                  transport_name(transport)));
}

Finding judge_edns(std::span<const PrimarySeen> primaries) {
  if (primaries.empty()) return no_primary();
  std::vector<Sign> signs;
  for (const PrimarySeen& primary : primaries) signs.push_back(edns_sign(primary));
  return sum_of(
      signs, "have whatever is on the way let DNS over UDP beyond 512 octets pass",
      "from here: dig +norec +dnssec +bufsize=1232 @PRIMARY . DNSKEY, at a primary that answers it");
}

Finding judge_fragments(std::span<const PrimarySeen> primaries) {
  if (primaries.empty()) return no_primary();
  std::vector<Sign> signs;
  for (const PrimarySeen& primary : primaries) signs.push_back(fragments_sign(primary));
  return sum_of(
      signs,
      "have the host's network let fragments pass: RFC 8900; the service itself sends none above 1232 "
      "octets, but what comes may be cut",
      "from outside: ping -s 2000 MANAGEMENT-ADDRESS has to be answered");
}

Finding not_of_all(Finding finding, std::size_t asked, std::size_t unasked) {
  if (unasked == 0) return finding;
  // In front: the end of a long line is cut.
  finding.evidence = fmt::format("{} primaries were asked, {} more {} not asked; {}", asked, unasked,
                                 unasked == 1 ? "was" : "were", finding.evidence);
  if (finding.verdict != Verdict::Pass) return finding;
  return unknown(finding.evidence,
                 "the others, from here: dig +norec +dnssec @PRIMARY . SOA, also with +tcp; then DNSKEY with "
                 "+bufsize=1232 and ANY with +bufsize=4096, both with +ignore");
}

Finding judge_icmp(const IcmpFacts& facts, std::span<const WayOut> ways) {
  constexpr const char* kFromOutside =
      "from here: tracepath -n PRIMARY has to name the routers on the way; from outside: ping -M do -s 1472 "
      "MANAGEMENT-ADDRESS (IPv6: -s 1452) has to be answered, or to say what is too big";
  std::vector<std::string> seen;
  std::size_t heard = 0;
  for (const Family family : kFamilies) {
    const auto found = std::ranges::find(facts.hops, family, &HopSeen::family);
    const HopSeen* const hop = found == facts.hops.end() ? nullptr : &*found;
    const bool far = hop != nullptr && is_far(*hop, ways);
    const bool too_big = family == Family::V6 && facts.too_big6 > 0;
    if (too_big) seen.push_back(fmt::format("IPv6: {} times \"packet too big\"", facts.too_big6));
    if (far || !too_big) seen.push_back(hop_text(family, hop, far));
    if (far || too_big) ++heard;
  }
  if (heard == kFamilies.size()) return pass("ICMP errors come in; " + joined(seen, "; "));
  return unknown(joined(seen, "; "), kFromOutside);
}

}  // namespace imrs::preflight
