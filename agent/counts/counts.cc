// Sums up what the workers have counted. Called by imrs-web every second and by imrsctl.
#include "agent/counts/counts.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

namespace imrs::counts {
namespace {

std::uint64_t get(const Counter& counter) noexcept { return counter.load(std::memory_order_relaxed); }

std::uint64_t get(std::uint64_t value) noexcept { return value; }

template <std::size_t N>
void add(std::array<std::uint64_t, N>& sum, const std::array<Counter, N>& counters) noexcept {
  for (std::size_t i = 0; i < N; ++i) sum[i] += get(counters[i]);
}

// Every member of `sum` with that of `other`, which is a Traffic or a worker's TrafficCounters, by `combine`.
template <typename Other, typename Combine>
void combine_all(Traffic& sum, const Other& other, Combine combine) {
  const auto one = [&](std::uint64_t& a, const auto& b) { a = combine(a, get(b)); };
  const auto all = [&](auto& a, const auto& b) {
    for (std::size_t i = 0; i < a.size(); ++i) one(a[i], b[i]);
  };
  one(sum.queries, other.queries);
  one(sum.responses, other.responses);
  one(sum.unanswered, other.unanswered);
  one(sum.truncated, other.truncated);
  one(sum.limited, other.limited);
  one(sum.query_bytes, other.query_bytes);
  one(sum.response_bytes, other.response_bytes);
  all(sum.rcodes, other.rcodes);
  all(sum.opcodes, other.opcodes);
  all(sum.malformed, other.malformed);
  all(sum.attributes, other.attributes);
  all(sum.chaos, other.chaos);
  all(sum.types, other.types);
  all(sum.query_sizes, other.query_sizes);
  all(sum.response_sizes, other.response_sizes);
}

std::string name_at(const NameTable& table, std::size_t place) {
  std::string name;
  for (const auto& c : table.names[place]) {
    const char octet = c.load(std::memory_order_relaxed);
    if (octet == '\0') break;
    name.push_back(octet);
  }
  return name;
}

std::vector<NameCount> read_names(const Pages& pages) {
  const NameTable& table = pages.names();
  const auto used = std::min<std::uint64_t>(table.used.load(std::memory_order_acquire), kMaxNames);
  std::vector<NameCount> names;
  for (std::size_t place = 0; place < used; ++place) {
    NameCount one{name_at(table, place), {}};
    for (const WorkerTables& worker : pages.tables()) add(one.types, worker.names[place].types);
    names.push_back(std::move(one));
  }
  return names;
}

// The tables of that day, of the workers that have them.
template <typename Use>
void for_day(const Pages& pages, std::int64_t day, Use use) {
  for (const WorkerTables& worker : pages.tables()) {
    const DayTables& tables = worker.days[static_cast<std::size_t>(day) % 2];
    if (tables.day.load(std::memory_order_acquire) == static_cast<std::uint64_t>(day) + 1) use(tables);
  }
}

}  // namespace

Traffic& Traffic::operator+=(const Traffic& other) noexcept {
  combine_all(*this, other, std::plus<>());
  return *this;
}

Traffic& Traffic::operator-=(const Traffic& other) noexcept {
  combine_all(*this, other, [](std::uint64_t a, std::uint64_t b) { return a - std::min(a, b); });
  return *this;
}

Times& Times::operator+=(const Times& other) noexcept {
  for (std::size_t i = 0; i < bins.size(); ++i) bins[i] += other.bins[i];
  total_ns += other.total_ns;
  return *this;
}

Times& Times::operator-=(const Times& other) noexcept {
  for (std::size_t i = 0; i < bins.size(); ++i) bins[i] -= std::min(bins[i], other.bins[i]);
  total_ns -= std::min(total_ns, other.total_ns);
  return *this;
}

// Within a bin as if its times were spread evenly.
double quantile(const Times& times, double share) {
  const auto total = std::accumulate(times.bins.begin(), times.bins.end(), std::uint64_t{0});
  if (total == 0) return std::numeric_limits<double>::quiet_NaN();
  const double wanted = share * static_cast<double>(total);
  double before = 0;
  for (std::size_t i = 0; i < times.bins.size(); ++i) {
    const auto here = static_cast<double>(times.bins[i]);
    const double low = i == 0 ? 0 : std::exp2(static_cast<double>(i) - 1);
    const double high = std::exp2(static_cast<double>(i));
    if (here > 0 && before + here >= wanted) return low + (high - low) * (wanted - before) / here;
    before += here;
  }
  return std::exp2(static_cast<double>(times.bins.size()));
}

std::uint64_t NameCount::total() const noexcept {
  return std::accumulate(types.begin(), types.end(), std::uint64_t{0});
}

void Sources::merge(const Sources& other) noexcept {
  ipv4.merge(other.ipv4);
  ipv6.merge(other.ipv6);
  ipv6_aggregate.merge(other.ipv6_aggregate);
}

Counts read_counts(const Pages& pages, const std::vector<Service>& services) {
  Counts out;
  if (pages.empty()) return out;
  out.epoch = get(pages.names().epoch);
  out.since = static_cast<std::int64_t>(get(pages.names().since));
  for (const Transport transport : kTransports) {
    for (std::size_t i = 0; i < std::min(services.size(), kMaxServices); ++i) {
      Path path{transport, services[i], {}};
      for (const WorkerPage& page : pages.workers()) {
        combine_all(path.traffic, page.traffic[static_cast<std::size_t>(transport)][i], std::plus<>());
      }
      out.paths.push_back(std::move(path));
    }
  }
  for (const WorkerPage& page : pages.workers()) {
    for (std::size_t i = 0; i < out.times.size(); ++i) {
      add(out.times[i].bins, page.times[i].bins);
      out.times[i].total_ns += get(page.times[i].total_ns);
    }
    out.denied += get(page.denied);
    out.probes += get(page.probes);
    out.send_errors += get(page.send_errors);
    out.tcp_connections += get(page.tcp_connections);
    out.tcp_accepted += get(page.tcp_accepted);
    out.tcp_rejected += get(page.tcp_rejected);
  }
  out.names = read_names(pages);
  return out;
}

Sources read_sources(const Pages& pages, std::int64_t day) {
  Sources out;
  for_day(pages, day, [&](const DayTables& tables) {
    out.ipv4.merge(tables.ipv4);
    out.ipv6.merge(tables.ipv6);
    out.ipv6_aggregate.merge(tables.ipv6_aggregate);
  });
  return out;
}

std::vector<MissingName> read_missing(const Pages& pages, std::int64_t day, std::size_t most) {
  std::vector<MissingName> names;
  for_day(pages, day, [&](const DayTables& tables) { tables.missing.read(names); });
  return top_of(std::move(names), most);
}

Traffic sum_of(const Counts& counts, Transport transport, Family family) {
  Traffic sum;
  for (const Path& path : counts.paths) {
    if (path.transport == transport && path.service.family == family) sum += path.traffic;
  }
  return sum;
}

Traffic sum_of(const Counts& counts) {
  Traffic sum;
  for (const Path& path : counts.paths) sum += path.traffic;
  return sum;
}

}  // namespace imrs::counts
