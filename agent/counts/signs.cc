// Judges rates by thresholds. Called by imrsctl's attack report and by the ops page. Each sign is a function
// of its own, which says nothing (an empty text) where it does not see it; what is not known is NaN, of
// which every comparison is false.
#include "agent/counts/signs.h"

#include <fmt/format.h>

#include <cmath>

#include "agent/base/query_kinds.h"

namespace imrs::counts {
namespace {

constexpr double kKilo = 1e3, kMega = 1e6, kGiga = 1e9;
constexpr std::uint16_t kTypeRrsig = 46, kTypeDnskey = 48, kTypeAny = 255;
// What comes in besides a query's own octets. UDP: Ethernet, IPv6 and UDP headers. TCP: handshake, query,
// acknowledgements and end, seven segments of at most 86 octets.
constexpr double kUdpHeaders = 14 + 40 + 8, kTcpHeaders = 7 * 86;

double share(double part, double whole) { return whole > 0 ? part / whole : 0; }

std::string percent(double part, double whole) { return fmt::format("{:.0f} %", 100 * share(part, whole)); }

std::string line_full(const Rates& r) {
  const bool in = share(r.link_in, r.line) >= kFullLine, out = share(r.link_out, r.line) >= kFullLine;
  if (!in && !out) return "";
  std::string text = "the link is full:";
  if (in) text += " in " + load_text(r.link_in, r.line);
  if (out) text += fmt::format("{} out {}", in ? ";" : "", load_text(r.link_out, r.line));
  return text;
}

std::string queries_lost(const Rates& r) {
  const double part = share(r.socket_drops, r.queries + r.socket_drops);
  if (!(r.socket_drops >= 1 && part >= kLostShare)) return "";
  return fmt::format("the engine cannot keep up: {:.0f} messages a second are lost for want of room",
                     r.socket_drops);
}

std::string responses_lost(const Rates& r) {
  if (!(r.send_errors >= 1 && share(r.send_errors, r.responses) >= kLostShare)) return "";
  return fmt::format(
      "the kernel does not take {:.0f} responses a second: is the link full, or a way back "
      "missing?",
      r.send_errors);
}

std::string syn_flood(const Rates& r) {
  if (!(r.syn_cookies >= kManySynCookies)) return "";
  return fmt::format("looks like a SYN flood: {:.0f} SYN cookies a second", r.syn_cookies);
}

std::string connections(const Rates& r) {
  if (!(r.refused >= kManyRefused)) return "";
  return fmt::format("looks like a flood of TCP connections: {:.0f} a second find no room", r.refused);
}

std::string foreign_traffic(const Rates& r) {
  const double headers = kUdpHeaders * (r.queries - r.tcp_queries) + kTcpHeaders * r.tcp_queries;
  const double foreign = r.link_in / 8 - r.query_octets - headers;
  if (!(share(r.link_in, r.line) >= kForeignLine && share(foreign, r.link_in / 8) >= kForeignShare))
    return "";
  return fmt::format("{} of what comes in is no DNS query (of {}): a flood that the firewall drops?",
                     percent(foreign, r.link_in / 8), bit_rate_text(r.link_in));
}

bool is_amplified(const Rates& r) { return share(r.amplifying, r.queries) >= kAmplifyingShare; }

std::string reflection(const Rates& r) {
  if (!is_amplified(r)) return "";
  return fmt::format(
      "looks like reflection: {} of the questions are for ANY, DNSKEY or RRSIG, {} of the "
      "responses are limited",
      percent(r.amplifying, r.queries), percent(r.limited, r.responses));
}

bool is_one_label(const Rates& r) { return share(r.of_label, r.queries) >= kOneNameShare; }

std::string random_names(const Rates& r) {
  if (!(share(r.nxdomain, r.responses) >= kNxdomainShare) || is_one_label(r)) return "";
  std::string text = fmt::format("looks like a random-subdomain attack: {} NXDOMAIN",
                                 percent(r.nxdomain, r.responses));
  if (r.of_label > 0) {
    text += fmt::format(", of whose last labels the most frequent, {}, has {}", r.label,
                        percent(r.of_label, r.nxdomain));
  }
  return text;
}

std::string one_label(const Rates& r) {
  if (!is_one_label(r)) return "";
  return fmt::format(
      "looks like a random-subdomain attack, or a client gone wild: {} of the questions are "
      "under {}, which does not exist",
      percent(r.of_label, r.queries), r.label);
}

std::string one_delegation(const Rates& r) {
  if (!(share(r.of_delegation, r.queries) >= kOneNameShare)) return "";
  return fmt::format(
      "looks like a random-subdomain attack on a name in {}: {} of the questions are about "
      "that delegation",
      r.delegation, percent(r.of_delegation, r.queries));
}

std::string malformed(const Rates& r) {
  if (!(share(r.malformed, r.queries) >= kMalformedShare)) return "";
  return fmt::format("looks like a flood of what is no query: {} are malformed",
                     percent(r.malformed, r.queries));
}

std::string spoofed_sources(const Rates& r) {
  if (!(share(r.new_sources, r.queries) >= kNewSourcesShare)) return "";
  return fmt::format("the sources are probably spoofed: {:.0f} a second were never seen today",
                     r.new_sources);
}

std::string denied(const Rates& r) {
  if (!(r.denied > 0)) return "";
  return fmt::format("questions that have killed the engine before come, and are dropped: {:.1f} a second",
                     r.denied);
}

std::string limited(const Rates& r) {
  if (!(share(r.limited, r.responses) >= kLimitedShare) || is_amplified(r)) return "";
  return fmt::format("the rate limit is at work: {} of the responses only say \"ask by TCP\"",
                     percent(r.limited, r.responses));
}

struct Judge {
  Sign sign;
  std::string (*look)(const Rates&);
  bool needs_queries;  // says something only about enough of them
};

constexpr Judge kJudges[] = {{Sign::LineFull, line_full, false},
                             {Sign::QueriesLost, queries_lost, false},
                             {Sign::ResponsesLost, responses_lost, false},
                             {Sign::SynFlood, syn_flood, false},
                             {Sign::Connections, connections, false},
                             {Sign::ForeignTraffic, foreign_traffic, false},
                             {Sign::Reflection, reflection, true},
                             {Sign::RandomNames, random_names, true},
                             {Sign::OneLabel, one_label, true},
                             {Sign::OneDelegation, one_delegation, true},
                             {Sign::Malformed, malformed, true},
                             {Sign::SpoofedSources, spoofed_sources, true},
                             {Sign::Denied, denied, false},
                             {Sign::Limited, limited, true}};

bool enough(const Rates& rates) { return rates.queries * rates.seconds >= kEnoughQueries; }

}  // namespace

std::string_view to_string(Sign sign) {
  switch (sign) {
    case Sign::LineFull: return "line-full";
    case Sign::QueriesLost: return "queries-lost";
    case Sign::ResponsesLost: return "responses-lost";
    case Sign::SynFlood: return "syn-flood";
    case Sign::Connections: return "connections";
    case Sign::ForeignTraffic: return "foreign-traffic";
    case Sign::Reflection: return "reflection";
    case Sign::RandomNames: return "random-names";
    case Sign::OneLabel: return "one-label";
    case Sign::OneDelegation: return "one-delegation";
    case Sign::Malformed: return "malformed";
    case Sign::SpoofedSources: return "spoofed-sources";
    case Sign::Denied: return "denied";
    case Sign::Limited: return "limited";
  }
  return "unknown";
}

std::vector<Finding> findings(const Rates& rates) {
  std::vector<Finding> out;
  for (const Judge& judge : kJudges) {
    if (judge.needs_queries && !enough(rates)) continue;
    if (std::string text = judge.look(rates); !text.empty()) out.push_back({judge.sign, std::move(text)});
  }
  return out;
}

std::string verdict_text(const Rates& rates) {
  std::string out;
  for (const Finding& finding : findings(rates)) out += (out.empty() ? "" : "; ") + finding.text;
  if (!out.empty()) return out;
  if (enough(rates)) return "nothing unusual";
  return fmt::format("too few queries to tell: {:.0f} in {:.0f} s", rates.queries * rates.seconds,
                     rates.seconds);
}

bool is_amplifying(std::size_t index) noexcept {
  return index == type_index(kTypeAny) || index == type_index(kTypeDnskey) || index == type_index(kTypeRrsig);
}

double line_of(std::string_view appliance) noexcept {
  if (appliance == "calypso") return kGiga;
  return appliance == "pandora" ? 10 * kGiga : kUnknown;
}

std::string bit_rate_text(double bits) {
  if (!std::isfinite(bits)) return "-";
  if (bits >= kGiga) return fmt::format("{:.2f} Gbit/s", bits / kGiga);
  return bits >= kMega ? fmt::format("{:.2f} Mbit/s", bits / kMega)
                       : fmt::format("{:.1f} kbit/s", bits / kKilo);
}

std::string percent_text(double part, double whole) {
  if (!std::isfinite(part) || !(whole > 0)) return "-";
  return fmt::format("{:.1f} %", 100 * part / whole);
}

std::string load_text(double bits, double line) {
  if (!std::isfinite(bits) || !std::isfinite(line)) return bit_rate_text(bits);
  return fmt::format("{}, {} of {:.0f} Gbit/s", bit_rate_text(bits), percent_text(bits, line), line / kGiga);
}

}  // namespace imrs::counts
