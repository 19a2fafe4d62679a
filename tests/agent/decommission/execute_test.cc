// A decommissioning from one end to the other, in a directory of the test's own and with a machine that is
// played: what is done in which order, what stops it, and that it goes on from wherever it was cut off.
#include "agent/decommission/execute.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "agent/decommission/exported.h"
#include "agent/decommission/receipt.h"
#include "played_bird.h"
#include "tests/support/temp_directory.h"

namespace imrs::decommission {
namespace {

namespace fs = std::filesystem;
using test::TempDirectory;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const Error kNotThere{Errc::Unavailable, "nobody listens there"};

class Decommissioning : public testing::Test {
 protected:
  Decommissioning() {
    for (const auto& [name, text] :
         std::map<std::string, std::string>{{"run/bird.conf", "password hunter2"},
                                            {"state/zones/@.zone", "a zone"},
                                            {"state/rssac002/2026/11/x.json", "{}"},
                                            {"state/orders.json", "{}"},
                                            {"state/audit.log", "who\n"},
                                            {"state/audit.log.1", "who\n"},
                                            {"state/audit-observers.log.1", "who\n"},
                                            {"etc/agent.json", "{}"},
                                            {"etc/agent.json.previous", "{}"},
                                            {"etc/secrets.json", "hunter2"},
                                            {"etc/tls/server.key", "a key"}}) {
      directory_.write(name, text);
      fs::permissions(directory_.path(name), fs::perms::owner_read | fs::perms::owner_write);
    }
    fs::permissions(directory_.path("state/zones/@.zone"), fs::perms::others_read, fs::perm_options::add);
    journal_.plan = {
        .identity = "aa01-fr-par.l.dns.icann.org",
        .version = "0.1.0",
        .control_socket = "/run/imrs/control.sock",
        .bird_socket = directory_.path("run/bird.ctl"),
        .drain_time = std::chrono::seconds(60),
        .places = {directory_.path("run"), directory_.path("state"), directory_.path("etc"),
                   directory_.path("nowhere")},
        .secrets = {directory_.path("etc/secrets.json"), directory_.path("etc/secrets.json.previous"),
                    directory_.path("etc/tls/server.key")},
        .audit_logs = {directory_.path("state/audit.log"), directory_.path("state/audit-observers.log")},
        .left = {"the programs"}};
    journal_.begun_ms = 1795780800000;
  }

  Hands hands() {
    return {.order = [this](std::string_view verb) -> Result<std::string> {
              done_.push_back(std::string(verb));
              if (!agent_runs_) return kNotThere;
              if (verb == "withdraw") exported_.clear();
              return std::string("done");
            },
            .drained = [this]() -> Result<bool> { return ++looks_ > 3; },
            .exported = [this]() -> Result<std::vector<std::string>> {
              if (!bird_runs_) return kNotThere;
              if (bird_hangs_) return Error{Errc::Timeout, "BIRD does not answer"};
              return exported_;
            },
            .disable = [this](const std::string& unit) -> Result<void> {
              done_.push_back("disable " + unit);
              if (unit == enabled_) return Error{Errc::Refused, "it stays enabled"};
              return {};
            },
            .stop = [this](const std::string& unit) -> Result<void> {
              done_.push_back("stop " + unit);
              if (unit == stuck_) return Error{Errc::Refused, "it does not stop"};
              if (unit == "imrs-agent.service") agent_runs_ = false;
              if (unit == "imrs-bird.service") bird_runs_ = false;
              return {};
            },
            .now_ms = [this] { return journal_.begun_ms + 1000 * ++clock_; },
            .sleep = [this](std::chrono::seconds time) { slept_ += time.count(); },
            .say = [this](const std::string& line) { said_ += line + "\n"; }};
  }

