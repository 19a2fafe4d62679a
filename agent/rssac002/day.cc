// Adding up and merging days. Called by imrs-web's day book and by `imrsctl rssac002-merge`.
#include "agent/rssac002/day.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

namespace imrs::rssac002 {
namespace {

template <std::size_t N>
void add(std::array<std::uint64_t, N>& sum, const std::array<std::uint64_t, N>& other) noexcept {
  for (std::size_t i = 0; i < N; ++i) sum[i] += other[i];
}

template <std::size_t N>
void take(std::array<std::uint64_t, N>& sum, const std::array<std::uint64_t, N>& other) noexcept {
  for (std::size_t i = 0; i < N; ++i) sum[i] -= std::min(sum[i], other[i]);
}

std::chrono::year_month_day date_of(std::int64_t day) {
  return std::chrono::sys_days(std::chrono::days(day));
}

std::string dated(std::int64_t day, const char* separator) {
  const auto date = date_of(day);
  return fmt::format("{:04}{}{:02}{}{:02}", static_cast<int>(date.year()), separator,
                     static_cast<unsigned>(date.month()), separator, static_cast<unsigned>(date.day()));
}

std::string folder(std::int64_t day, std::string_view metric) {
  const auto date = date_of(day);
  return fmt::format("{:04}/{:02}/{}/", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     metric);
}

// Octets; a file's name has 255, with a prefix of 64.
constexpr std::size_t kLongIdentity = 100, kKeptOfIt = 80;

std::string file_name_of(const std::string& identity) {
  if (identity.size() <= kLongIdentity) return identity;
  std::uint64_t hash = 0;
  for (const char c : identity) hash = counts::mix(hash + static_cast<std::uint8_t>(c));
  return fmt::format("{}-{:016x}", identity.substr(0, kKeptOfIt), hash);
}

Result<void> check_mergeable(const Day& first, const Day& next) {
  const std::string name = next.instances.empty() ? "?" : *next.instances.begin();
  if (next.day != first.day) {
    return Error{Errc::InvalidInput, fmt::format("{}: is of {}, others are of {}", name, day_text(next.day),
                                                 day_text(first.day))};
  }
  if (next.service != first.service) {
    return Error{Errc::InvalidInput, fmt::format("{}: is of the service {}, others are of {}", name,
                                                 next.service, first.service)};
  }
  if (next.source_key_id != first.source_key_id) {
    return Error{
        Errc::InvalidInput,
        fmt::format("{}: its sources are by another key: the union cannot be told. Give all instances "
                    "the same \"rssac002.source_key\"",
                    name)};
  }
  for (const std::string& instance : next.instances) {
    if (!first.instances.contains(instance)) continue;
    return Error{Errc::InvalidInput, instance + ": comes twice"};
  }
  return {};
}

}  // namespace

Volume& Volume::operator+=(const Volume& other) noexcept {
  queries += other.queries;
  responses += other.responses;
  add(rcodes, other.rcodes);
  add(query_sizes, other.query_sizes);
  add(response_sizes, other.response_sizes);
  return *this;
}

Volume& Volume::operator-=(const Volume& other) noexcept {
  queries -= std::min(queries, other.queries);
  responses -= std::min(responses, other.responses);
  take(rcodes, other.rcodes);
  take(query_sizes, other.query_sizes);
  take(response_sizes, other.response_sizes);
  return *this;
}

Volumes& operator+=(Volumes& sum, const Volumes& other) noexcept {
  for (std::size_t t = 0; t < sum.size(); ++t) {
    for (std::size_t f = 0; f < sum[t].size(); ++f) sum[t][f] += other[t][f];
  }
  return sum;
}

Volumes& operator-=(Volumes& sum, const Volumes& other) noexcept {
  for (std::size_t t = 0; t < sum.size(); ++t) {
    for (std::size_t f = 0; f < sum[t].size(); ++f) sum[t][f] -= other[t][f];
  }
  return sum;
}

Volumes volumes_of(const counts::Counts& counts) {
  Volumes out{};
  for (const counts::Path& path : counts.paths) {
    const counts::Traffic& traffic = path.traffic;
    out[static_cast<std::size_t>(path.transport)][static_cast<std::size_t>(path.service.family)] += Volume{
        .queries = traffic.queries,
        .responses = traffic.responses,
        .rcodes = traffic.rcodes,
        .query_sizes = traffic.query_sizes,
        .response_sizes = traffic.response_sizes};
  }
  return out;
}

std::string day_text(std::int64_t day) { return dated(day, "-"); }
std::string compact_day_text(std::int64_t day) { return dated(day, ""); }

Result<std::int64_t> parse_compact_day(std::string_view text) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(number / 10000)),
                                         std::chrono::month(number / 100 % 100),
                                         std::chrono::day(number % 100)};
  if (text.size() != 8 || error != std::errc() || end != text.data() + text.size() || !date.ok()) {
    return Error{Errc::InvalidInput, std::string(text) + ": not a date like 20261127"};
  }
  return std::chrono::sys_days(date).time_since_epoch().count();
}

std::string yaml_path(const Day& day, std::string_view metric) {
  return fmt::format("{}{}-{}-{}.yaml", folder(day.day, metric), day.prefix, compact_day_text(day.day),
                     metric);
}

std::string instance_path(const std::string& prefix, std::int64_t day, const std::string& identity) {
  return fmt::format("{}{}-{}-{}.json", folder(day, kInstanceFolder), prefix, compact_day_text(day),
                     file_name_of(identity));
}

Result<Day> merge(std::span<const Day> days) {
  if (days.empty()) return Error{Errc::InvalidInput, "nothing to merge"};
  Day sum = days.front();
  for (const Day& next : days.subspan(1)) {
    if (auto right = check_mergeable(sum, next); !right) return right.error();
    sum.instances.insert(next.instances.begin(), next.instances.end());
    sum.volumes += next.volumes;
    sum.sources.merge(next.sources);
    for (const auto& [serial, seconds] : next.load_seconds) {
      auto& all = sum.load_seconds[serial];
      all.insert(all.end(), seconds.begin(), seconds.end());
    }
    for (const auto& [serial, octets] : next.zone_octets) {
      std::uint64_t& known = sum.zone_octets[serial];
      known = std::max(known, octets);
    }
  }
  return sum;
}

}  // namespace imrs::rssac002
