// A whole apply: real files, real commands, an agent that is played.
#include "agent/ctl/config_apply.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "agent/ctl/config_agent.h"
#include "agent/ctl/config_files.h"
#include "agent/ctl/login.h"
#include "tests/agent/ctl/config_samples.h"
#include "tests/agent/ctl/played_agent.h"
#include "tests/support/temp_directory.h"

namespace imrs::ctl {
namespace {

using testing::HasSubstr;
using testing::Not;
using Json = nlohmann::json;

// For what never comes. All else has kPatience, which a busy machine may need.
constexpr std::chrono::milliseconds kSoon{1'500}, kPatience{20'000};
constexpr const char* kUpgraded = "upgraded in place";
constexpr const char* kFailedUpgrade = "upgrade failed, nothing has changed: it has not passed its self-test";

std::string changed(const char* patch) {
  Json json = Json::parse(kSampleConfig);
  json.merge_patch(Json::parse(patch));
  return json.dump();
}

class ConfigApply : public testing::Test {
 protected:
  ConfigApply() {
    directory_.write("agent.json", kSampleConfig);
    options_.socket = directory_.path("control.sock");
    settings_.config = directory_.path("agent.json");
    settings_.limits = {kPatience, std::chrono::milliseconds(200)};
    settings_.restart = told("restart");
    settings_.reload_bird = told("bird");
    settings_.reload_firewall = told("firewall");
    settings_.firewall_runs = "true";
  }

  // A command that leaves a line.
  [[nodiscard]] std::string told(const char* whom) const {
    return "echo " + std::string(whom) + " >> " + directory_.path("told");
  }
  [[nodiscard]] std::string who_was_told() const { return directory_.read("told"); }

  int apply(const std::string& next) {
    settings_.next = directory_.write("new.json", next);
    return apply_config(options_, settings_);
  }

