// A decommissioning from one end to the other, in a directory of the test's own and with a machine that is
// played: what is done in which order, what stops it, and that it goes on from wherever it was cut off.
#include "agent/decommission/execute.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "agent/decommission/receipt.h"
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
                    directory_.path("etc/tls/server.key"), directory_.path("etc/agent.json")},
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
            .enable = [](const std::string&) { return Result<void>(); },
            .stop = [this](const std::string& unit) -> Result<void> {
              done_.push_back("stop " + unit);
              if (unit == stuck_) return Error{Errc::Refused, "it does not stop"};
              if (unit == "imrs-agent.service") agent_runs_ = false;
              if (unit == "imrs-bird.service") bird_runs_ = false;
              return {};
            },
            .now_ms = [this] { return journal_.begun_ms + 1000 * ++clock_; },
            .sleep =
                [this](std::chrono::seconds time) {
                  slept_ += time.count();
                  asleep_();
                },
            .say =
                [this](const std::string& line) {
                  said_ += line + "\n";
                  for (const auto& [step, happens] : at_) {
                    if (line.find(step) != std::string::npos) happens();
                  }
                }};
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
  std::map<std::string, std::function<void()>> at_;  // what somebody does when a step is announced
  std::function<void()> asleep_ = [] {};
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

// Whoever looks on leaves a line in an audit log; a program that died late could leave anything.
TEST_F(Decommissioning, WhatComesAfterItsTurnIsErasedToo) {
  at_["look again"] = [this] {
    directory_.write("state/audit-observers.log", "who\n");
    directory_.write("state/audit.log", "who\n");
    directory_.write("state/late/file", "");
    directory_.write("etc/secrets.json.before", "hunter2");
  };
  const auto done = begin();
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_THAT(directory_.files(), IsEmpty());
  EXPECT_FALSE(directory_.has("state/late"));
  ASSERT_EQ(journal_.items.size(), 15U);
  std::vector<std::string> late;
  for (std::size_t i = 11; i < 15; ++i) {
    late.push_back(fs::path(journal_.items[i].path).lexically_relative(directory_.path()));
    EXPECT_EQ(journal_.items[i].outcome, "overwritten and removed") << late.back();
  }
  EXPECT_THAT(late, ElementsAre("etc/secrets.json.before", "state/late/file", "state/audit-observers.log",
                                "state/audit.log"));
  EXPECT_THAT(journal_.done.back().note, HasSubstr("came in the meantime was erased too: "));
  EXPECT_THAT(receipt_text(journal_, "rack7", 1), HasSubstr(directory_.path("state/audit-observers.log")));
}

TEST_F(Decommissioning, WhenFilesKeepComingTheSameCommandEndsIt) {
  at_["look again"] = asleep_ = [this] { directory_.write("state/audit.log", "who\n"); };
  looks_ = 1000;  // no sleep in the drain
  const auto done = begin();
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr("step \"nothing left\" is not done"));
  EXPECT_THAT(done.error().message, HasSubstr(directory_.path("state/audit.log") + " is there again"));
  EXPECT_THAT(done.error().message, HasSubstr("stop what makes it"));
  EXPECT_EQ(slept_, 5) << "not for ever";
  at_.clear();
  asleep_ = [] {};
  EXPECT_TRUE(directory_.has("state/audit.log"));
  const auto after = go_on();
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_THAT(directory_.files(), IsEmpty());
  EXPECT_EQ(journal_.items.size(), 11U + 5 + 1) << "each time is in the receipt";
}

// The power goes between writing down and erasing: what was found is in the journal by then.
TEST_F(Decommissioning, WhatCameIsWrittenDownBeforeItGoes) {
  at_["look again"] = [this] { directory_.write("state/audit.log", "who\n"); };
  bool seen = false;
  asleep_ = [&] {
    const auto kept = load_journal(file_.path("journal"));
    seen = seen || (kept && *kept && (*kept)->items.size() == 12 && (*kept)->items.back().outcome.empty());
  };
  ASSERT_TRUE(begin());
  EXPECT_TRUE(seen);
}

TEST_F(Decommissioning, EachVersionOfAFileGoesTheSecretOnesFirst) {
  std::vector<std::string> versions;
  for (const char* file :
       {"etc/secrets.json", "etc/tls/server.key", "etc/tls/server.pem", "etc/anchors/root.ds"}) {
    for (const char* end :
         {"", ".previous", ".before", ".new-aB3xYz", ".previous.new", ".previous.before", ".aB3xYz"}) {
      versions.push_back(directory_.write(std::string(file) + end, "hunter2"));
    }
  }
  at_["erase zones"] = [this] {
    for (const std::string& file : directory_.files()) {
      EXPECT_THAT(file,
                  Not(testing::AnyOf(HasSubstr("agent.json"), HasSubstr("secrets.json"), HasSubstr(".key"))));
    }
    EXPECT_TRUE(directory_.has("etc/anchors/root.ds.previous"));
  };
  ASSERT_TRUE(begin());
  EXPECT_THAT(directory_.files(), IsEmpty());
  const std::string receipt = receipt_text(journal_, "rack7", 1);
  for (const std::string& version : versions) EXPECT_THAT(receipt, HasSubstr("  " + version + "\n"));
}

TEST_F(Decommissioning, ASecretThatHasBecomeALinkIsSeenBeforeAnythingIsErased) {
  const std::string key = directory_.path("etc/tls/server.key");
  at_["list what will be erased"] = [&] {
    fs::rename(key, file_.path("key"));
    fs::create_symlink(file_.path("key"), key);
  };
  const auto done = begin();
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr(key + " is a symbolic link"));
  EXPECT_EQ(directory_.files().size(), 11U);
  at_.clear();
  fs::rename(file_.path("key"), key);
  ASSERT_TRUE(go_on());
  EXPECT_THAT(directory_.files(), IsEmpty());
}

TEST_F(Decommissioning, WhatLinksLedToIsNamedAsLeft) {
  fs::create_symlink(file_.write("zone", "host's"), directory_.path("state/link"));
  fs::create_symlink("rssac002", directory_.path("state/inner"));
  fs::create_hard_link(file_.path("zone"), directory_.path("state/hard"));
  ASSERT_TRUE(begin());
  EXPECT_EQ(file_.read("zone"), "host's");
  const auto json = nlohmann::json::parse(receipt_json(journal_, "rack7", 1));
  EXPECT_THAT(
      json.at("left").get<std::vector<std::string>>(),
      ElementsAre(HasSubstr(file_.path("zone")), HasSubstr(directory_.path("state/hard")), "the programs"));
  EXPECT_THAT(receipt_text(journal_, "rack7", 1), HasSubstr("  - " + file_.path("zone")));
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

}  // namespace
}  // namespace imrs::decommission
