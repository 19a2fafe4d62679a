// What a decommissioning would do: planned from the configuration, and what is refused before the first step.
#include "agent/decommission/plan.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "agent/decommission/journal.h"
#include "agent/remote/audit_log.h"
#include "tests/agent/remote/example_config.h"
#include "tests/support/temp_directory.h"

namespace imrs::decommission {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kConfigFile = "/etc/imrs/agent.json";

Config example() {
  auto config = parse_config(remote::example_agent_json("/etc/imrs"), remote::example_secrets());
  EXPECT_TRUE(config) << config.error().message;
  config->state_directory = "/var/lib/imrs";
  return *config;
}

TEST(DecommissionPlan, IsMadeOfTheConfiguration) {
  const auto plan = make_plan(example(), kConfigFile, kPlaces);
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->identity, "aa01-fr-par.l.dns.icann.org");
  EXPECT_THAT(plan->places, ElementsAre("/run/imrs-bird", "/run/imrs-bird-config", "/run/imrs",
                                        "/var/lib/imrs", "/etc/imrs"));
  EXPECT_THAT(plan->secrets,
              ElementsAre("/etc/imrs/secrets.json", "/etc/imrs/tls/server.key", "/etc/imrs/agent.json"));
  const std::string state = "/var/lib/imrs/";
  EXPECT_THAT(plan->audit_logs, ElementsAre(state + std::string(remote::kAuditFile),
                                            state + std::string(remote::kObserversAuditFile)));
  EXPECT_EQ(plan->bird_socket, "/run/imrs-bird/bird.ctl");
  EXPECT_EQ(plan->drain_time, std::chrono::seconds(60));
  EXPECT_THAT(plan->left, Contains(HasSubstr("/usr/share/dns/root.ds (trust anchors)")));
  EXPECT_THAT(plan->left, Not(Contains(HasSubstr("/etc/imrs/anchors"))));
}

TEST(DecommissionPlan, ASmallConfigurationIsEnough) {
  Config config = example();
  config.web.tls.reset();
  config.secrets_file.clear();
  config.state_directory.clear();
  const auto plan = make_plan(config, kConfigFile, kPlaces);
  ASSERT_TRUE(plan);
  EXPECT_THAT(plan->secrets, ElementsAre(kConfigFile)) << "which may hold them itself";
  EXPECT_TRUE(plan->audit_logs.empty());
}

TEST(DecommissionPlan, WhatMustGoMustBeWhereSomethingIsErased) {
  struct Case {
    const char* description;
    void (*change)(Config&, std::string& config_file);
    const char* want;
  };
  const Case cases[] = {
      {"configuration elsewhere", [](Config&, std::string& file) { file = "/root/agent.json"; }, "--config"},
      {"a relative one", [](Config&, std::string& file) { file = "agent.json"; }, "--config"},
      {"out by ..", [](Config&, std::string& file) { file = "/etc/imrs/../agent.json"; }, "--config"},
      {"secrets elsewhere", [](Config& config, std::string&) { config.secrets_file = "/srv/secrets.json"; },
       "secrets_file: /srv/secrets.json is in none of"},
      {"a neighbour by name",
       [](Config& config, std::string&) { config.secrets_file = "/etc/imrs2/secrets"; }, "secrets_file"},
      {"state elsewhere", [](Config& config, std::string&) { config.state_directory = "/var/lib/other"; },
       "state_directory"},
      {"state is all there is", [](Config& config, std::string&) { config.state_directory = "/"; },
       "state_directory"},
      {"state is /etc", [](Config& config, std::string&) { config.state_directory = "/etc"; },
       "state_directory"},
      {"a key elsewhere",
       [](Config& config, std::string&) { config.web.tls->key = "/etc/ssl/private/k.pem"; }, "web.tls.key"},
  };
  for (const Case& one : cases) {
    Config config = example();
    std::string file = kConfigFile;
    one.change(config, file);
    const auto plan = make_plan(config, file, kPlaces);
    ASSERT_FALSE(plan) << one.description;
    EXPECT_EQ(plan.error().code, Errc::Refused) << one.description;
    EXPECT_THAT(plan.error().message, HasSubstr(one.want)) << one.description;
  }
}

