#include "agent/web/text.h"

#include <gtest/gtest.h>

namespace imrs::web {
namespace {

TEST(EscapeHtml, LeavesNothingThatCouldActOnThePage) {
  const std::string bad = "\xEF\xBF\xBD";
  const struct {
    const char* description;
    std::string input, want;
  } cases[] = {
      {"plain", "back at 12:00 UTC", "back at 12:00 UTC"},
      {"tag", "<script>", "&lt;script&gt;"},
      {"attribute", "\" onload='x'", "&quot; onload=&#39;x&#39;"},
      {"reference", "&lt;", "&amp;lt;"},
      {"newline and tab", "a\nb\tc", "a b c"},
      {"control characters", std::string("a\x01\x1b[31m\0z", 9), "a" + bad + bad + "[31m" + bad + "z"},
      {"DEL", "a\x7f", "a" + bad},
      {"C1 control",
       "a\xC2\x9B"
       "b",
       "a" + bad + "b"},
      {"umlaut", "M\xC3\xBCnchen", "M\xC3\xBCnchen"},
      {"four octets", "\xF0\x9F\x90\xA6", "\xF0\x9F\x90\xA6"},
      {"lone continuation",
       "a\x80"
       "b",
       "a" + bad + "b"},
      {"cut in the middle", "a\xE2\x82", "a" + bad + bad},
      {"overlong slash and <", "\xC0\xBC", bad + bad},
      {"overlong three octets", "\xE0\x80\xBC", bad + bad + bad},
      {"surrogate", "\xED\xA0\x80", bad + bad + bad},
      {"above U+10FFFF", "\xF4\x90\x80\x80", bad + bad + bad + bad},
      {"tag right after a broken sequence", "\xE2<b>", bad + "&lt;b&gt;"},
  };
  for (const auto& c : cases) EXPECT_EQ(escape_html(c.input), c.want) << c.description;
}

TEST(Times, AreUtcAndSaySo) {
  EXPECT_EQ(utc_text(1'795'521'600'000), "2026-11-24 12:00:00 UTC");
  EXPECT_EQ(utc_text(0), "never");
  EXPECT_EQ(rfc3339_text(1'795'521'600'045), "2026-11-24T12:00:00.045Z");
}

TEST(DurationText, GivesTheTwoLargestUnits) {
  const struct {
    std::int64_t ms;
    const char* want;
  } cases[] = {{-5, "0 s"},
               {999, "0 s"},
               {61'000, "1 min 1 s"},
               {59'999, "59 s"},
               {7'500'000, "2 h 5 min"},
               {90'000'000, "1 d 1 h"}};
  for (const auto& c : cases) EXPECT_EQ(duration_text(c.ms), c.want) << c.ms;
}

TEST(Numbers, ArePlural) {
  EXPECT_EQ(count_text(1, "prefix", "prefixes"), "1 prefix");
  EXPECT_EQ(count_text(0, "prefix", "prefixes"), "0 prefixes");
}

TEST(Numbers, AreGrouped) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(18446744073709551615ULL), "18,446,744,073,709,551,615");
}

}  // namespace
}  // namespace imrs::web
