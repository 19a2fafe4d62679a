// Days of RSSAC002 for the tests. Called by tests only.
#include "tests/agent/rssac002/days.h"

#include <chrono>
#include <memory>

namespace imrs::test {

std::int64_t day_number(int year, unsigned month, unsigned day) {
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  return std::chrono::sys_days(date).time_since_epoch().count();
}

counts::Sketch sketch_of(std::uint64_t first, std::uint64_t end) {
  static auto live = std::make_unique<counts::LiveSketch>();
  live->clear();
  for (std::uint64_t i = first; i < end; ++i) live->add(counts::mix(i + 1));
  counts::Sketch out;
  out.merge(*live);
  return out;
}

rssac002::Volume& volume(rssac002::Day& day, Transport transport, Family family) {
  return day.volumes[static_cast<std::size_t>(transport)][static_cast<std::size_t>(family)];
}

rssac002::Day empty_day(const std::string& instance) {
  rssac002::Day day;
  day.service = "l.root-servers.net";
  day.prefix = "l-root";
  day.day = day_number(2022, 6, 1);
  day.instances = {instance};
  day.source_key_id = 0xFEDCBA9876543210;
  return day;
}

rssac002::Day full_day(const std::string& instance, std::uint64_t factor, std::uint64_t first_source) {
  rssac002::Day day = empty_day(instance);
  std::uint64_t number = 1;
  const auto next = [&] { return factor * number++; };
  for (auto& families : day.volumes) {
    for (rssac002::Volume& one : families) {
      one.queries = next();
      one.responses = next();
      for (auto* const array : {one.rcodes.data(), one.query_sizes.data(), one.response_sizes.data()}) {
        array[0] = next();
        array[3] = next();
      }
      one.rcodes.back() = next();
      one.query_sizes.back() = next();
      one.response_sizes.back() = next();
    }
  }
  day.sources.ipv4 = sketch_of(first_source, first_source + 100);
  day.sources.ipv6 = sketch_of(first_source + 1000, first_source + 1050);
  day.sources.ipv6_aggregate = sketch_of(first_source + 2000, first_source + 2025);
  day.load_seconds = {{2022060100, {static_cast<std::uint32_t>(3 * factor)}},
                      {2022060101, {static_cast<std::uint32_t>(4 * factor)}}};
  day.zone_octets = {{2022060100, 1'340'000}, {2022060101, 1'340'100}};
  return day;
}

}  // namespace imrs::test
