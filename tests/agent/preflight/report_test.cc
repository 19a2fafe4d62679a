// The report as JSON, whole, damaged and hostile.
#include "agent/preflight/report.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "agent/preflight/words.h"

namespace imrs::preflight {
namespace {

using testing::HasSubstr;

Report sample() {
  return {.time = 1'795'521'600,  // 2026-11-24 12:00:00 UTC
          .identity = "aa01-fr-par.l.dns.icann.org",
          .points = {{"clock", Verdict::Pass, "synchronised", ""},
                     {"nic-speed", Verdict::Fail, "eth0: 100 Mbit/s", "ethtool"},
                     {"reached", Verdict::Unknown, "few queries", "dig"}}};
}

TEST(PreflightReport, JsonHasTheAgreedMembersInOrder) {
  const auto json = nlohmann::ordered_json::parse(to_json(sample()));
  EXPECT_EQ(json.dump(),
            R"({"time":"2026-11-24T12:00:00Z","identity":"aa01-fr-par.l.dns.icann.org","points":[)"
            R"({"name":"clock","verdict":"pass","evidence":"synchronised","remedy":""},)"
            R"({"name":"nic-speed","verdict":"fail","evidence":"eth0: 100 Mbit/s","remedy":"ethtool"},)"
            R"({"name":"reached","verdict":"unknown","evidence":"few queries","remedy":"dig"}]})");
}

TEST(PreflightReport, ComesBackAsItWas) {
  const auto back = report_from_json(to_json(sample()));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, sample());
  EXPECT_EQ(count(*back, Verdict::Pass), 1U);
  EXPECT_EQ(count(*back, Verdict::Fail), 1U);
  EXPECT_EQ(count(*back, Verdict::Unknown), 1U);
}

TEST(PreflightReport, ALaterVersionsMembersArePassedOver) {
  auto json = nlohmann::json::parse(to_json(sample()));
  json["site"] = "new";
  json["points"][0]["since"] = 5;
  const auto back = report_from_json(json.dump());
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, sample());
}

TEST(PreflightReport, OctetsThatAreNoUtf8DoNotStopIt) {
  Report report = sample();
  report.points[0].evidence = "a\xff b";
  const auto back = report_from_json(to_json(report));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->points[0].evidence, "a\xEF\xBF\xBD b");
}

TEST(PreflightReport, RefusesWhatIsNone) {
  const struct {
    const char* description;
    const char* text;
  } cases[] = {
      {"nothing", ""},
      {"no JSON", "preflight: 3 pass"},
      {"cut", R"({"time": "2026-11-24T12:00:00Z", "identity": "x", "poi)"},
      {"another value", "[]"},
      {"no time", R"({"identity": "x", "points": []})"},
      {"a time of another kind", R"({"time": 5, "identity": "x", "points": []})"},
      {"no such time", R"({"time": "yesterday", "identity": "x", "points": []})"},
      {"more than a time", R"({"time": "2026-11-24T12:00:00Z and more", "identity": "x", "points": []})"},
      {"no identity", R"({"time": "2026-11-24T12:00:00Z", "points": []})"},
      {"points of another kind", R"({"time": "2026-11-24T12:00:00Z", "identity": "x", "points": {"a": 1}})"},
      {"a point of another kind", R"({"time": "2026-11-24T12:00:00Z", "identity": "x", "points": [5]})"},
      {"no such verdict", R"({"time": "2026-11-24T12:00:00Z", "identity": "x", "points":
         [{"name": "a", "verdict": "good", "evidence": "", "remedy": ""}]})"},
      {"no evidence", R"({"time": "2026-11-24T12:00:00Z", "identity": "x", "points":
         [{"name": "a", "verdict": "pass", "remedy": ""}]})"},
  };
  for (const auto& c : cases) {
    const auto report = report_from_json(c.text);
    ASSERT_FALSE(report) << c.description;
    EXPECT_THAT(report.error().message, HasSubstr("not a report of preflight")) << c.description;
  }
}

TEST(PreflightWords, EvidenceIsOneLineOfBoundedLength) {
  const struct {
    const char* description;
    std::string text, want;
  } cases[] = {
      {"as it is", "eth0: 1000", "eth0: 1000"},
      {"lines", "a\nb\nc", "a; b; c"},
      {"control characters", "a\x1b[31mb\x7f\tc", "a [31mb c"},
      {"none at the begin", "\n\na", "a"},
      {"too long", std::string(700, 'x'), std::string(600, 'x') + " ..."},
      {"not within a character", std::string(599, 'x') + "\xc3\xa4" + "yyyy", std::string(599, 'x') + " ..."},
  };
  for (const auto& c : cases) EXPECT_EQ(one_line(c.text), c.want) << c.description;
}

TEST(PreflightWords, ListsAreShortened) {
  EXPECT_EQ(joined({}), "");
  EXPECT_EQ(joined({"a", "b"}), "a, b");
  EXPECT_EQ(joined({"a", "b", "c"}, "; ", 3), "a; b; c");
  EXPECT_EQ(joined({"a", "b", "c", "d"}, "; ", 3), "a; b and 2 more");
  EXPECT_EQ(size_text(3ULL << 29), "1.5 GiB");
  EXPECT_EQ(size_text(320 << 20), "320 MiB");
  EXPECT_EQ(size_text(12 << 10), "12 kiB");
}

}  // namespace
}  // namespace imrs::preflight