TEST(DecommissionPlan, APlaceIsOurs) {
  for (const char* good : {"/etc/imrs", "/var/lib/imrs", "/run/imrs-e2e/appliance", "/tmp/imrs-test.x/a"}) {
    Config config = example();
    config.web.tls.reset();
    config.secrets_file.clear();
    config.state_directory.clear();
    const auto plan = make_plan(config, std::string(good) + "/agent.json", {good});
    EXPECT_TRUE(plan) << good;
  }
  for (const char* bad :
       {"", "/", "//", "imrs", "etc/imrs", "/etc", "/imrs", "/imrs/x", "/home/alice", "/var/lib",
        "/etc/imrs/", "/etc/imrs/..", "/etc//imrs", "/etc/./imrs", "/etc/imrs\n", "/etc/notimrs"}) {
    const auto plan = make_plan(example(), kConfigFile, {"/etc/imrs", "/var/lib/imrs", bad});
    ASSERT_FALSE(plan) << bad;
    EXPECT_THAT(plan.error().message, HasSubstr("no place that is this appliance's alone")) << bad;
  }
}

TEST(DecommissionPlan, TheOrderOfTheSteps) {
  const auto steps = steps_of(*make_plan(example(), kConfigFile, kPlaces));
  std::vector<std::string> ids;
  for (const Step& step : steps) ids.push_back(step.id);
  EXPECT_THAT(ids,
              ElementsAre("stop imrs-recover.path", "stop imrs-recover.service", "drain", "withdraw",
                          "stop imrs-agent.service", "nothing said", "stop imrs-bird.service", "nobody says",
                          "stop imrs-firewall.service", "stop imrs-tuning.service", "inventory",
                          "erase secrets", "erase places", "erase audit log", "nothing left"));
}

TEST(DecommissionPlan, WhatIsAVersionOfAFile) {
  for (const char* good : {"/etc/imrs/key", "/etc/imrs/key.previous", "/etc/imrs/key.before",
                           "/etc/imrs/key.1", "/etc/imrs/key.new-aB3xYz", "/etc/imrs/key.previous.before"}) {
    EXPECT_TRUE(is_version_of(good, "/etc/imrs/key")) << good;
  }
  for (const char* bad : {"", "/etc/imrs", "/etc/imrs/ke", "/etc/imrs/keys", "/etc/imrs/key-1",
                          "/etc/imrs/key.d/x", "/etc/imrs/key/x", "/etc/imrs/tls/key"}) {
    EXPECT_FALSE(is_version_of(bad, "/etc/imrs/key")) << bad;
  }
}

// As the version before this one has written it.
TEST(DecommissionJournal, OneWithoutLinksIsContinued) {
  const Journal journal{.plan = *make_plan(example(), kConfigFile, kPlaces),
                        .begun_ms = 1,
                        .done = {},
                        .items = {{"/etc/imrs/agent.json", "file", 12, "ab", "", "", false}}};
  auto json = nlohmann::json::parse(to_json(journal));
  json["items"][0].erase("leads_to");
  json["items"][0].erase("elsewhere");
  EXPECT_EQ(*journal_from_json(json.dump()), journal);
}

TEST(DecommissionJournal, ThereAndBack) {
  Journal journal{.plan = *make_plan(example(), kConfigFile, kPlaces),
                  .begun_ms = 1795780800123,
                  .done = {{"drain", 1795780801000, "drained after 1 s"}},
                  .items = {{"/etc/imrs/agent.json", "file", 12, "ab", "overwritten and removed", "", true},
                            {"/var/lib/imrs/zones", "link", 0, "", "", "/srv/zones", false},
                            {"/run/imrs/control.sock", "other", 0, "", "", "", false}}};
  EXPECT_EQ(*journal_from_json(to_json(journal)), journal);
  EXPECT_TRUE(journal.has("drain"));
  EXPECT_FALSE(journal.has("withdraw"));
  for (const char* bad : {"", "{}", "[]", R"({"journal": 1})", R"({"journal": 2})"}) {
    EXPECT_FALSE(journal_from_json(bad)) << bad;
  }
}

}  // namespace
}  // namespace imrs::decommission
