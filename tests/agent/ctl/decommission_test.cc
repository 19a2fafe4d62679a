// imrsctl decommission, with an agent, a BIRD that is not there and a service manager that are played.
#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "agent/base/directory.h"
#include "imrsctl_run.h"
#include "tests/agent/remote/example_config.h"
#include "tests/support/temp_directory.h"

namespace imrs::ctl {
namespace {

namespace fs = std::filesystem;
using test::TempDirectory;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kAllStop = "case $2 in is-*) exit 3;; esac";
constexpr const char* kTuningStays =
    "[ \"$2 $3\" != 'is-active imrs-tuning.service' ] || exit 0; case $2 in is-*) exit 3;; esac";

class Decommission : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root may decommission";
    auto config = nlohmann::json::parse(remote::example_agent_json(place_.path()));
    config["control_socket"] = directory_.path("control.sock");
    config["bgp"]["control_socket"] = directory_.path("bird.ctl");
    place_.write("agent.json", config.dump());
    fs::permissions(place_.write("secrets.json", remote::example_secrets()), fs::perms(0640));
    fs::permissions(place_.write("tls/server.key", "hunter2"), fs::perms(0600));
    place_.write("state/zones/@.zone", "a zone");
    place_.write("state/audit.log", "who\n");
    manager(kAllStop);
  }

  void manager(const std::string& script) {
    directory_.write("manager",
                     "#!/bin/sh\necho \"$@\" >> " + directory_.path("called") + "\n" + script + "\n");
    fs::permissions(directory_.path("manager"), fs::perms::owner_all);
  }
  // `more`: further words; options with their values replace those that are given here.
  Ran run(std::vector<std::string> more) {
    const std::pair<const char*, std::string> options[] = {{"--config", place_.path("agent.json")},
                                                           {"--place", place_.path()},
                                                           {"--journal", directory_.path("journal")},
                                                           {"--receipt", directory_.path("receipt")},
                                                           {"--manager", directory_.path("manager")}};
    for (const auto& [option, value] : options) {
      const bool replaced = std::ranges::find(more, option) != more.end();
      if (!replaced || option == std::string("--place")) more.insert(more.end(), {option, value});
    }
    more.insert(more.begin(), "decommission");
    return run_imrsctl(more);
  }

  TempDirectory place_, directory_;
};

TEST_F(Decommission, WithoutTheWordNothingIsDone) {
  const auto before = place_.files();
  const Ran ran = run({});
  EXPECT_EQ(ran.status, 2);
  EXPECT_THAT(ran.out, HasSubstr("would be decommissioned"));
  EXPECT_THAT(ran.out, HasSubstr("withdraw every prefix"));
  EXPECT_THAT(ran.out, HasSubstr("/usr/share/dns/root.ds"));
  EXPECT_THAT(ran.out, HasSubstr("Nothing has been done"));
  EXPECT_THAT(place_.files(), testing::UnorderedElementsAreArray(before));
  EXPECT_THAT(directory_.files(), ElementsAre("manager"));
}

