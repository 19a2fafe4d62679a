// agent/counts/signs.h
// What a stretch of traffic looks like, in words: an attack, an overload, or nothing unusual. Judged by
// stated thresholds, for a human to start from; nothing is decided by it. Pure. `imrsctl attack-report` and
// the ops page say the same because both ask here. Knows no client's address.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace imrs::counts {

inline constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

// Rates of a stretch of time, a second each. kUnknown: nothing is concluded from it.
struct Rates {
  double seconds = 0;  // how long it was
  double queries = 0, responses = 0;
  double tcp_queries = 0;            // of `queries`
  double nxdomain = 0, limited = 0;  // responses
  double amplifying = 0;             // questions for the types of is_amplifying()
  double malformed = 0;              // messages that cannot be understood
  double query_octets = kUnknown;    // of DNS messages, without headers
  std::string delegation;            // the one that most questions are about, but for the root itself
  double of_delegation = kUnknown;   // questions about it
  std::string label;                 // the most frequent last label of names that do not exist, as text
  double of_label = kUnknown;        // questions under it
  double new_sources = kUnknown;     // not seen before on that UTC day
  double socket_drops = kUnknown;    // messages that the kernel had no room for in an engine's socket
  double send_errors = kUnknown;     // responses that the kernel did not take
  double refused = kUnknown;         // TCP connections for which a table had no room
  double syn_cookies = kUnknown;     // sent instead of keeping a half-open connection
  double denied = kUnknown;          // questions that have killed workers before
  double link_in = kUnknown, link_out = kUnknown;  // bits
  double line = kUnknown;                          // bits that the appliance is made for
};

// From where on something is a sign. A root server's usual: 60 to 75 % NXDOMAIN, 2 % DNSKEY, nothing lost.
inline constexpr double kEnoughQueries = 1000;   // of the whole stretch; of fewer no share says anything
inline constexpr double kFullLine = .8;          // of the line, in either direction
inline constexpr double kForeignLine = .1;       // of the line, and then ...
inline constexpr double kForeignShare = .5;      // ... of what comes in, if it is no query
inline constexpr double kLostShare = .001;       // of queries, or of responses
inline constexpr double kManyRefused = 10;       // a second
inline constexpr double kManySynCookies = 100;   // a second
inline constexpr double kAmplifyingShare = .25;  // of queries
inline constexpr double kNxdomainShare = .9;     // of responses
inline constexpr double kOneNameShare = .5;      // of queries: one delegation, or one label
inline constexpr double kMalformedShare = .1;    // of queries
inline constexpr double kNewSourcesShare = .5;   // of queries
inline constexpr double kLimitedShare = .05;     // of responses; the alert RateLimited has the same

enum class Sign {
  LineFull,        // the link is
  QueriesLost,     // the engine cannot keep up
  ResponsesLost,   // the kernel does not take them
  SynFlood,        // half-open connections
  Connections,     // more of them than the tables have room for
  ForeignTraffic,  // most of what comes in is no DNS
  Reflection,      // questions with large answers, for somebody else
  RandomNames,     // names that do not exist, each another one
  OneLabel,        // names that do not exist, all under one label
  OneDelegation,   // names below one delegation
  Malformed,       // what is no query
  SpoofedSources,  // sources that were never there before
  Denied,          // questions that kill
  Limited,         // the rate limit is at work
};
[[nodiscard]] std::string_view to_string(Sign sign);  // for programs: "line-full", ...

struct Finding {
  Sign sign;
  std::string text;
  bool operator==(const Finding&) const = default;
};

// What it looks like, the gravest first. Empty: nothing unusual, or too little to tell.
[[nodiscard]] std::vector<Finding> findings(const Rates& rates);

// The same in one line: "looks like reflection: 62 % of the questions are for ANY, DNSKEY or RRSIG; ...".
[[nodiscard]] std::string verdict_text(const Rates& rates);

// Types whose answers are large and that resolvers seldom ask a root server for: ANY, DNSKEY, RRSIG.
[[nodiscard]] bool is_amplifying(std::size_t type_index) noexcept;

// Bits a second that the appliance ("calypso", "pandora") is made for; kUnknown for any other.
[[nodiscard]] double line_of(std::string_view appliance) noexcept;

// "12.34 Mbit/s"; what is not known, as "-".
[[nodiscard]] std::string bit_rate_text(double bits);
// "12.34 Mbit/s, 1.2 % of 1 Gbit/s".
[[nodiscard]] std::string load_text(double bits, double line);
// A share of a whole as "1.2 %"; "-" if it is not known, or of nothing.
[[nodiscard]] std::string percent_text(double part, double whole);

}  // namespace imrs::counts