  // As a new process would go on.
  Result<void> go_on() {
    auto loaded = load_journal(file_.path("journal"));
    if (!loaded || !*loaded) return Error{Errc::InvalidInput, "no journal"};
    journal_ = **loaded;
    return execute(journal_, file_.path("journal"), hands());
  }
  Result<void> begin() { return execute(journal_, file_.path("journal"), hands()); }

  TempDirectory directory_, file_;
  Journal journal_;
  bool agent_runs_ = true, bird_runs_ = true, bird_hangs_ = false;
  std::vector<std::string> exported_{"199.7.83.0/24 to host4"};
  std::string stuck_, enabled_;
  std::vector<std::string> done_;
  std::string said_;
  int looks_ = 0;
  std::int64_t slept_ = 0, clock_ = 0;
};

TEST_F(Decommissioning, FromOneEndToTheOther) {
  const auto done = begin();
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_THAT(done_,
              ElementsAre("disable imrs-recover.path", "stop imrs-recover.path", "stop imrs-recover.service",
                          "drain", "withdraw", "disable imrs-agent.service", "stop imrs-agent.service",
                          "disable imrs-bird.service", "stop imrs-bird.service",
                          "disable imrs-firewall.service", "stop imrs-firewall.service",
                          "disable imrs-tuning.service", "stop imrs-tuning.service"));
  EXPECT_THAT(directory_.files(), IsEmpty());
  EXPECT_TRUE(directory_.has("etc")) << "the directories are the package's";
  EXPECT_FALSE(directory_.has("etc/tls"));
  EXPECT_EQ(journal_.items.size(), 11U);
  for (const Item& item : journal_.items) EXPECT_EQ(item.outcome, "overwritten and removed") << item.path;
  EXPECT_EQ(journal_.done.size(), steps_of(journal_.plan).size());
  EXPECT_THAT(said_, HasSubstr("3 of 15: ask all neighbours"));
  EXPECT_THAT(said_, HasSubstr("drained after 3 s"));
}

TEST_F(Decommissioning, TheAuditLogGoesLast) {
  stuck_ = "";
  const auto steps = steps_of(journal_.plan);
  for (const Step& step : steps) {  // all that come before it are done, in name
    if (step.kind == Step::Kind::EraseAudit) break;
    if (step.kind != Step::Kind::ErasePlaces) journal_.done.push_back({step.id, 1, ""});
  }
  journal_.done.push_back({"erase audit log", 1, ""});
  journal_.done.push_back({"nothing left", 1, ""});
  ASSERT_TRUE(begin());
  EXPECT_THAT(directory_.files(), testing::UnorderedElementsAre("state/audit.log", "state/audit.log.1",
                                                                "state/audit-observers.log.1"));
}

TEST_F(Decommissioning, NothingIsErasedWhileSomethingIsAnnounced) {
  agent_runs_ = false;  // nobody withdraws
  const auto done = begin();
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr("BIRD still announces 199.7.83.0/24 to host4"));
  EXPECT_THAT(done.error().message, HasSubstr("nor is any after it"));
  EXPECT_THAT(done_, Not(testing::Contains("stop imrs-bird.service")));
  EXPECT_EQ(directory_.files().size(), 11U);
  exported_.clear();
  ASSERT_TRUE(go_on());
  EXPECT_THAT(directory_.files(), IsEmpty());
  EXPECT_EQ(std::ranges::count(done_, "drain"), 1) << "what is done is not done again";
}

TEST_F(Decommissioning, ABirdThatDoesNotAnswerIsNotTakenForSilent) {
  bird_hangs_ = true;
  const auto done = begin();
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr("cannot be known; stop it by hand"));
  EXPECT_EQ(directory_.files().size(), 11U);
  bird_runs_ = false;
  ASSERT_TRUE(go_on());
  EXPECT_THAT(directory_.files(), IsEmpty());
}

TEST_F(Decommissioning, AnApplianceThatDoesNotRunIsDecommissionedToo) {
  agent_runs_ = bird_runs_ = false;
  ASSERT_TRUE(begin());
  EXPECT_EQ(slept_, 0);
  EXPECT_THAT(directory_.files(), IsEmpty());
}

