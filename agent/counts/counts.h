// agent/counts/counts.h
// The counts of all workers as one value, read from the shared memory. What imrs-web shows and publishes and
// what `imrsctl stats` prints is made from this.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/family.h"
#include "agent/counts/pages.h"

namespace imrs::counts {

// As TrafficCounters, of all workers.
struct Traffic {
  std::uint64_t queries = 0, responses = 0, unanswered = 0, truncated = 0, limited = 0;
  std::uint64_t query_bytes = 0, response_bytes = 0;
  std::array<std::uint64_t, kRcodes> rcodes{};
  std::array<std::uint64_t, 16> opcodes{};
  std::array<std::uint64_t, kMalformed> malformed{};
  std::array<std::uint64_t, kQueryAttributes> attributes{};
  std::array<std::uint64_t, kChaosNames> chaos{};
  std::array<std::uint64_t, kCountedTypes> types{};
  std::array<std::uint64_t, kQuerySizes> query_sizes{};
  std::array<std::uint64_t, kResponseSizes> response_sizes{};

  Traffic& operator+=(const Traffic& other) noexcept;
  Traffic& operator-=(const Traffic& other) noexcept;  // what was there before
  bool operator==(const Traffic&) const = default;
};

struct Times {
  std::array<std::uint64_t, kTimes> bins{};
  std::uint64_t total_ns = 0;

  Times& operator+=(const Times& other) noexcept;
  Times& operator-=(const Times& other) noexcept;
};
// The time within which that share of the answers was given, in microseconds; NaN if there were none.
[[nodiscard]] double quantile(const Times& times, double share);

struct Service {
  Family family = Family::V4;
  std::string address;
};

struct Path {  // one transport to one service address
  Transport transport = Transport::Udp;
  Service service;
  Traffic traffic;
};

struct NameCount {
  std::string name;  // presentation form; "." the root itself; "" what has no place of its own
  std::array<std::uint64_t, kNameTypes> types{};
  [[nodiscard]] std::uint64_t total() const noexcept;
};

struct Sources {  // of a UTC day
  Sketch ipv4, ipv6, ipv6_aggregate;
  void merge(const Sources& other) noexcept;
};

struct Counts {
  std::uint64_t epoch = 0;
  std::int64_t since = 0;  // Unix time from which on they count, as the wall clock then was
  std::vector<Path> paths;
  std::array<Times, 2> times;  // [transport]
  std::vector<NameCount> names;
  std::uint64_t denied = 0, probes = 0, send_errors = 0;
  std::uint64_t tcp_connections = 0, tcp_accepted = 0, tcp_rejected = 0;
};

// `services`: as the agent has given them to the engine, in that order.
[[nodiscard]] Counts read_counts(const Pages& pages, const std::vector<Service>& services);

// What that UTC day (days since 1970) has so far, if it is today or the one before. 0.3 ms a worker.
[[nodiscard]] Sources read_sources(const Pages& pages, std::int64_t day);
[[nodiscard]] std::vector<MissingName> read_missing(const Pages& pages, std::int64_t day, std::size_t most);

// The sum of the paths that `transport` and `family` take.
[[nodiscard]] Traffic sum_of(const Counts& counts, Transport transport, Family family);
[[nodiscard]] Traffic sum_of(const Counts& counts);

// As in a zone file (RFC 1035 section 5.1): what cannot be printed, and a dot, as \\DDD.
[[nodiscard]] std::string label_text(std::string_view label);

// Names for people and labels.
[[nodiscard]] std::string_view rcode_name(std::size_t index);      // "NXDOMAIN"
[[nodiscard]] std::string_view opcode_name(std::size_t opcode);    // "QUERY", "opcode7"
[[nodiscard]] std::string_view malformed_name(std::size_t index);  // "short", ...
[[nodiscard]] std::string_view attribute_name(std::size_t index);  // "rd", "edns-other-version", ...
[[nodiscard]] std::string_view chaos_name(std::size_t index);      // "hostname.bind", ...
[[nodiscard]] std::string_view name_type_name(std::size_t index);  // "A", ..., "other"
[[nodiscard]] std::string type_name(std::size_t index);            // "AAAA", "TYPE123", "other"

}  // namespace imrs::counts
