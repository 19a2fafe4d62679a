// Shows the report of preflight. Called by the site, for the ops listener only. The file was written by root,
// but perhaps by another version: it is read as what it may be, and escaped.
#include "agent/web/preflight_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "agent/base/regular_file.h"
#include "agent/preflight/report.h"
#include "agent/web/frame.h"
#include "agent/web/text.h"

namespace imrs::web {
namespace {

using preflight::Finding;
using preflight::Report;
using Found = preflight::Verdict;

constexpr std::string_view kHeading = "<h2>Preflight</h2>\n";
constexpr std::int64_t kOld = 90 * 86400;  // seconds: the contract should be looked at again

Level level_of(Found verdict) {
  switch (verdict) {
    case Found::Pass: return Level::Good;
    case Found::Fail: return Level::Bad;
    case Found::Unknown: return Level::Unknown;
  }
  return Level::Unknown;
}

// What failed comes first, what is fine last.
int rank_of(const Finding& finding) {
  switch (finding.verdict) {
    case Found::Fail: return 0;
    case Found::Unknown: return 1;
    case Found::Pass: return 2;
  }
  return 1;
}

std::string age_text(const Report& report, std::int64_t now) {
  const std::int64_t age = now - report.time;
  if (age < 0) return "<span class=\"old\">by a clock that was ahead of this one</span>";
  return fmt::format("<span{}>{} ago</span>", age > kOld ? " class=\"old\"" : "", duration_text(age * 1000));
}

std::string row(const Finding& finding) {
  std::string seen = escape_html(finding.evidence);
  if (!finding.remedy.empty()) {
    seen += fmt::format("<br><span class=\"soft\">{}</span>", escape_html(finding.remedy));
  }
  return fmt::format(
      "<tr><td data-label=\"Point\"><span>{}</span></td><td data-label=\"Verdict\"><span>{}</span></td>"
      "<td data-label=\"Seen\"><span>{}</span></td></tr>\n",
      escape_html(finding.name), pill(level_of(finding.verdict), to_string(finding.verdict)), seen);
}

std::string failure_text(std::string_view what) {
  return std::string(kHeading) + fmt::format(
                                     "<p>The report cannot be shown: {}. <code>imrsctl preflight "
                                     "--store</code> makes a new one.</p>\n",
                                     escape_html(what));
}

}  // namespace

std::string preflight_section(std::string_view json_text, std::int64_t now) {
  if (json_text.empty()) {
    return std::string(kHeading) + "<p>Not done yet: <code>imrsctl preflight --store</code>.</p>\n";
  }
  auto report = preflight::report_from_json(json_text);
  if (!report) return failure_text(report.error().message);
  std::ranges::stable_sort(report->points, {}, rank_of);
  std::string html = std::string(kHeading) +
                     fmt::format("<p>Of {}, {}: {} pass, {} fail, {} unknown. Identity then: {}.</p>\n",
                                 utc_text(report->time * 1000), age_text(*report, now),
                                 count(*report, Found::Pass), count(*report, Found::Fail),
                                 count(*report, Found::Unknown), escape_html(report->identity));
  html +=
      "<div class=\"box\"><table class=\"stack\">\n<thead><tr><th>Point</th><th>Verdict</th><th>Seen, and "
      "what to "
      "do</th></tr></thead>\n<tbody>\n";
  for (const Finding& finding : report->points) html += row(finding);
  return html + "</tbody></table></div>\n";
}

std::string stored_preflight(const std::string& state_directory, std::int64_t now) {
  if (state_directory.empty()) return "";
  const auto text = read_regular_file(state_directory + preflight::kReportFile, preflight::kMostReport);
  if (text) return text->empty() ? failure_text("it is empty") : preflight_section(*text, now);
  return text.error().code == Errc::Unavailable ? preflight_section("", now)
                                                : failure_text(text.error().message);
}

}  // namespace imrs::web
