// agent/preflight/report.h
// What `imrsctl preflight` has found: a verdict on each point of the host's contract, with what was seen.
// Also as JSON, which imrsctl stores and imrs-web shows. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.h"

namespace imrs::preflight {

enum class Verdict {
  Pass,
  Fail,
  Unknown,  // it cannot be seen from here, or not now
};
[[nodiscard]] std::string_view to_string(Verdict verdict);  // "pass", "fail", "unknown"

struct Finding {
  std::string name;  // of the point; those who judge leave it to checks.h
  Verdict verdict = Verdict::Unknown;
  std::string evidence;  // one line: what was seen
  std::string remedy;    // what to do about it, or how to come to know; empty: nothing
  bool operator==(const Finding&) const = default;
};

[[nodiscard]] Finding pass(std::string evidence);
[[nodiscard]] Finding fail(std::string evidence, std::string remedy);
[[nodiscard]] Finding unknown(std::string evidence, std::string remedy);

struct Report {
  std::int64_t time = 0;  // Unix time in seconds
  std::string identity;   // empty: no configuration could be read
  std::vector<Finding> points;
  bool operator==(const Report&) const = default;
};

[[nodiscard]] std::size_t count(const Report& report, Verdict verdict);

// {"time": "2026-11-24T12:00:00Z", "identity": "...", "points": [{"name", "verdict", "evidence", "remedy"}]}.
// Octets that are not UTF-8 become U+FFFD.
[[nodiscard]] std::string to_json(const Report& report);
// Refuses what is not such a text, saying what is wrong with it. Members that it does not know are a later
// version's.
[[nodiscard]] Result<Report> report_from_json(std::string_view text);

// Where the report lies beneath the "state_directory": in a folder that root alone writes to.
inline constexpr const char* kReportFolder = "/preflight";
inline constexpr const char* kReportFile = "/preflight/report.json";
inline constexpr std::size_t kMostReport = 256 << 10;  // octets

}  // namespace imrs::preflight
