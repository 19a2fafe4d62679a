// agent/rssac002/day.h
// What RSSAC002 (version 4) wants to know of one UTC day, of one instance or of several merged into one.
// Pure.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/family.h"
#include "agent/base/result.h"
#include "agent/counts/counts.h"

namespace imrs::rssac002 {

// One transport and family.
struct Volume {
  std::uint64_t queries = 0, responses = 0;
  std::array<std::uint64_t, kRcodes> rcodes{};
  std::array<std::uint64_t, kQuerySizes> query_sizes{};
  std::array<std::uint64_t, kResponseSizes> response_sizes{};

  Volume& operator+=(const Volume& other) noexcept;
  Volume& operator-=(const Volume& other) noexcept;
  bool operator==(const Volume&) const = default;
};

using Volumes = std::array<std::array<Volume, 2>, 2>;  // [transport][family]

[[nodiscard]] Volumes volumes_of(const counts::Counts& counts);
Volumes& operator+=(Volumes& sum, const Volumes& other) noexcept;
Volumes& operator-=(Volumes& sum, const Volumes& other) noexcept;

struct Day {
  std::string service;   // "l.root-servers.net"
  std::string prefix;    // of the files' names: "l-root"
  std::int64_t day = 0;  // since 1970
  std::set<std::string> instances;
  Volumes volumes{};
  counts::Sources sources;
  std::uint64_t source_key_id = 0;  // of which key the sources' hashes are
  // By serial: seconds from learning of it to serving it, of each instance; octets of its AXFR.
  std::map<std::uint32_t, std::vector<std::uint32_t>> load_seconds;
  std::map<std::uint32_t, std::uint64_t> zone_octets;
};

inline constexpr std::array<std::string_view, 6> kMetrics{"traffic-volume", "rcode-volume", "traffic-sizes",
                                                          "unique-sources", "load-time",    "zone-size"};

// The file of one of kMetrics, as L-root publishes it.
[[nodiscard]] std::string yaml(const Day& day, std::string_view metric);

// "2026-11-27" and "20261127".
[[nodiscard]] std::string day_text(std::int64_t day);
[[nodiscard]] std::string compact_day_text(std::int64_t day);
// Of compact_day_text(); Errc::InvalidInput otherwise.
[[nodiscard]] Result<std::int64_t> parse_compact_day(std::string_view text);
// "2026/11/traffic-volume/l-root-20261127-traffic-volume.yaml".
[[nodiscard]] std::string yaml_path(const Day& day, std::string_view metric);
// "2026/11/instance/l-root-20261127-IDENTITY.json": all of it, to be merged. Of a long identity its beginning
// and a hash, for file names are bounded.
[[nodiscard]] std::string instance_path(const std::string& prefix, std::int64_t day,
                                        const std::string& identity);
inline constexpr std::string_view kInstanceFolder = "instance";

[[nodiscard]] std::string to_json(const Day& day);
// Refuses what is not such a file, naming the member.
[[nodiscard]] Result<Day> day_from_json(std::string_view text);

// The volumes alone, in the same form.
[[nodiscard]] std::string to_json(const Volumes& volumes);
[[nodiscard]] Result<Volumes> volumes_from_json(std::string_view text);

// The service of the instances of `days`. Refused: days or services that differ, an instance that comes
// twice, sources by different keys.
[[nodiscard]] Result<Day> merge(std::span<const Day> days);

}  // namespace imrs::rssac002
