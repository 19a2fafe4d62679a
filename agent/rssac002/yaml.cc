// The files that are published. Called when a day is over, and by `imrsctl rssac002-merge`. Where the
// advisory and the files of L-root differ in a detail, this is as L-root's files are.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "agent/rssac002/day.h"

namespace imrs::rssac002 {
namespace {

template <typename Use>
void for_each_path(Use use) {
  for (const Transport transport : kTransports) {
    for (const Family family : kFamilies) use(transport, family);
  }
}

const Volume& volume(const Day& day, Transport transport, Family family) {
  return day.volumes[static_cast<std::size_t>(transport)][static_cast<std::size_t>(family)];
}

std::string traffic_volume(const Day& day) {
  std::string out;
  for_each_path([&](Transport transport, Family family) {
    out += fmt::format("dns-{}-queries-received-{}: {}\n", to_string(transport), to_string(family),
                       volume(day, transport, family).queries);
  });
  for_each_path([&](Transport transport, Family family) {
    out += fmt::format("dns-{}-responses-sent-{}: {}\n", to_string(transport), to_string(family),
                       volume(day, transport, family).responses);
  });
  return out;
}

std::string rcode_volume(const Day& day) {
  std::array<std::uint64_t, kRcodes> sum{};
  for_each_path([&](Transport transport, Family family) {
    const auto& rcodes = volume(day, transport, family).rcodes;
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += rcodes[i];
  });
  std::string out;
  for (std::size_t i = 0; i + 1 < sum.size(); ++i) {  // the last is of none in particular: there is never one
    if (sum[i] != 0) out += fmt::format("{}: {}\n", i, sum[i]);
  }
  return out;
}

// Of both families.
template <std::size_t N>
std::string size_map(const Day& day, Transport transport, const char* what,
                     std::array<std::uint64_t, N> Volume::*sizes) {
  std::string out = fmt::format("{}-{}-sizes:\n", to_string(transport), what);
  for (std::size_t i = 0; i < N; ++i) {
    const std::uint64_t count = (volume(day, transport, Family::V4).*sizes)[i] +
                                (volume(day, transport, Family::V6).*sizes)[i];
    if (count == 0) continue;
    const std::size_t first = i * kSizeBin;
    const std::string last = i + 1 < N ? std::to_string(first + kSizeBin - 1) : "";
    out += fmt::format("  {}-{}: {}\n", first, last, count);
  }
  return out;
}

std::string traffic_sizes(const Day& day) {
  std::string out;
  for (const Transport transport : kTransports) {
    out += size_map(day, transport, "request", &Volume::query_sizes);
    out += size_map(day, transport, "response", &Volume::response_sizes);
  }
  return out;
}

std::string unique_sources(const Day& day) {
  const auto rounded = [](const counts::Sketch& sketch) { return std::llround(sketch.estimate()); };
  return fmt::format("num-sources-ipv4: {}\nnum-sources-ipv6: {}\nnum-sources-ipv6-aggregate: {}\n",
                     rounded(day.sources.ipv4), rounded(day.sources.ipv6),
                     rounded(day.sources.ipv6_aggregate));
}

// When 95 % of the instances served it.
std::string load_time(const Day& day) {
  std::string out = "time:\n";
  for (const auto& [serial, seconds] : day.load_seconds) {
    if (seconds.empty()) continue;
    std::vector<std::uint32_t> sorted = seconds;
    std::ranges::sort(sorted);
    const std::size_t place = (sorted.size() * 95 + 99) / 100 - 1;
    out += fmt::format("  {}: {}\n", serial, sorted[place]);
  }
  return out;
}

std::string zone_size(const Day& day) {
  std::string out = "size:\n";
  for (const auto& [serial, octets] : day.zone_octets) out += fmt::format("  {}: {}\n", serial, octets);
  return out;
}

std::string body(const Day& day, std::string_view metric) {
  if (metric == "traffic-volume") return traffic_volume(day);
  if (metric == "rcode-volume") return rcode_volume(day);
  if (metric == "traffic-sizes") return traffic_sizes(day);
  if (metric == "unique-sources") return unique_sources(day);
  if (metric == "load-time") return load_time(day);
  return zone_size(day);
}

}  // namespace

std::string yaml(const Day& day, std::string_view metric) {
  return fmt::format("---\nversion: rssac002v4\nservice: {}\nstart-period: {}T00:00:00Z\nmetric: {}\n{}",
                     day.service, day_text(day.day), metric, body(day, metric));
}

}  // namespace imrs::rssac002