TEST_F(Decommission, WithTheWordAllOfIt) {
  const AnsweringAgent agent(directory_.path("control.sock"), obedient());
  const Ran ran = run({"--yes-really"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_THAT(agent.orders(), ElementsAre(HasSubstr("\"drain\""), HasSubstr("\"withdraw\"")));
  EXPECT_THAT(place_.files(), IsEmpty());
  EXPECT_FALSE(directory_.has("journal"));
  EXPECT_THAT(directory_.read("called"), testing::StartsWith("disable imrs-recover.path\n"
                                                             "--quiet is-enabled imrs-recover.path\n"
                                                             "stop imrs-recover.path\n"
                                                             "--quiet is-active imrs-recover.path\n"
                                                             "stop imrs-recover.service\n"
                                                             "--quiet is-active imrs-recover.service\n"
                                                             "disable imrs-agent.service\n"));
  const auto receipt = nlohmann::json::parse(directory_.read("receipt.json"));
  EXPECT_EQ(receipt.at("erased").size(), 5U);
  EXPECT_THAT(directory_.read("receipt.txt"), HasSubstr("overwritten and removed"));
  EXPECT_THAT(directory_.read("receipt.txt") + receipt.dump(), Not(HasSubstr("hunter2")));
  EXPECT_EQ(fs::status(directory_.path("receipt.txt")).permissions(), fs::perms(0644));
  EXPECT_THAT(run({"--yes-really"}).err, HasSubstr("agent.json")) << "once is enough";
}

// All but the last look was done, and an observer looked on meanwhile.
TEST_F(Decommission, WhatComesBeforeTheLastLookHoldsNothingUp) {
  manager(kTuningStays);
  EXPECT_EQ(run({"--yes-really"}).status, 1);
  auto journal = nlohmann::json::parse(directory_.read("journal"));
  for (const char* step :
       {"stop imrs-tuning.service", "inventory", "erase secrets", "erase places", "erase audit log"}) {
    journal["done"].push_back({{"step", step}, {"time_ms", 1}, {"note", ""}});
  }
  directory_.write("journal", journal.dump());
  fs::remove_all(place_.path());
  place_.write("state/audit-observers.log", "who\n");
  const Ran ran = run({"--yes-really"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_THAT(place_.files(), IsEmpty());
  EXPECT_FALSE(directory_.has("journal"));
  const auto receipt = nlohmann::json::parse(directory_.read("receipt.json"));
  EXPECT_EQ(receipt.at("erased").at(0).at("path"), place_.path("state/audit-observers.log"));
}

TEST_F(Decommission, AKeyBehindALinkIsRefusedOthersAreNamed) {
  const TempDirectory elsewhere;
  fs::create_symlink(elsewhere.write("zone", "host's"), place_.path("state/link"));
  EXPECT_THAT(run({}).out, HasSubstr(elsewhere.path("zone")));
  const std::string key = place_.path("tls/server.key");
  fs::rename(key, elsewhere.path("key"));
  fs::create_symlink(elsewhere.path("key"), key);
  for (const std::vector<std::string>& words : {std::vector<std::string>{}, {"--yes-really"}}) {
    const Ran ran = run(words);
    EXPECT_EQ(ran.status, 1);
    EXPECT_THAT(ran.err, HasSubstr(key + " is a symbolic link"));
    EXPECT_THAT(ran.err, HasSubstr("nothing was done"));
  }
  EXPECT_FALSE(directory_.has("called"));
  fs::rename(elsewhere.path("key"), key);
  EXPECT_EQ(run({"--yes-really"}).status, 0);
  EXPECT_THAT(directory_.read("receipt.txt"), HasSubstr("  - " + elsewhere.path("zone")));
  EXPECT_EQ(elsewhere.read("zone"), "host's");
}

TEST_F(Decommission, WhatDoesNotStopStopsIt) {
  manager("[ \"$2 $3\" != 'is-active imrs-bird.service' ] || exit 0; case $2 in is-*) exit 3;; esac");
  const Ran ran = run({"--yes-really"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.err, HasSubstr("step \"stop imrs-bird.service\" is not done"));
  EXPECT_THAT(ran.err, HasSubstr("the same command goes on from there"));
  EXPECT_EQ(place_.files().size(), 5U);
  EXPECT_THAT(run({}).out, HasSubstr("is half decommissioned"));
  manager(kAllStop);
  fs::remove(place_.path("agent.json"));  // as if the power had gone while it was erased
  EXPECT_EQ(run({"--yes-really"}).status, 0);
  EXPECT_THAT(place_.files(), IsEmpty());
}

TEST_F(Decommission, NobodyChangesTheConfigurationMeanwhile) {
  manager("flock --shared --nonblock " + place_.path() + " true || echo held >> " +
          directory_.path("called") + "; case $2 in is-*) exit 3;; esac");
  {
    const auto lock = lock_directory(place_.path());
    ASSERT_TRUE(lock);
    const Ran ran = run({"--yes-really"});
    EXPECT_EQ(ran.status, 1);
    EXPECT_THAT(ran.err, HasSubstr(place_.path() + ": somebody else is changing it"));
    EXPECT_THAT(ran.err, HasSubstr("nothing was done"));
    EXPECT_FALSE(directory_.has("called"));
    EXPECT_FALSE(directory_.has("journal"));
  }
  EXPECT_EQ(run({"--yes-really"}).status, 0);
  std::istringstream called(directory_.read("called"));
  std::size_t held = 0, lines = 0;
  for (std::string line; std::getline(called, line); ++lines) held += line == "held" ? 1 : 0;
  EXPECT_GT(held, 0U);
  EXPECT_EQ(2 * held, lines) << "at each call";
  EXPECT_TRUE(lock_directory(place_.path()));
}

TEST_F(Decommission, ATrialIsWaitedFor) {
  place_.write("agent.json.pending", "{}");
  const auto before = place_.files();
  for (const std::vector<std::string>& words : {std::vector<std::string>{}, {"--yes-really"}}) {
    const Ran ran = run(words);
    EXPECT_EQ(ran.status, 1);
    EXPECT_THAT(ran.err, HasSubstr("a change of the configuration is on trial; wait for it"));
    EXPECT_THAT(ran.err, HasSubstr("nothing was done"));
  }
  EXPECT_THAT(place_.files(), testing::UnorderedElementsAreArray(before));
  EXPECT_FALSE(directory_.has("called"));
}

// By the plan of then: the place itself is gone.
TEST_F(Decommission, WhatIsBegunGoesOnWithoutTheConfigurationsDirectory) {
  manager(kTuningStays);
  EXPECT_EQ(run({"--yes-really"}).status, 1);
  place_.write("agent.json.pending", "{}");
  EXPECT_THAT(run({"--yes-really"}).err, HasSubstr("on trial")) << "it is looked at anew";
  fs::remove_all(place_.path());
  EXPECT_THAT(run({"--yes-really"}).err, HasSubstr("step \"stop imrs-tuning.service\" is not done"));
  manager(kAllStop);
  const Ran ran = run({"--yes-really"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("for the configuration cannot be read now"));
  EXPECT_TRUE(directory_.has("receipt.txt"));
}

// Begun on the wrong machine, say, which was started again; and ended for good a year later.
TEST_F(Decommission, WhatHasErasedNothingIsPlannedAnew) {
  const AnsweringAgent agent(directory_.path("control.sock"), obedient());
  manager(kTuningStays);
  const Ran cut = run({"--yes-really"});
  EXPECT_EQ(cut.status, 1);
  EXPECT_THAT(cut.err, HasSubstr("--give-up ends it: nothing is erased yet"));
  auto config = nlohmann::json::parse(place_.read("agent.json"));
  config["instance"]["identity"] = "aa02-fr-par.l.dns.icann.org";
  config["web"]["tls"]["key"] = place_.path("tls/other.key");
  place_.write("agent.json", config.dump());
  const TempDirectory elsewhere;
  fs::create_symlink(elsewhere.write("key", "hunter2"), place_.path("tls/other.key"));
  manager(kAllStop);
  EXPECT_THAT(run({"--yes-really"}).err, HasSubstr("tls/other.key is a symbolic link")) << "checked anew";
  fs::remove(place_.path("tls/other.key"));
  place_.write("tls/other.key", "hunter2");
  EXPECT_THAT(run({}).out, HasSubstr("aa02-fr-par.l.dns.icann.org is half decommissioned"));
  const Ran ran = run({"--yes-really"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_THAT(agent.orders(), ElementsAre(HasSubstr("\"drain\""), HasSubstr("\"withdraw\""),
                                          HasSubstr("\"drain\""), HasSubstr("\"withdraw\"")));
  EXPECT_THAT(directory_.read("receipt.txt"), HasSubstr("aa02-fr-par"));
}

TEST_F(Decommission, MayBeGivenUpBeforeItErases) {
  EXPECT_THAT(run({"--give-up"}).err, HasSubstr("no decommissioning is begun"));
  EXPECT_FALSE(directory_.has("called"));
  manager(kTuningStays);
  EXPECT_EQ(run({"--yes-really"}).status, 1);
  place_.write("state/orders.json", R"({"start": "a", "number": 2, "waived": [], "overlaid": [
    {"neighbour": "host4", "order": "withdraw", "reason": "the appliance is decommissioned"}]})");
  const auto before = place_.files();
  const Ran stays = run({"--give-up"});
  EXPECT_EQ(stays.status, 1);
  EXPECT_THAT(stays.err, HasSubstr("\"is-enabled imrs-recover.path\" still says no"));
  EXPECT_TRUE(directory_.has("journal"));
  manager("");
  directory_.write("called", "");
  const Ran ran = run({"--give-up"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("systemctl start imrs-firewall"));
  EXPECT_THAT(ran.out, HasSubstr("withdraw of host4"));
  EXPECT_THAT(ran.out, HasSubstr("imrsctl resume"));
  EXPECT_FALSE(directory_.has("journal"));
  EXPECT_THAT(place_.files(), testing::UnorderedElementsAreArray(before));
  std::string want;
  for (const char* unit : {"imrs-recover.path", "imrs-agent.service", "imrs-bird.service",
                           "imrs-firewall.service", "imrs-tuning.service"}) {
    want += std::string("enable ") + unit + "\n--quiet is-enabled " + unit + "\n";
  }
  EXPECT_EQ(directory_.read("called"), want);
  EXPECT_EQ(run({"--give-up", "--yes-really"}).status, 2);
}

TEST_F(Decommission, IsNotGivenUpOnceItErases) {
  manager(kTuningStays);
  EXPECT_EQ(run({"--yes-really"}).status, 1);
  auto journal = nlohmann::json::parse(directory_.read("journal"));
  journal["done"].push_back({{"step", "inventory"}, {"time_ms", 1}, {"note", ""}});
  directory_.write("journal", journal.dump());
  directory_.write("called", "");
  const Ran ran = run({"--give-up"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.err, HasSubstr("it has begun to erase"));
  EXPECT_TRUE(directory_.has("journal"));
  EXPECT_EQ(directory_.read("called"), "");
}

TEST_F(Decommission, WhatIsInTheWayIsSaidBeforeTheFirstStep) {
  const TempDirectory elsewhere;
  const std::pair<std::vector<std::string>, const char*> cases[] = {
      {{"--place", "/etc"}, "/etc: is no place"},
      {{"--place", "/"}, "/: is no place"},
      {{"--journal", place_.path("journal")}, "--journal must not be in"},
      {{"--receipt", place_.path("receipt")}, "--receipt must not be in"},
      {{"--receipt", "receipt"}, "--receipt must be a plain absolute path"},
      {{"--receipt", "/nowhere/receipt"}, "--receipt: /nowhere/receipt"},
      {{"--manager", "/nowhere/systemctl"}, "--manager: /nowhere/systemctl"},
      {{"--config", "/nowhere/agent.json"}, "/nowhere/agent.json"},
  };
  for (const auto& [more, want] : cases) {
    auto words = more;
    words.push_back("--yes-really");
    const Ran ran = run(words);
    EXPECT_EQ(ran.status, 1) << more[0];
    EXPECT_THAT(ran.err, HasSubstr(want)) << more[0];
    EXPECT_THAT(ran.err, HasSubstr("nothing was done")) << more[0];
  }
  fs::create_directory_symlink(elsewhere.path(), place_.path() + "-link");
  EXPECT_THAT(run({"--place", place_.path() + "-link", "--yes-really"}).err, HasSubstr("symbolic link"));
  fs::remove(place_.path() + "-link");
  EXPECT_EQ(place_.files().size(), 5U);
  EXPECT_FALSE(directory_.has("called"));
}

TEST(DecommissionAsAnybody, IsRefused) {
  const unsigned nobody = ::geteuid() == 0 ? 65534 : 0;
  const Ran ran = run_imrsctl({"decommission", "--yes-really"}, "", {}, nobody);
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.err, HasSubstr("must be run as root"));
}

}  // namespace
}  // namespace imrs::ctl