  // An operator, who says so as soon as he is asked.
  [[nodiscard]] std::jthread confirming(Login anew = {Login::Kind::Ssh, INT64_MAX}) const {
    return std::jthread([this, anew](const std::stop_token& stop) {
      while (!stop.stop_requested() && !confirm(settings_.config, anew)) ::usleep(10'000);
    });
  }

  test::TempDirectory directory_;
  Options options_;
  ApplySettings settings_;
};

TEST_F(ConfigApply, InPlaceAndConfirmed) {
  PlayedAgent agent(options_.socket, sample_snapshot(), [] { return kUpgraded; });
  const std::string next = changed(R"({"health": {"rise": 4}})");
  EXPECT_EQ(apply(next), kGood);
  EXPECT_EQ(directory_.read("agent.json"), next);
  EXPECT_EQ(directory_.read("agent.json.previous"), kSampleConfig);
  EXPECT_FALSE(directory_.has("agent.json.pending"));
  EXPECT_EQ(agent.upgrades(), 1);
  EXPECT_EQ(who_was_told(), "");
  EXPECT_EQ(roll_back_config(options_, settings_), kGood);
  EXPECT_EQ(directory_.read("agent.json"), kSampleConfig);
  EXPECT_EQ(directory_.read("agent.json.previous"), next);
}

TEST_F(ConfigApply, WhoeverIsConcernedIsTold) {
  PlayedAgent agent(options_.socket, sample_snapshot(), [] { return kUpgraded; });
  {
    const auto operator_ = confirming();
    EXPECT_EQ(apply(changed(R"({"bgp": {"local_as": 64496}, "access": {"icann": ["192.0.2.0/24"]}})")),
              kGood);
  }
  EXPECT_EQ(who_was_told(), "firewall\nbird\n");
  EXPECT_EQ(agent.upgrades(), 1);
  directory_.write("told", "");
  {
    const auto operator_ = confirming();
    EXPECT_EQ(apply(changed(R"({"bgp": {"local_as": 64496}})")), kGood);
  }
  EXPECT_EQ(who_was_told(), "firewall\n");
  EXPECT_EQ(agent.upgrades(), 1) << "access is the firewall's alone";
  EXPECT_EQ(apply(changed(R"({"bgp": {"local_as": 64496}, "engine": {"rate_limit": 9}})")), kGood);
  EXPECT_EQ(who_was_told(), "firewall\nrestart\n");
  EXPECT_EQ(agent.upgrades(), 1);
}

TEST_F(ConfigApply, TakenBackIfASessionDoesNotComeBack) {
  settings_.limits.within = kSoon;
  Snapshot silent = sample_snapshot();
  silent.decisions[0].prefixes[0].exported = false;
  PlayedAgent* played = nullptr;
  PlayedAgent agent(options_.socket, sample_snapshot(), [&] {
    played->show(played->upgrades() == 1 ? silent : sample_snapshot());
    return kUpgraded;
  });
  played = &agent;
  EXPECT_EQ(apply(changed(R"({"bgp": {"local_as": 64496}})")), kFailed);
  EXPECT_EQ(directory_.read("agent.json"), kSampleConfig);
  EXPECT_FALSE(directory_.has("agent.json.pending"));
  EXPECT_EQ(agent.upgrades(), 2) << "the agent went back, too";
  EXPECT_EQ(who_was_told(), "bird\nbird\n");
}

TEST_F(ConfigApply, TakenBackIfTheAgentDoesNotTakeIt) {
  PlayedAgent agent(options_.socket, sample_snapshot(), [&] { return kFailedUpgrade; });
  EXPECT_EQ(apply(changed(R"({"health": {"rise": 4}})")), kFailed);
  EXPECT_EQ(directory_.read("agent.json"), kSampleConfig);
  EXPECT_EQ(who_was_told(), "") << "a program that does not pass its self-test must not be started instead";
  EXPECT_EQ(agent.upgrades(), 1);
}

TEST_F(ConfigApply, RestartedIfItCannotGoBackInPlace) {
  settings_.limits.within = kSoon;
  Snapshot silent = sample_snapshot();
  silent.decisions[1].phase = "down";
  PlayedAgent* played = nullptr;
  PlayedAgent agent(options_.socket, sample_snapshot(), [&] {
    if (played->upgrades() > 1) return kFailedUpgrade;
    played->show(silent);
    return kUpgraded;
  });
  played = &agent;
  EXPECT_EQ(apply(changed(R"({"health": {"rise": 4}})")), kFailed);
  EXPECT_EQ(who_was_told(), "restart\n");
  EXPECT_EQ(directory_.read("agent.json"), kSampleConfig);
}

TEST_F(ConfigApply, TakenBackIfACommandFails) {
  PlayedAgent agent(options_.socket, sample_snapshot(), [] { return kUpgraded; });
  settings_.reload_firewall = "exit 3";
  EXPECT_EQ(apply(changed(R"({"access": {"icann": ["192.0.2.0/24"]}, "health": {"rise": 4}})")), kFailed);
  EXPECT_EQ(directory_.read("agent.json"), kSampleConfig);
  EXPECT_EQ(agent.upgrades(), 0) << "it was never told";
}

// A reload of a unit that does not run succeeds, and loads nothing: whoever confirms has shown nothing.
TEST_F(ConfigApply, WhoGetsInIsNotChangedWithoutAFirewall) {
  PlayedAgent agent(options_.socket, sample_snapshot(), [] { return kUpgraded; });
  settings_.firewall_runs = "exit 3";
  testing::internal::CaptureStdout();
  int access = 0, other = 0;
  {
    const auto operator_ = confirming();
    access = apply(changed(R"({"access": {"icann": ["192.0.2.0/24"]}})"));
    other = apply(changed(R"({"access": {"host": ["192.0.2.0/24"]}})"));
  }
  const std::string printed = testing::internal::GetCapturedStdout();
  EXPECT_EQ(access, kFailed);
  EXPECT_THAT(printed, HasSubstr("load the firewall: the firewall does not run"));
  EXPECT_THAT(printed, HasSubstr("systemctl start imrs-firewall"));
  EXPECT_THAT(printed, Not(HasSubstr("load the firewall: done")));
  EXPECT_EQ(other, kGood) << "locks nobody out; but what was not loaded is said";
  EXPECT_THAT(directory_.read("agent.json"), HasSubstr("192.0.2.0/24"));
  EXPECT_THAT(directory_.read("agent.json"), Not(HasSubstr("icann\":[")));
  settings_.reload_firewall = "";
  const auto operator_ = confirming();
  EXPECT_EQ(apply(changed(R"({"access": {"icann": ["192.0.2.0/24"]}})")), kGood) << "nobody is to be told";
}

TEST_F(ConfigApply, TakenBackIfNobodyConfirmsThatHeGetsIn) {
  settings_.limits.within = kSoon;
  PlayedAgent agent(options_.socket, sample_snapshot(), [] { return kUpgraded; });
  EXPECT_EQ(apply(changed(R"({"access": {"icann": ["192.0.2.0/24"]}})")), kFailed);
  EXPECT_EQ(directory_.read("agent.json"), kSampleConfig);
  EXPECT_FALSE(directory_.has("agent.json.pending"));
  EXPECT_EQ(who_was_told(), "firewall\nfirewall\n");
}

// He has come after the change was begun, but before its firewall was there.
TEST_F(ConfigApply, AConnectionOfBeforeTheFirewallConfirmsNothing) {
  settings_.limits.within = kSoon;
  PlayedAgent agent(options_.socket, sample_snapshot(), [] { return kUpgraded; });
  settings_.reload_firewall = "sleep .3; " + settings_.reload_firewall;
  const auto operator_ = confirming({Login::Kind::Ssh, boot_ticks() + 20});
  EXPECT_EQ(apply(changed(R"({"access": {"icann": ["192.0.2.0/24"]}})")), kFailed);
  EXPECT_EQ(directory_.read("agent.json"), kSampleConfig);
}

TEST_F(ConfigApply, TakenBackIfTheOperatorEndsIt) {
  sigset_t interrupt;
  ::sigemptyset(&interrupt);
  ::sigaddset(&interrupt, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &interrupt, nullptr);  // of the played agent's thread, too
  PlayedAgent agent(options_.socket, sample_snapshot(), [] { return kUpgraded; });
  settings_.restart = told("restart") + "; kill -INT " + std::to_string(::getpid());
  EXPECT_EQ(apply(changed(R"({"engine": {"rate_limit": 9}})")), kFailed);
  EXPECT_EQ(directory_.read("agent.json"), kSampleConfig);
  EXPECT_EQ(who_was_told(), "restart\nrestart\n");
  ::pthread_sigmask(SIG_UNBLOCK, &interrupt, nullptr);
}

TEST_F(ConfigApply, SurvivesItsTerminal) {
  PlayedAgent agent(options_.socket, sample_snapshot(), [] { return kUpgraded; });
  settings_.restart = "kill -HUP " + std::to_string(::getpid()) + "; kill -PIPE " +
                      std::to_string(::getpid());
  const std::string next = changed(R"({"engine": {"rate_limit": 9}})");
  EXPECT_EQ(apply(next), kGood);
  EXPECT_EQ(directory_.read("agent.json"), next);
}

TEST_F(ConfigApply, TheStateDirectoryStays) {
  const std::string before = changed(R"({"state_directory": "/var/lib/imrs"})");
  directory_.write("agent.json", before);
  PlayedAgent agent(options_.socket, sample_snapshot(), [] { return kUpgraded; });
  for (const char* other : {R"({"state_directory": "/srv/imrs"})", R"({"state_directory": ""})"}) {
    EXPECT_EQ(apply(changed(other)), kFailed) << other;
  }
  EXPECT_FALSE(directory_.has("told"));
  EXPECT_EQ(directory_.read("agent.json"), before);
}

TEST_F(ConfigApply, AnAgentThatDoesNotRunIsStartedWithIt) {
  std::unique_ptr<PlayedAgent> agent;
  std::thread starts([&] {
    for (int i = 0; i < 1000 && !directory_.has("told"); ++i) ::usleep(10'000);
    agent = std::make_unique<PlayedAgent>(options_.socket, Snapshot(), [] { return kUpgraded; });
  });
  directory_.write("agent.json", R"({"nobody": "takes this"})");
  const auto operator_ = confirming();  // nobody knows who got in before
  EXPECT_EQ(apply(kSampleConfig), kGood);
  starts.join();
  EXPECT_EQ(directory_.read("agent.json"), kSampleConfig);
  EXPECT_EQ(who_was_told(), "firewall\nbird\nrestart\n") << "nobody knows what it did before";
}

TEST_F(ConfigApply, RefusesBeforeItTouchesAnything) {
  struct Case {
    const char* description;
    std::string next;
    int want;
  };
  const Case cases[] = {{"nothing differs", kSampleConfig, kGood},
                        {"no JSON", "{", kFailed},
                        {"no configuration", changed(R"({"health": {"rise": 0}})"), kFailed},
                        {"an unknown key", changed(R"({"healthy": {}})"), kFailed}};
  for (const Case& one : cases) {
    EXPECT_EQ(apply(one.next), one.want) << one.description;
    EXPECT_EQ(directory_.files().size(), 2U) << one.description;
  }
  settings_.dry_run = true;
  EXPECT_EQ(apply(changed(R"({"health": {"rise": 4}})")), kGood);
  EXPECT_EQ(directory_.files().size(), 2U) << "a dry run";
  settings_.dry_run = false;
  directory_.write("agent.json.pending", R"({"secrets": "", "had_secrets": false, "deadline": 1})");
  EXPECT_EQ(apply(changed(R"({"health": {"rise": 4}})")), kFailed) << "one was cut off";
  EXPECT_EQ(directory_.read("agent.json"), kSampleConfig);
}

// What a run of it prints goes to where the test's own output goes.
TEST_F(ConfigApply, SecretsToo) {
  const std::string secrets = directory_.path("secrets.json");
  Json config = Json::parse(kSampleConfig);
  config["secrets_file"] = secrets;
  ASSERT_TRUE(write_private(secrets, R"({"bgp_passwords": {"host4": "hush-before"}})").ok());
  directory_.write("agent.json", config.dump());
  ASSERT_TRUE(
      write_private(directory_.path("next-secrets"), R"({"bgp_passwords": {"host4": "hush-after"}})").ok());
  settings_.secrets = directory_.path("next-secrets");
  PlayedAgent agent(options_.socket, sample_snapshot(), [] { return kUpgraded; });
  testing::internal::CaptureStdout();
  const int diff = (settings_.next = settings_.config, diff_config(options_, settings_));
  const int applied = apply(config.dump());
  const std::string printed = testing::internal::GetCapturedStdout();
  EXPECT_EQ(diff, kNotHealthy);
  EXPECT_EQ(applied, kGood) << printed;
  EXPECT_THAT(printed, HasSubstr("~ secrets.bgp_passwords.host4: (secret) -> (secret)"));
  EXPECT_THAT(printed, Not(HasSubstr("hush")));
  EXPECT_THAT(directory_.read("secrets.json"), HasSubstr("hush-after"));
  EXPECT_THAT(directory_.read("secrets.json.previous"), HasSubstr("hush-before"));
  EXPECT_EQ(who_was_told(), "bird\n");
  ASSERT_TRUE(write_private(directory_.path("next-secrets"), R"({"bgp_passwords": {"host5": "hush"}})").ok());
  EXPECT_EQ(apply(config.dump()), kFailed) << "of no neighbour";
  EXPECT_THAT(directory_.read("secrets.json"), HasSubstr("hush-after"));
}

TEST_F(ConfigApply, TheWayBackTakesTheSecretsThatBelongToIt) {
  const std::string secrets = directory_.path("secrets.json");
  Json config = Json::parse(kSampleConfig);
  config["secrets_file"] = secrets;
  ASSERT_TRUE(write_private(secrets, R"({"bgp_passwords": {"host4": "hush"}})").ok());
  directory_.write("agent.json", config.dump());
  const std::string before = config.dump();
  config["tsig_keys"] = Json::parse(R"([{"name": "new.", "algorithm": "hmac-sha256"}])");
  settings_.secrets = directory_.path("next-secrets");
  ASSERT_TRUE(write_private(settings_.secrets, R"({"bgp_passwords": {"host4": "hush"},
                                                   "tsig_secrets": {"new.": "AAAAAAAAAAAAAAAAAAAAAA=="}})")
                  .ok());
  PlayedAgent agent(options_.socket, sample_snapshot(), [] { return kUpgraded; });
  testing::internal::CaptureStdout();
  const int applied = apply(config.dump());
  settings_.secrets.clear();
  const int rolled_back = roll_back_config(options_, settings_);
  const std::string printed = testing::internal::GetCapturedStdout();
  EXPECT_EQ(applied, kGood) << printed;
  EXPECT_EQ(rolled_back, kGood) << printed;
  EXPECT_EQ(directory_.read("agent.json"), before);
  EXPECT_THAT(directory_.read("secrets.json"), Not(HasSubstr("new.")));
  EXPECT_THAT(printed, Not(HasSubstr("hush")));
}

TEST(ConfigAgent, WhatTheHistorySaysOfAnUpgrade) {
  struct Case {
    std::int64_t time;
    const char* text;
    std::optional<Outcome> want;
  };
  const Case cases[] = {
      {99, kUpgraded, std::nullopt},
      {100, kUpgraded, Outcome::Done},
      {100, kFailedUpgrade, Outcome::Unchanged},
      {100, "upgrade failed, nothing has changed: that needs a restart", Outcome::NeedsRestart},
      {100, "upgrade in place to /usr/lib/imrs/imrs-agent", std::nullopt},
  };
  for (const Case& one : cases) {
    const auto told = upgrade_told({{one.time, "order", one.text}}, 100);
    EXPECT_EQ(told ? std::optional(told->outcome) : std::nullopt, one.want) << one.text;
  }
}

}  // namespace
}  // namespace imrs::ctl
