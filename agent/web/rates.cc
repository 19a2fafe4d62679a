// Differences over time. Called by Telemetry every ten seconds.
#include "agent/web/rates.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <string>

namespace imrs::web {
namespace {

using counts::Counts;
using counts::Traffic;

class Rates {
 public:
  explicit Rates(double seconds) : seconds_(seconds) {}
  void add(std::string name, std::uint64_t count) { out_.emplace_back(std::move(name), per_second(count)); }
  void add_value(std::string name, double value) { out_.emplace_back(std::move(name), value); }
  Values take() { return std::move(out_); }

 private:
  [[nodiscard]] double per_second(std::uint64_t count) const { return static_cast<double>(count) / seconds_; }
  double seconds_;
  Values out_;
};

// The counts started anew: an agent has.
bool same(const Counts& before, const Counts& after) {
  return before.epoch == after.epoch && before.paths.size() == after.paths.size();
}

void add_paths(const Counts& change, Rates& out) {
  for (const Transport transport : kTransports) {
    for (const Family family : kFamilies) {
      const Traffic sum = counts::sum_of(change, transport, family);
      const std::string path = fmt::format("{}.{}", to_string(transport), to_string(family));
      out.add("queries." + path, sum.queries);
      out.add("responses." + path, sum.responses);
    }
  }
  std::map<std::string, std::uint64_t> servers;
  for (const counts::Path& path : change.paths) servers[path.service.address] += path.traffic.queries;
  for (const auto& [address, queries] : servers) out.add("server." + address, queries);
}

void add_kinds(const Traffic& sum, Rates& out) {
  for (std::size_t i = 0; i < kRcodes; ++i) {
    if (sum.rcodes[i] > 0) out.add(fmt::format("rcode.{}", counts::rcode_name(i)), sum.rcodes[i]);
  }
  for (std::size_t i = 0; i < kCountedTypes; ++i) {
    if (sum.types[i] > 0) out.add("type." + counts::type_name(i), sum.types[i]);
  }
  for (std::size_t i = 0; i < kQueryAttributes; ++i) {
    const std::string_view name = counts::attribute_name(i);
    if (!name.starts_with("cookie-")) out.add(fmt::format("attribute.{}", name), sum.attributes[i]);
  }
  const auto cookie = [&](QueryAttribute which) { return sum.attributes[static_cast<std::size_t>(which)]; };
  out.add("attribute.cookie", cookie(QueryAttribute::CookieClient) + cookie(QueryAttribute::CookieValid) +
                                  cookie(QueryAttribute::CookieInvalid));
  out.add("attribute.chaos", std::accumulate(sum.chaos.begin(), sum.chaos.end(), std::uint64_t{0}));
  out.add("malformed", std::accumulate(sum.malformed.begin(), sum.malformed.end(), std::uint64_t{0}));
  out.add("truncated", sum.truncated);
  out.add("limited", sum.limited);
  out.add("bytes.in", sum.query_bytes);
  out.add("bytes.out", sum.response_bytes);
}

void add_links(const Look& before, const Look& after, Rates& out) {
  std::uint64_t in = 0, sent = 0;
  for (const LinkState& now : after.links) {
    const auto then = std::ranges::find(before.links, now.device, &LinkState::device);
    if (then == before.links.end() || now.receive_bytes < then->receive_bytes) continue;
    in += now.receive_bytes - then->receive_bytes;
    sent += now.transmit_bytes - std::min(now.transmit_bytes, then->transmit_bytes);
  }
  constexpr std::uint64_t kBits = 8;
  out.add("link.in", in * kBits);
  out.add("link.out", sent * kBits);
}

}  // namespace

Values values_between(const Look& before, const Look& after) {
  Rates out(std::max<double>(static_cast<double>(after.time_ms - before.time_ms), 1) / 1000);
  Counts change = after.counts;
  counts::Times times = change.times[0];
  times += change.times[1];
  if (same(before.counts, after.counts)) {
    for (std::size_t i = 0; i < change.paths.size(); ++i) {
      change.paths[i].traffic -= before.counts.paths[i].traffic;
    }
    for (const counts::Times& then : before.counts.times) times -= then;
  }
  add_paths(change, out);
  add_kinds(counts::sum_of(change), out);
  add_links(before, after, out);
  out.add_value("time.p50", counts::quantile(times, 0.5));
  out.add_value("time.p90", counts::quantile(times, 0.9));
  out.add_value("time.p99", counts::quantile(times, 0.99));
  out.add_value("tcp.connections", static_cast<double>(after.counts.tcp_connections));
  return out.take();
}

}  // namespace imrs::web
