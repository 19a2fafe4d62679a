// imrsctl preflight: its text, where the report is kept, and its exit statuses by the real command line.
#include "agent/ctl/preflight_command.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "agent/web/preflight_page.h"
#include "tests/support/temp_directory.h"

namespace imrs::ctl {
namespace {

using preflight::Report;
using preflight::Verdict;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

Report sample() {
  return {.time = 1'795'521'600,
          .identity = "aa01-fr-par.l.dns.icann.org",
          .points = {
              {"clock", Verdict::Pass, "synchronised", ""},
              {"nic-speed", Verdict::Fail, "eth0: 100 Mbit/s\x1b[2J", "look at the port on the other side"},
              {"reached", Verdict::Unknown, "few queries", "dig"}}};
}

TEST(PreflightText, IsAligned) {
  EXPECT_EQ(preflight_text(sample(), {}),
            "aa01-fr-par.l.dns.icann.org, 2026-11-24 12:00:00 UTC\n"
            "pass     clock      synchronised\n"
            "FAIL     nic-speed  eth0: 100 Mbit/s?[2J\n"
            "                    do: look at the port on the other side\n"
            "unknown  reached    few queries\n"
            "                    to know: dig\n"
            "1 pass, 1 fail, 1 unknown\n");
}

TEST(PreflightText, FitsTheScreenWithItsColours) {
  const std::string text = preflight_text(sample(), {.colour = true, .columns = 42});
  EXPECT_THAT(text, HasSubstr("\x1b[31mFAIL     \x1b[0mnic-speed  eth0: 100 Mbit/s?[2J\n"
                              "                    do: look at the port\n"
                              "                    on the other side\n"));
  EXPECT_THAT(preflight_text(sample(), {.colour = false, .columns = 5}),
              HasSubstr("do: look at the port on the"))
      << "a screen that is too narrow anyway";
}

TEST(PreflightText, WordsLongerThanTheScreenStayWhole) {
  Report report = sample();
  report.points = {{"a", Verdict::Pass, std::string(60, 'x') + " b", ""}};
  EXPECT_THAT(preflight_text(report, {.colour = false, .columns = 40}),
              HasSubstr(std::string(60, 'x') + "\n            b\n"));
}

TEST(PreflightStore, ImrsWebCanReadIt) {
  const test::TempDirectory folder;
  ::umask(077);
  ASSERT_TRUE(store_report(folder.path("imrs"), sample()));
  struct stat file {
  }, directory{};
  ASSERT_EQ(::stat(folder.path("imrs/preflight/report.json").c_str(), &file), 0);
  ASSERT_EQ(::stat(folder.path("imrs/preflight").c_str(), &directory), 0);
  EXPECT_EQ(file.st_mode & 0777U, 0644U);
  EXPECT_EQ(directory.st_mode & 0777U, 0755U);
  const auto back = preflight::report_from_json(folder.read("imrs/preflight/report.json"));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->points[2], sample().points[2]);
  EXPECT_THAT(web::stored_preflight(folder.path("imrs"), sample().time + 60), HasSubstr("few queries"));
  ASSERT_TRUE(store_report(folder.path("imrs"), sample())) << "once more";
}

TEST(PreflightStore, SaysWhyNot) {
  const test::TempDirectory folder;
  EXPECT_THAT(store_report("", sample()).error().message, HasSubstr("state_directory"));
  folder.write("imrs/preflight", "a file");
  EXPECT_THAT(store_report(folder.path("imrs"), sample()).error().message, HasSubstr("is no directory"));
  const std::string link = folder.path("link");
  ASSERT_EQ(::symlink("/nowhere", link.c_str()), 0);
  EXPECT_FALSE(store_report(link, sample()));
}

class PreflightCommand : public testing::Test {
 protected:
  // Runs imrsctl with these words; what it printed is in `output_`.
  int run(std::vector<std::string> words) {
    Options options;
    int exit_code = -1;
    CLI::App app{"", "imrsctl"};
    app.add_option("--socket", options.socket);
    app.fallthrough();
    add_preflight(app, options, exit_code);
    std::ranges::reverse(words);
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    app.parse(words);
    output_ = testing::internal::GetCapturedStdout();
    errors_ = testing::internal::GetCapturedStderr();
    return exit_code;
  }

  test::TempDirectory folder_;
  std::string output_, errors_;
};

TEST_F(PreflightCommand, SaysByItsStatusWhetherSomethingFailed) {
  const std::string config = folder_.path("none.json");
  EXPECT_EQ(run({"preflight", "--config", config, "--only", "source-filter"}), kGood);
  EXPECT_THAT(output_, AllOf(HasSubstr("no identity"), HasSubstr("0 fail, 1 unknown")));
  EXPECT_EQ(run({"preflight", "--config", config, "--only", "configuration", "--only", "source-filter"}),
            kNotHealthy);
  EXPECT_THAT(output_, AllOf(HasSubstr("FAIL     configuration"), HasSubstr("none.json")));
}

TEST_F(PreflightCommand, PrintsJson) {
  EXPECT_EQ(run({"preflight", "--config", folder_.path("none.json"), "--json", "--only", "configuration"}),
            kNotHealthy);
  const auto json = nlohmann::json::parse(output_);
  ASSERT_EQ(json.at("points").size(), 1U);
  EXPECT_EQ(json.at("points")[0].at("verdict"), "fail");
}

TEST_F(PreflightCommand, RefusesWhatCannotBeMeant) {
  const struct {
    const char* description;
    std::vector<std::string> words;
    const char* want;
  } cases[] = {
      {"no such point",
       {"preflight", "--only", "weather"},
       "no point \"weather\"; those there are: configuration"},
      {"half a report kept", {"preflight", "--only", "clock", "--store"}, "--store keeps a whole report"},
      {"no address",
       {"preflight", "--spoof-test", "example.org"},
       "--spoof-test: \"example.org\" is not an IPv4"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(run(c.words), kBadUse) << c.description;
    EXPECT_THAT(errors_, HasSubstr(c.want)) << c.description;
    EXPECT_EQ(output_, "") << c.description;
  }
}

TEST_F(PreflightCommand, AReportThatCannotBeStoredIsPrintedAllTheSame) {
  EXPECT_EQ(run({"preflight", "--config", folder_.path("none.json"), "--store"}), kFailed);
  EXPECT_THAT(errors_, HasSubstr("the report is not stored"));
  EXPECT_THAT(output_, HasSubstr("FAIL     configuration"));
}

}  // namespace
}  // namespace imrs::ctl