TEST_F(Decommissioning, WhatWouldStartItAgainStopsIt) {
  for (const std::string unit : {"imrs-recover.path", "imrs-agent.service"}) {
    enabled_ = unit;
    const auto done = fs::exists(file_.path("journal")) ? go_on() : begin();
    ASSERT_FALSE(done) << unit;
    EXPECT_THAT(done.error().message, HasSubstr("step \"stop " + unit + "\" is not done"));
    EXPECT_EQ(done_.back(), "disable " + unit);
  }
  EXPECT_EQ(directory_.files().size(), 11U);
}

TEST_F(Decommissioning, ADrainHasItsTime) {
  looks_ = -1'000'000;
  ASSERT_TRUE(begin());
  EXPECT_EQ(slept_, 70);
  EXPECT_THAT(said_, HasSubstr("the time for it is over"));
}

TEST_F(Decommissioning, ABirdThatComesBackIsSeen) {
  auto hands_of_another = hands();
  hands_of_another.stop = [](const std::string&) { return Result<void>(); };
  exported_.clear();
  const auto done = execute(journal_, file_.path("journal"), hands_of_another);
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr("a BIRD still answers"));
  EXPECT_EQ(directory_.files().size(), 11U);
}

TEST_F(Decommissioning, FromWhateverStepItWasCutOff) {
  for (const std::string unit : {"imrs-agent.service", "imrs-bird.service", "imrs-firewall.service"}) {
    stuck_ = unit;
    EXPECT_FALSE(fs::exists(file_.path("journal")) ? go_on() : begin()) << unit;
    EXPECT_EQ(directory_.files().size(), 11U) << unit;
  }
  stuck_ = "";
  ASSERT_TRUE(go_on());
  EXPECT_THAT(directory_.files(), IsEmpty());
  EXPECT_EQ(std::ranges::count(done_, "withdraw"), 1);
}

// The power goes when the inventory is written down and some files are gone.
TEST_F(Decommissioning, APowerCutWhileErasingLosesNothingOfTheReceipt) {
  stuck_ = "imrs-tuning.service";
  ASSERT_FALSE(begin());
  const auto kept = load_journal(file_.path("journal"));
  ASSERT_TRUE(kept && *kept);
  journal_ = **kept;
  stuck_ = "";
  auto dies = hands();
  int steps = 0;
  dies.now_ms = [&]() -> std::int64_t {
    if (++steps == 2) (void)!save_journal(journal_, file_.path("cut")).ok();  // the stop, then the inventory
    return 1;
  };
  ASSERT_TRUE(execute(journal_, file_.path("journal"), dies));
  const auto cut = load_journal(file_.path("cut"));
  ASSERT_TRUE(cut && *cut);
  journal_ = **cut;
  journal_.done.push_back({"inventory", 1, ""});
  directory_.write("state/zones/@.zone", "a zone");  // this one was still there
  ASSERT_TRUE(begin());
  EXPECT_THAT(directory_.files(), IsEmpty());
  ASSERT_EQ(journal_.items.size(), 11U);
  int before = 0;
  for (const Item& item : journal_.items) before += item.outcome == "removed before an interruption" ? 1 : 0;
  EXPECT_EQ(before, 10);
}

TEST_F(Decommissioning, WithoutAJournalNothingIsDone) {
  const auto done = execute(journal_, file_.path("nowhere/journal"), hands());
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr("the journal cannot be written"));
  EXPECT_THAT(done_, IsEmpty());
  struct stat status {};
  ASSERT_TRUE(save_journal(journal_, file_.path("journal")));
  ASSERT_EQ(::stat(file_.path("journal").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);
}

