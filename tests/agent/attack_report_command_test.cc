// `imrsctl attack-report` against a control socket: what is lent is read twice, and the difference printed.
#include "agent/ctl/attack_report_command.h"

#include <CLI/CLI.hpp>
#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <regex>
#include <thread>

#include "agent/config/web_settings.h"
#include "agent/control.h"
#include "agent/counts/pages.h"
#include "agent/snapshot/snapshot.h"
#include "agent/spawn.h"
#include "tests/dns/zone/zone_files.h"

namespace imrs::agent {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;

// An agent whose engine answers 50,000 questions, nearly all for names that do not exist, between two looks.
class AttackReportCommandTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "SKIPPED: only root is answered";
    lend_counts();
    auto listener = open_control_socket(path_);
    ASSERT_TRUE(listener.ok()) << listener.error().message;
    server_ = std::make_unique<ControlServer>(context_.get_executor(),
                                              [this](std::string_view request) { return answer(request); });
    spawn(context_.get_executor(), server_->run(std::move(*listener)));
    thread_ = std::thread([this] { context_.run(); });
  }
  void TearDown() override {
    context_.stop();
    if (thread_.joinable()) thread_.join();
  }

  void lend_counts() {
    auto memory = counts::Pages::make(settings_.workers);
    ASSERT_TRUE(memory.ok()) << memory.error().message;
    memory_ = std::move(*memory);
    auto pages = counts::Pages::map(memory_.get(), settings_.workers, true);
    ASSERT_TRUE(pages.ok()) << pages.error().message;
    pages_ = std::move(*pages);
  }

  ControlReply answer(std::string_view request) {
    if (request == "status") return {to_json(snapshot_)};
    if (request != "counters") return {"null"};
    if (++looks_ == 2) {
      if (anew_) lend_counts();
      TrafficCounters& traffic = pages_.workers()[1].traffic[0][0];
      count(traffic.queries, 50'000);
      count(traffic.responses, 50'000);
      count(traffic.rcodes[3], 49'000);
    }
    return {to_json(settings_), memory_.get()};
  }

  // The exit status, and what was printed.
  int run(std::vector<std::string> arguments, std::string& out, std::string& err) {
    ctl::Options options;
    options.socket = path_;
    int exit_code = -1;
    CLI::App app;
    add_attack_report(app, options, exit_code);
    std::ranges::reverse(arguments);  // as CLI11 wants them
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    app.parse(arguments);
    out = testing::internal::GetCapturedStdout();
    err = testing::internal::GetCapturedStderr();
    return exit_code;
  }

  test::TempDir dir_;
  const std::string path_ = dir_.path("run/control.sock");
  const WebSettings settings_{.identity = "fra02.l.example",
                              .appliance = "calypso",
                              .workers = 2,
                              .services = {{Family::V4, "199.7.83.42"}},
                              .neighbours = {},
                              .prefixes = {},
                              .contact = "",
                              .rssac002 = {},
                              .state_directory = "",
                              .tls = {}};
  Snapshot snapshot_ = [] {
    Snapshot s;
    s.time_ms = 1'795'521'600'000;
    s.identity = "fra02.l.example";
    s.appliance = "calypso";
    return s;
  }();
  UniqueFd memory_;
  counts::Pages pages_;
  int looks_ = 0;
  bool anew_ = false;
  boost::asio::io_context context_;
  std::unique_ptr<ControlServer> server_;
  std::thread thread_;
};

TEST_F(AttackReportCommandTest, LooksTwice) {
  std::string out, err;
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(run({"attack-report", "--seconds", "1"}, out, err), ctl::kGood) << err;
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  EXPECT_EQ(looks_, 2);
  std::smatch found;
  const std::regex wanted("^fra02.l.example, calypso: ([0-9]+\\.[0-9]) s until");
  ASSERT_TRUE(std::regex_search(out, found, wanted)) << out;
  const double between = std::stod(found[1]);  // the looks, and rounded
  EXPECT_GE(between, 1.0);
  EXPECT_LE(between, took.count() + .1);
  EXPECT_THAT(out, AllOf(HasSubstr("looks like a random-subdomain attack: 98 % NXDOMAIN"),
                         ContainsRegex("responses +NXDOMAIN 98.0 %\n")));
}

TEST_F(AttackReportCommandTest, ForPrograms) {
  std::string out, err;
  EXPECT_EQ(run({"attack-report", "--seconds", "1", "--json"}, out, err), ctl::kGood) << err;
  EXPECT_THAT(out, HasSubstr("\"sign\": \"random-names\""));
}

TEST_F(AttackReportCommandTest, AnAgentThatStartsAnewMeanwhile) {
  anew_ = true;
  std::string out, err;
  EXPECT_EQ(run({"attack-report", "--seconds", "1"}, out, err), ctl::kFailed);
  EXPECT_THAT(err, HasSubstr("started anew"));
  EXPECT_EQ(out, "");
}

TEST_F(AttackReportCommandTest, SecondsHaveARange) {
  std::string out, err;
  for (const char* seconds : {"0", "601", "-1", "ten"}) {
    EXPECT_THROW(run({"attack-report", "--seconds", seconds}, out, err), CLI::ParseError) << seconds;
    (void)testing::internal::GetCapturedStdout();
    (void)testing::internal::GetCapturedStderr();
  }
  EXPECT_EQ(looks_, 0);
}

}  // namespace
}  // namespace imrs::agent
