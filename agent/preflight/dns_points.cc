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

Finding judge_icmp(const IcmpFacts& facts) {
  constexpr const char* kFromOutside =
      "from here: tracepath -n PRIMARY has to name the routers on the way; from outside: ping -M do -s 1472 "
      "MANAGEMENT-ADDRESS (IPv6: -s 1452) has to be answered, or to say what is too big";
  std::vector<std::string> seen;
  std::size_t heard = 0;
  for (const Family family : kFamilies) {
    const auto hop = std::ranges::find(facts.hops, family, &HopSeen::family);
    const bool asked = hop != facts.hops.end();
    const bool too_big = family == Family::V6 && facts.too_big6 > 0;
    if (too_big) seen.push_back(fmt::format("IPv6: {} times \"packet too big\"", facts.too_big6));
    if (asked && !hop->reporter.empty()) {
      seen.push_back(fmt::format("{}: {} says by ICMP that a hop limit was too small", family_name(family),
                                 hop->reporter));
    }
    if (too_big || (asked && !hop->reporter.empty())) {
      ++heard;
    } else {
      seen.push_back(fmt::format("{}: {}", family_name(family),
                                 asked ? "no router on the way to " + hop->target + " says anything"
                                       : std::string("no primary to send anything to")));
    }
  }
  if (heard == kFamilies.size()) return pass("ICMP errors come in; " + joined(seen, "; "));
  return unknown(joined(seen, "; "), kFromOutside);
}

}  // namespace imrs::preflight
