// What imrsctl asks for, and what it keeps.
#include "agent/ctl/orders.h"

#include <gmock/gmock.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace imrs::ctl {
namespace {

using testing::HasSubstr;

TEST(CtlOrders, TheRequestNamesWhatIsMeant) {
  EXPECT_EQ(*overlay_request("drain", {}, ""), R"({"do":"drain"})");
  EXPECT_EQ(*overlay_request("drain", {"v4"}, "x"), R"({"do":"drain","family":"ipv4","reason":"x"})");
  EXPECT_EQ(*overlay_request("resume", {"ipv6", "host6"}, ""),
            R"({"do":"resume","family":"ipv6","neighbour":"host6"})");
  EXPECT_THAT(overlay_request("drain", {"host4", "host6"}, "").error().message, HasSubstr("one neighbour"));
  EXPECT_THAT(overlay_request("drain", {"v4", "v6"}, "").error().message, HasSubstr("one family"));
}

TEST(CtlOrders, TimesAreAbsoluteOrFromNowOn) {
  constexpr std::int64_t kNow = 1'800'000'000;
  EXPECT_EQ(*parse_until("2027-01-15T08:00:00Z", kNow), kNow);
  EXPECT_EQ(*parse_until("+90m", kNow), kNow + 5400);
  EXPECT_EQ(*parse_until("+2h", kNow), kNow + 7200);
  EXPECT_EQ(*parse_until("+3d", kNow), kNow + 259200);
  for (const char* bad : {"", "+", "+h", "+0h", "+-1h", "+1", "+1w", "+1hh", "+999999999m", "tomorrow",
                          "2027-01-15", "2027-01-15T08:00:00", "2027-01-15T08:00:00Zz"}) {
    EXPECT_FALSE(parse_until(bad, kNow)) << bad;
  }
}

TEST(CtlOrders, WhatStandsIsKept) {
  std::string name = (std::filesystem::temp_directory_path() / "imrs-ctl-XXXXXX").string();
  const std::string directory = ::mkdtemp(name.data());
  const std::string file = directory + "/orders.json";
  std::string warning;
  const auto done = take_answer(R"({"text": "done", "keep": {"file": ")" + file + R"(", "content": "{}"}})",
                                warning);
  ASSERT_TRUE(done);
  EXPECT_EQ(*done, "done");
  EXPECT_EQ(warning, "");
  std::ifstream in(file);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), "{}");
  struct stat status {};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory), {}), 1)
      << "no temporary file is left";
  std::filesystem::remove_all(directory);
  EXPECT_TRUE(
      take_answer(R"({"text": "done", "keep": {"file": ")" + file + R"(", "content": "{}"}})", warning));
  EXPECT_THAT(warning, HasSubstr("it will end with the agent's next start"));
}

TEST(CtlOrders, RefusalsAndNonsenseAreErrors) {
  std::string warning;
  EXPECT_EQ(take_answer(R"({"error": "no"})", warning).error().message, "no");
  for (const char* bad : {"", "[]", "{}", R"({"text": 1})", R"({"text": "a", "keep": 1})"}) {
    EXPECT_FALSE(take_answer(bad, warning)) << bad;
  }
}

}  // namespace
}  // namespace imrs::ctl