TEST_F(Decommissioning, WhatIsInTheWayIsKnownBefore) {
  ASSERT_TRUE(check_before(journal_.plan));
  fs::create_symlink("/etc", directory_.path("nowhere"));
  EXPECT_THAT(check_before(journal_.plan).error().message, HasSubstr("symbolic link"));
}

TEST_F(Decommissioning, TheReceiptHoldsAllAndNoSecret) {
  ASSERT_TRUE(begin());
  const std::string text = receipt_text(journal_, "rack7", journal_.begun_ms + 60'000);
  const auto json = nlohmann::json::parse(receipt_json(journal_, "rack7", journal_.begun_ms + 60'000));
  for (const Item& item : journal_.items) EXPECT_THAT(text, HasSubstr(item.path));
  EXPECT_EQ(json.at("erased").size(), 11U);
  EXPECT_EQ(json.at("steps").size(), 15U);
  EXPECT_EQ(json.at("instance"), "aa01-fr-par.l.dns.icann.org");
  EXPECT_EQ(json.at("ended"), "2026-11-27T12:01:00.000Z");
  for (const auto& item : json.at("erased")) {
    EXPECT_EQ(item.at("sha256").is_null(), !item.at("path").get<std::string>().ends_with("@.zone")) << item;
  }
  EXPECT_THAT(text, HasSubstr("withheld"));
  EXPECT_THAT(text, HasSubstr("solid state drive"));
  EXPECT_THAT(text, HasSubstr("  - the programs\n"));
  EXPECT_THAT(text + json.dump(), Not(HasSubstr("hunter2")));
  Journal fresh = journal_;
  fresh.done = {{"drain", 1, ""}};
  EXPECT_THAT(plan_text(fresh), HasSubstr("  (done) ask all neighbours"));
  EXPECT_THAT(plan_text(fresh), HasSubstr("  withdraw every prefix"));
}

constexpr const char* kProtocols =
    "2002-Name       Proto      Table      State  Since         Info\n"
    "1002-device1    Device     ---        up     2026-11-24 12:46:50.741  \n"
    " specific_host4 Static     ROUTES_host4 up   2026-11-24 12:46:50.741  \n"
    " host4      BGP        ---        up     2026-11-24 12:46:51.717  Established   \n"
    " other      BGP        ---        start  2026-11-24 12:46:51.539  Idle   \n"
    "0000 \n";

TEST(ExportedByBird, OfEverySession) {
  const TempDirectory directory;
  EXPECT_EQ(exported_by_bird(directory.path("bird.ctl")).error().code, Errc::Unavailable);
  const PlayedBird bird(directory.path("bird.ctl"),
                        {{"show protocols", kProtocols},
                         {"show route export host4",
                          "1007-Table ROUTES_host4:\n"
                          " 199.7.83.0/24        unicast [specific_host4 12:46:52.976] * (200)\n0000 \n"},
                         {"show route export other", "9001 No valid tables\n"}});
  const auto exported = exported_by_bird(directory.path("bird.ctl"));
  ASSERT_TRUE(exported) << exported.error().message;
  EXPECT_THAT(*exported, ElementsAre("199.7.83.0/24 to host4"));
}

TEST(ExportedByBird, WhatCannotBeUnderstoodIsNoSilence) {
  const std::map<std::string, std::string> cases[] = {
      {},
      {{"show protocols", "8001 no\n"}},
      {{"show protocols", "1002-host4 BGP\n0000 \n"}},
      {{"show protocols", kProtocols}},
      {{"show protocols", kProtocols}, {"show route export host4", "8002 no\n"}},
  };
  for (const auto& replies : cases) {
    const TempDirectory directory;
    const PlayedBird bird(directory.path("bird.ctl"), replies);
    const auto exported = exported_by_bird(directory.path("bird.ctl"));
    ASSERT_FALSE(exported);
    EXPECT_NE(exported.error().code, Errc::Unavailable) << exported.error().message;
  }
}

}  // namespace
}  // namespace imrs::decommission
