// The ops page's section: reports that are good, old, damaged, hostile, or not there.
#include "agent/web/preflight_page.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "agent/preflight/report.h"
#include "tests/support/temp_directory.h"

namespace imrs::web {
namespace {

using preflight::Report;
using preflight::Verdict;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr std::int64_t kThen = 1'795'521'600;  // 2026-11-24 12:00:00 UTC

std::string report(const std::string& text = "seen") {
  return to_json(Report{.time = kThen,
                        .identity = "aa01-fr-par.l.dns.icann.org",
                        .points = {{"clock", Verdict::Pass, text, ""},
                                   {"reached", Verdict::Unknown, text, "dig " + text},
                                   {"nic-speed", Verdict::Fail, text, "ethtool " + text}}});
}

TEST(PreflightPage, ShowsAgeCountsAndPointsTheWorstFirst) {
  const std::string html = preflight_section(report(), kThen + 3 * 86400 + 4 * 3600);
  EXPECT_THAT(html, AllOf(HasSubstr("<h2>Preflight</h2>"), HasSubstr("2026-11-24 12:00:00 UTC"),
                          HasSubstr("<span>3 d 4 h ago</span>"), HasSubstr("1 pass, 1 fail, 1 unknown"),
                          HasSubstr("aa01-fr-par.l.dns.icann.org"), HasSubstr("class=\"pill bad\""),
                          HasSubstr("class=\"pill good\""), HasSubstr("class=\"pill unknown\""),
                          HasSubstr("<span class=\"soft\">ethtool seen</span>")));
  EXPECT_LT(html.find("nic-speed"), html.find("reached"));
  EXPECT_LT(html.find("reached"), html.find("clock"));
}

TEST(PreflightPage, SaysThatAReportIsOld) {
  EXPECT_THAT(preflight_section(report(), kThen + 90 * 86400), Not(HasSubstr("class=\"old\"")));
  EXPECT_THAT(preflight_section(report(), kThen + 90 * 86400 + 1), HasSubstr("<span class=\"old\">90 d"));
  EXPECT_THAT(preflight_section(report(), kThen - 1), HasSubstr("a clock that was ahead"));
}

TEST(PreflightPage, NoTextBecomesMarkup) {
  const std::string html = preflight_section(report("<b onload=\"x\">'&"), kThen);
  EXPECT_THAT(html, AllOf(Not(HasSubstr("<b ")), HasSubstr("&lt;b onload=&quot;x&quot;&gt;&#39;&amp;")));
  EXPECT_THAT(preflight_section("{\"time\": \"<script>\"}", kThen), Not(HasSubstr("<script")));
}

TEST(PreflightPage, WhatIsNoReportIsSaidToBeNone) {
  for (const char* text : {"{", "[]", "null", "{\"time\": 5}", "\xff\xfe"}) {
    EXPECT_THAT(preflight_section(text, kThen),
                AllOf(HasSubstr("<h2>Preflight</h2>"), HasSubstr("The report cannot be shown: not a report"),
                      HasSubstr("imrsctl preflight --store")))
        << text;
  }
  EXPECT_THAT(preflight_section("", kThen), HasSubstr("Not done yet"));
}

TEST(PreflightPage, EveryTagIsClosed) {
  const std::string html = preflight_section(report(), kThen);
  for (const char* tag : {"p", "div", "table", "thead", "tbody", "tr", "td", "th", "h2", "code", "span"}) {
    std::size_t opened = 0, closed = 0;
    for (const std::string& begin : {"<" + std::string(tag) + ">", "<" + std::string(tag) + " "}) {
      for (std::size_t at = 0; (at = html.find(begin, at)) != std::string::npos; ++at) ++opened;
    }
    const std::string end = "</" + std::string(tag) + ">";
    for (std::size_t at = 0; (at = html.find(end, at)) != std::string::npos; ++at) ++closed;
    EXPECT_EQ(opened, closed) << tag;
  }
}

TEST(PreflightPage, ReadsWhatIsStored) {
  const test::TempDirectory folder;
  EXPECT_EQ(stored_preflight("", kThen), "");
  EXPECT_THAT(stored_preflight(folder.path(), kThen), HasSubstr("Not done yet"));
  folder.write("preflight/report.json", report());
  EXPECT_THAT(stored_preflight(folder.path(), kThen), HasSubstr("nic-speed"));
  folder.write("preflight/report.json", "");
  EXPECT_THAT(stored_preflight(folder.path(), kThen), HasSubstr("it is empty"));
  folder.write("preflight/report.json", std::string(preflight::kMostReport + 1, ' '));
  EXPECT_THAT(stored_preflight(folder.path(), kThen), HasSubstr("is too large"));
  std::filesystem::remove(folder.path("preflight/report.json"));
  std::filesystem::create_symlink("/etc/passwd", folder.path("preflight/report.json"));
  EXPECT_THAT(stored_preflight(folder.path(), kThen),
              AllOf(HasSubstr("cannot be shown"), Not(HasSubstr("root:"))));
}

}  // namespace
}  // namespace imrs::web
