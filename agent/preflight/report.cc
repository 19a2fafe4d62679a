// The report as a value and as JSON. Called by `imrsctl preflight`, which writes it, and by imrs-web, which
// reads what may be another version's, or anything.
#include "agent/preflight/report.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <nlohmann/json.hpp>

namespace imrs::preflight {
namespace {

using Json = nlohmann::ordered_json;
constexpr const char* kTimeFormat = "%Y-%m-%dT%H:%M:%SZ";  // RFC 3339
constexpr std::array kVerdicts{Verdict::Pass, Verdict::Fail, Verdict::Unknown};

std::string time_text(std::int64_t time) {
  const std::time_t seconds = time;
  std::tm parts{};
  if (::gmtime_r(&seconds, &parts) == nullptr) return "";
  std::array<char, 64> text{};
  return {text.data(), std::strftime(text.data(), text.size(), kTimeFormat, &parts)};
}

Error bad(const std::string& what) { return Error{Errc::InvalidInput, "not a report of preflight: " + what}; }

Result<std::int64_t> parse_time(const std::string& text) {
  std::tm parts{};
  const char* const end = ::strptime(text.c_str(), kTimeFormat, &parts);
  if (end == nullptr || *end != '\0') return bad("\"time\" is no time");
  return ::timegm(&parts);
}

Result<Verdict> parse_verdict(const std::string& text) {
  const auto found = std::ranges::find(kVerdicts, text, [](Verdict verdict) { return to_string(verdict); });
  if (found == kVerdicts.end()) return bad("\"verdict\" is not pass, fail or unknown");
  return *found;
}

Result<Finding> parse_finding(const Json& json) {
  const auto verdict = parse_verdict(json.at("verdict").get<std::string>());
  if (!verdict) return verdict.error();
  return Finding{.name = json.at("name").get<std::string>(),
                 .verdict = *verdict,
                 .evidence = json.at("evidence").get<std::string>(),
                 .remedy = json.at("remedy").get<std::string>()};
}

Result<Report> parse_report(const Json& json) {
  const auto time = parse_time(json.at("time").get<std::string>());
  if (!time) return time.error();
  Report report{.time = *time, .identity = json.at("identity").get<std::string>(), .points = {}};
  const Json& points = json.at("points");
  if (!points.is_array()) return bad("\"points\" is no array");
  for (const Json& point : points) {
    auto finding = parse_finding(point);
    if (!finding) return finding.error();
    report.points.push_back(std::move(*finding));
  }
  return report;
}

}  // namespace

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::Pass: return "pass";
    case Verdict::Fail: return "fail";
    case Verdict::Unknown: return "unknown";
  }
  return "unknown";
}

Finding pass(std::string evidence) { return {"", Verdict::Pass, std::move(evidence), ""}; }

Finding fail(std::string evidence, std::string remedy) {
  return {"", Verdict::Fail, std::move(evidence), std::move(remedy)};
}

Finding unknown(std::string evidence, std::string remedy) {
  return {"", Verdict::Unknown, std::move(evidence), std::move(remedy)};
}

std::size_t count(const Report& report, Verdict verdict) {
  return static_cast<std::size_t>(std::ranges::count(report.points, verdict, &Finding::verdict));
}

std::string to_json(const Report& report) {
  Json points = Json::array();
  for (const Finding& point : report.points) {
    points.push_back({{"name", point.name},
                      {"verdict", std::string(to_string(point.verdict))},
                      {"evidence", point.evidence},
                      {"remedy", point.remedy}});
  }
  const Json json{{"time", time_text(report.time)}, {"identity", report.identity}, {"points", points}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

Result<Report> report_from_json(std::string_view text) {
  try {
    return parse_report(Json::parse(text));
  } catch (const Json::exception& error) {
    return bad(error.what());
  }
}

}  // namespace imrs::preflight
