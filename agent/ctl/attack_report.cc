// Two looks become rates. Called by the command, with what it has read.
#include "agent/ctl/attack_report.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>

namespace imrs::ctl {
namespace {

using counts::Counts;
using counts::Traffic;

constexpr std::int64_t kDayMs = 86'400'000, kHourMs = 3'600'000;
constexpr double kBits = 8;
constexpr std::size_t kNxdomain = 3;  // RFC 1035 section 4.1.1

// What one look has more than the one before; nothing below 0.
std::uint64_t grown(std::uint64_t before, std::uint64_t after) { return after - std::min(before, after); }

class Maker {
 public:
  Maker(const Reading& before, const Reading& after, double seconds)
      : before_(before), after_(after), seconds_(seconds), change_(after.statistics.counts) {
    for (std::size_t i = 0; i < change_.paths.size(); ++i) {
      change_.paths[i].traffic -= before.statistics.counts.paths[i].traffic;
    }
    sum_ = counts::sum_of(change_);
    out_.rates.seconds = seconds;
  }

  AttackReport make() {
    const Snapshot& now = after_.snapshot;
    out_.time_ms = now.time_ms;
    out_.identity = now.identity;
    out_.appliance = now.appliance;
    out_.alarms = now.alarms.size();
    paths();
    kinds();
    delegations();
    missing();
    losses();
    links();
    sources();
    routes(now);
    return std::move(out_);
  }

 private:
  [[nodiscard]] double rate(std::uint64_t count) const { return static_cast<double>(count) / seconds_; }
  [[nodiscard]] double rate(std::uint64_t before, std::uint64_t after) const {
    return rate(grown(before, after));
  }
  [[nodiscard]] double rate(const std::optional<std::uint64_t>& before,
                            const std::optional<std::uint64_t>& after) const {
    return before && after ? rate(*before, *after) : counts::kUnknown;
  }

  template <std::size_t N, typename Name>
  std::vector<NamedRate> named(const std::array<std::uint64_t, N>& numbers, Name name) const {
    std::vector<NamedRate> out;
    for (std::size_t i = 0; i < N; ++i) {
      if (numbers[i] > 0) out.push_back({std::string(name(i)), rate(numbers[i])});
    }
    return sorted(std::move(out), N);
  }

  static std::vector<NamedRate> sorted(std::vector<NamedRate> all, std::size_t most) {
    std::ranges::stable_sort(all, std::greater{}, &NamedRate::per_second);
    if (all.size() > most) all.resize(most);
    return all;
  }

  void paths() {
    for (const Transport transport : kTransports) {
      for (const Family family : kFamilies) {
        const Traffic one = counts::sum_of(change_, transport, family);
        out_.paths.push_back({transport, family, rate(one.queries), rate(one.responses),
                              kBits * rate(one.query_bytes), kBits * rate(one.response_bytes)});
        if (transport == Transport::Tcp) out_.rates.tcp_queries += rate(one.queries);
      }
    }
  }

  void kinds() {
    counts::Rates& rates = out_.rates;
    rates.queries = rate(sum_.queries);
    rates.responses = rate(sum_.responses);
    rates.query_octets = rate(sum_.query_bytes);
    rates.nxdomain = rate(sum_.rcodes[kNxdomain]);
    rates.limited = rate(sum_.limited);
    rates.malformed = rate(std::accumulate(sum_.malformed.begin(), sum_.malformed.end(), std::uint64_t{0}));
    for (std::size_t i = 0; i < kCountedTypes; ++i) {
      if (counts::is_amplifying(i)) rates.amplifying += rate(sum_.types[i]);
    }
    out_.truncated = rate(sum_.truncated);
    out_.unanswered = rate(sum_.unanswered);
    out_.rcodes = named(sum_.rcodes, counts::rcode_name);
    out_.types = named(sum_.types, counts::type_name);
    out_.malformed = named(sum_.malformed, counts::malformed_name);
  }

  // A place keeps its name; new ones are added at the end.
  void delegations() {
    const auto &then = before_.statistics.counts.names, &now = change_.names;
    std::vector<NamedRate> all;
    for (std::size_t i = 0; i < now.size(); ++i) {
      const std::uint64_t count = grown(i < then.size() ? then[i].total() : 0, now[i].total());
      if (count == 0 || now[i].name.empty()) continue;
      all.push_back({now[i].name, rate(count)});
    }
    out_.delegations = sorted(std::move(all), kTopNames);
    out_.rates.of_delegation = 0;
    for (const NamedRate& one : out_.delegations) {
      if (one.name == "." || one.per_second <= out_.rates.of_delegation) continue;
      out_.rates.delegation = one.name;
      out_.rates.of_delegation = one.per_second;
    }
  }

