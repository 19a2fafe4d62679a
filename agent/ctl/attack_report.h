// agent/ctl/attack_report.h
// What `imrsctl attack-report` says: two looks at all counts, some seconds apart, as rates, and what they
// look like. Pure. Holds no client address: none is counted anywhere.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/base/result.h"
#include "agent/counts/signs.h"
#include "agent/ctl/counts_text.h"
#include "agent/ctl/kernel_counts.h"
#include "agent/snapshot/snapshot.h"

namespace imrs::ctl {

struct Reading {
  Statistics statistics;
  KernelCounts kernel;
  Snapshot snapshot;  // its time tells the UTC day
};

struct PathRates {  // a second
  Transport transport = Transport::Udp;
  Family family = Family::V4;
  double queries = 0, responses = 0;
  double bits_in = 0, bits_out = 0;  // of DNS messages, without headers
};

struct NamedRate {
  std::string name;
  double per_second = 0;
};

struct AttackReport {
  std::int64_t time_ms = 0;  // Unix time of the second look
  std::string identity, appliance;
  counts::Rates rates;
  double truncated = 0, unanswered = 0, link_drops = 0;  // a second
  std::vector<PathRates> paths;
  // The most frequent first; only what there was.
  std::vector<NamedRate> rcodes, types, malformed;
  std::vector<NamedRate> delegations;             // at most kTopNames, and "." for the root itself
  std::vector<NamedRate> missing;                 // last labels of names that do not exist; at most kTopNames
  double ipv4 = 0, ipv6 = 0, ipv6_aggregate = 0;  // sources of the UTC day
  std::size_t wanted = 0, exported = 0, prefixes = 0;  // of all neighbours
  std::size_t alarms = 0;
};

inline constexpr std::size_t kTopNames = 10;

// `seconds`: between the readings, more than 0. Errc::Unavailable: the counts have begun anew in between.
[[nodiscard]] Result<AttackReport> attack_report(const Reading& before, const Reading& after, double seconds);

[[nodiscard]] std::string attack_report_text(const AttackReport& report);
[[nodiscard]] std::string attack_report_json(const AttackReport& report);

}  // namespace imrs::ctl