  // No more than there surely were. A label that has lost its place and got one again counts from there on.
  void missing() {
    std::map<std::string, counts::MissingName> then;
    if (same_day()) {
      for (const counts::MissingName& name : before_.statistics.missing) then[name.label] = name;
    }
    std::vector<NamedRate> all;
    for (const counts::MissingName& name : after_.statistics.missing) {
      const auto known = then.find(name.label);
      const bool stayed = known != then.end() && known->second.error == name.error;
      const std::uint64_t sure = grown(name.error, name.count);
      const std::uint64_t more = known == then.end() ? sure : grown(known->second.count, name.count);
      const std::uint64_t count = stayed ? more : std::min(sure, more);
      if (count > 0) all.push_back({counts::label_text(name.label), rate(count)});
    }
    out_.missing = sorted(std::move(all), kTopNames);
    out_.rates.of_label = out_.missing.empty() ? 0 : out_.missing.front().per_second;
    if (!out_.missing.empty()) out_.rates.label = out_.missing.front().name;
  }

  void losses() {
    const Counts& then = before_.statistics.counts;
    out_.rates.socket_drops = rate(before_.kernel.udp_drops, after_.kernel.udp_drops);
    out_.rates.syn_cookies = rate(before_.kernel.syn_cookies, after_.kernel.syn_cookies);
    out_.rates.send_errors = rate(then.send_errors, change_.send_errors);
    out_.rates.refused = rate(then.tcp_rejected, change_.tcp_rejected);
    out_.rates.denied = rate(then.denied, change_.denied);
  }

  // Of all interfaces that lead to neighbours together; one that is there only now says nothing.
  void links() {
    counts::Rates& rates = out_.rates;
    rates.line = counts::line_of(out_.appliance);
    for (const LinkState& now : after_.snapshot.links) {
      const auto then = std::ranges::find(before_.snapshot.links, now.device, &LinkState::device);
      if (then == before_.snapshot.links.end()) continue;
      const double in = kBits * rate(then->receive_bytes, now.receive_bytes);
      const double out = kBits * rate(then->transmit_bytes, now.transmit_bytes);
      rates.link_in = in + (std::isnan(rates.link_in) ? 0 : rates.link_in);
      rates.link_out = out + (std::isnan(rates.link_out) ? 0 : rates.link_out);
      out_.link_drops += rate(then->receive_drops, now.receive_drops);
    }
  }

  // Just after midnight everybody is new.
  void sources() {
    const Statistics &then = before_.statistics, &now = after_.statistics;
    out_.ipv4 = now.ipv4;
    out_.ipv6 = now.ipv6;
    out_.ipv6_aggregate = now.ipv6_aggregate;
    if (!same_day() || before_.snapshot.time_ms % kDayMs < kHourMs) return;
    out_.rates.new_sources = std::max(0.0, now.ipv4 + now.ipv6 - then.ipv4 - then.ipv6) / seconds_;
  }

  void routes(const Snapshot& now) {
    for (const DecisionState& decision : now.decisions) {
      out_.prefixes += decision.prefixes.size();
      for (const PrefixState& prefix : decision.prefixes) {
        out_.wanted += prefix.wanted ? 1U : 0U;
        out_.exported += prefix.exported ? 1U : 0U;
      }
    }
  }

  [[nodiscard]] bool same_day() const {
    return before_.snapshot.time_ms / kDayMs == after_.snapshot.time_ms / kDayMs;
  }

  const Reading &before_, &after_;
  double seconds_;
  Counts change_;  // its paths' traffic is of the time in between; all else is as it is now
  Traffic sum_;
  AttackReport out_;
};

}  // namespace

Result<AttackReport> attack_report(const Reading& before, const Reading& after, double seconds) {
  const Counts &then = before.statistics.counts, &now = after.statistics.counts;
  if (then.epoch != now.epoch || then.paths.size() != now.paths.size()) {
    return Error{Errc::Unavailable,
                 "the agent has started anew meanwhile, and its counts with it; ask again"};
  }
  return Maker(before, after, seconds).make();
}

}  // namespace imrs::ctl
