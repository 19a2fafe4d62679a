// imrsctl setup as a whole: what it writes, what it says, what it refuses.
#include "agent/ctl/setup_command.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "agent/config/config.h"
#include "tests/support/temp_directory.h"

namespace imrs::ctl {
namespace {

using testing::HasSubstr;
using testing::Not;
using Json = nlohmann::json;

constexpr const char* kSheet = R"({
  "identity": {"number": 1, "country": "fr", "city": "par"}, "appliance": "calypso",
  "cluster": {"member": "a"}, "management": {"address": "198.51.100.10"},
  "neighbours": [{"address": "192.0.2.1", "source": "192.0.2.2", "as": 64500}],
  "primaries": [{"address": "198.51.100.53", "key": "key."}],
  "settings": {"users": {"agent": "1:1", "launcher": "2:2", "engine": "3:3", "zone": "4:4", "web": "5:5",
                         "audit": "6:6"}}})";
constexpr const char* kSecrets = R"({"bgp_passwords": {"host4": "hush-bgp"},
  "tsig_secrets": {"key.": "aHVzaC1odXNoLWh1c2gtaHVzaA=="},
  "cookie_secrets": ["68757368687573686875736868757368"],
  "source_key": "68757368687573686875736868757368"})";

struct Said {
  int status = -1;
  std::string text;  // on standard output
};

class Setup : public testing::Test {
 protected:
  // In a directory that is not there yet.
  Said setup(std::vector<std::string> words) {
    words.insert(words.begin(), {"setup", directory_.write("sheet.json", sheet_), "--directory", etc_,
                                 "--manager", directory_.path("systemctl")});
    std::ranges::reverse(words);
    CLI::App app;
    Options options;
    Said said;
    add_setup(app, options, said.status);
    testing::internal::CaptureStdout();
    app.parse(words);
    said.text = testing::internal::GetCapturedStdout();
    return said;
  }

  // All files that agent.json names.
  void put_files() const {
    for (const char* name :
         {"anchors/root.ds", "anchors/arpa.ds", "tls/server.pem", "tls/server.key", "tls/client-ca.pem"}) {
      directory_.write("etc/" + std::string(name), "x");
    }
  }

  // What `systemctl is-active UNIT` says, in the shell's words.
  void units(const std::string& script) const {
    ::chmod(directory_.write("systemctl", "#!/bin/sh\n" + script + "\n").c_str(), 0755);
  }

  std::string write_secrets(const char* text) const {
    const std::string file = directory_.write("secrets", text);
    ::chmod(file.c_str(), 0600);
    return file;
  }

  test::TempDirectory directory_;
  std::string sheet_ = kSheet, etc_ = directory_.path("etc");
};

TEST_F(Setup, WritesBothFilesAndSaysWhatIsMissing) {
  const Said said = setup({});
  EXPECT_EQ(said.status, kNotHealthy);
  EXPECT_THAT(said.text, HasSubstr("for aa01-fr-par.l.dns.icann.org"));
  for (const char* missing :
       {"bgp_passwords.host4 is empty", "tsig_secrets.key. is empty", "cookie_secrets is empty",
        "/tls/server.key is not there: openssl req", "/anchors/root.ds is not there: IANA's"}) {
    EXPECT_THAT(said.text, HasSubstr(missing));
  }
  for (const char* name : {"etc/agent.json", "etc/secrets.json"}) {
    struct stat status {};
    ASSERT_EQ(::stat(directory_.path(name).c_str(), &status), 0) << name;
    EXPECT_EQ(status.st_mode & 07777U, 0640U) << name;
  }
  const auto config = load_config(directory_.path("etc/agent.json"));
  ASSERT_FALSE(config) << "an empty secret is none";
  EXPECT_THAT(config.error().message, HasSubstr("bgp_passwords.host4: is empty"));
}

TEST_F(Setup, WithAllSecretsNothingIsMissing) {
  put_files();
  const Said said = setup({"--secrets", write_secrets(kSecrets)});
  EXPECT_EQ(said.status, kGood) << said.text;
  EXPECT_THAT(said.text, HasSubstr("nothing is missing"));
  EXPECT_THAT(said.text, Not(HasSubstr("hush")));
  EXPECT_THAT(said.text, Not(HasSubstr("687573")));
  EXPECT_THAT(directory_.read("etc/agent.json"), Not(HasSubstr("hush")));
  const auto config = load_config(directory_.path("etc/agent.json"));
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->bgp.neighbours[0].password, "hush-bgp");
  EXPECT_EQ(config->instance.cluster->cookie_secrets.size(), 1U);
}

TEST_F(Setup, MakesWhatCanBeMadeHere) {
  put_files();
  const Said said = setup({"--generate"});
  EXPECT_EQ(said.status, kNotHealthy);
  EXPECT_THAT(said.text, HasSubstr("made here, tell the other side: bgp_passwords.host4"));
  EXPECT_THAT(said.text, HasSubstr("made here, tell the other side: cookie_secrets"));
  EXPECT_THAT(said.text, HasSubstr("MISSING: " + etc_ + "/secrets.json: tsig_secrets.key. is empty"));
  const Json secrets = Json::parse(directory_.read("etc/secrets.json"));
  const std::string password = secrets["bgp_passwords"]["host4"];
  EXPECT_EQ(password.size(), 32U);
  EXPECT_THAT(said.text, Not(HasSubstr(password)));
  EXPECT_NE(secrets["cookie_secrets"][0], password);
}

TEST_F(Setup, OverwritesOnlyIfForcedAndKeepsTheSecrets) {
  ASSERT_EQ(setup({"--secrets", write_secrets(kSecrets)}).status, kNotHealthy);
  const std::string before = directory_.read("etc/agent.json");
  EXPECT_EQ(setup({}).status, kFailed);
  EXPECT_EQ(directory_.read("etc/agent.json"), before);
  Json sheet = Json::parse(kSheet);
  sheet["neighbours"][0]["name"] = "east4";
  sheet_ = sheet.dump();
  const Said said = setup({"--force"});
  EXPECT_THAT(said.text, HasSubstr("dropped, belongs to nothing now: bgp_passwords.host4"));
  EXPECT_THAT(said.text, HasSubstr("bgp_passwords.east4 is empty"));
  EXPECT_THAT(said.text, Not(HasSubstr("tsig_secrets.key. is empty")));
  EXPECT_THAT(directory_.read("etc/secrets.json"), HasSubstr("aHVzaC1odXNoLWh1c2gtaHVzaA=="));
  EXPECT_EQ(directory_.read("etc/agent.json.previous"), before);
  directory_.write("etc/agent.json.pending", "{}");
  EXPECT_EQ(setup({"--force"}).status, kFailed) << "one is on trial";
}

// agent.json was removed by hand, or its disk was restored in part.
TEST_F(Setup, KeepsSecretsThatLieThereAlone) {
  put_files();
  ASSERT_EQ(setup({"--secrets", write_secrets(kSecrets)}).status, kGood);
  const std::string before = directory_.read("etc/secrets.json"), config = directory_.path("etc/agent.json");
  ASSERT_EQ(::unlink(config.c_str()), 0);
  EXPECT_EQ(setup({}).status, kFailed) << "not unasked";
  Json sheet = Json::parse(kSheet);
  sheet["neighbours"][0]["name"] = "east4";
  sheet_ = sheet.dump();
  EXPECT_EQ(setup({"--force"}).status, kNotHealthy);
  EXPECT_THAT(directory_.read("etc/secrets.json"), Not(HasSubstr("hush-bgp")));
  EXPECT_EQ(directory_.read("etc/secrets.json.previous"), before);
  struct stat status {};
  ASSERT_EQ(::stat(directory_.path("etc/secrets.json.previous").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0640U);
  // The power went before agent.json was there: once more, and they are not lost now.
  ASSERT_EQ(::unlink(config.c_str()), 0);
  EXPECT_EQ(setup({"--force"}).status, kNotHealthy);
  EXPECT_EQ(directory_.read("etc/secrets.json.previous"), before);
}

// Debian enables what it installs; since the machine's first start each unit looks for a configuration.
TEST_F(Setup, IsRefusedWhileAUnitWouldTakeIt) {
  const std::vector<std::string> here{"--of-units", etc_};
  for (const char* unit : {"imrs-agent", "imrs-bird", "imrs-firewall"}) {
    for (const char* state : {"active", "activating", "deactivating", "reloading"}) {
      units("[ $2 = " + std::string(unit) + ".service ] && echo " + state + " || echo inactive");
      testing::internal::CaptureStderr();
      EXPECT_EQ(setup(here).status, kFailed) << unit << state;
      const std::string said = testing::internal::GetCapturedStderr();
      EXPECT_THAT(said, HasSubstr(std::string(unit) + " is " + state));
      EXPECT_THAT(said, HasSubstr("systemctl stop imrs-agent imrs-bird imrs-firewall"));
      EXPECT_FALSE(directory_.has("etc"));
    }
  }
  EXPECT_EQ(setup({"--of-units", etc_, "--dry-run"}).status, kNotHealthy);
  EXPECT_FALSE(directory_.has("etc"));
  const Said live = setup({"--of-units", etc_ + "/", "--go-live"});
  EXPECT_EQ(live.status, kNotHealthy);
  EXPECT_THAT(live.text, HasSubstr("goes live within ten seconds"));
  testing::internal::CaptureStderr();
  EXPECT_EQ(setup({"--of-units", etc_, "--force"}).status, kFailed) << "in service";
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("\"imrsctl config apply\" changes it"));
  EXPECT_EQ(setup({"--of-units", etc_ + "2", "--force"}).status, kNotHealthy) << "no unit reads it here";
}

TEST_F(Setup, GoesOnWhereNothingWouldTakeIt) {
  const std::vector<std::string> here{"--of-units", etc_, "--force"};
  for (const char* state : {"echo inactive; exit 3", "echo failed; exit 3",
                            "echo System has not been booted with systemd >&2; exit 1", "exit 0"}) {
    units(state);
    const Said said = setup(here);
    EXPECT_EQ(said.status, kNotHealthy) << state;
    EXPECT_THAT(said.text, HasSubstr("it starts by: systemctl start imrs-firewall")) << state;
  }
  ASSERT_EQ(::unlink(directory_.path("systemctl").c_str()), 0);
  EXPECT_EQ(setup(here).status, kNotHealthy) << "no systemctl";
}

TEST_F(Setup, ADryRunWritesNothing) {
  const Said said = setup({"--dry-run"});
  EXPECT_EQ(said.status, kNotHealthy);
  EXPECT_THAT(said.text, HasSubstr("\"identity\": \"aa01-fr-par.l.dns.icann.org\""));
  EXPECT_FALSE(directory_.has("etc"));
}

TEST_F(Setup, RefusesWithoutWriting) {
  EXPECT_EQ(setup({"--secrets", write_secrets(R"({"tsig_secrets": {"other.": "hush"}})")}).status, kFailed);
  const std::string open = write_secrets("{}");
  ::chmod(open.c_str(), 0644);
  EXPECT_EQ(setup({"--secrets", open}).status, kFailed) << "others may read it";
  sheet_ = "{}";
  EXPECT_EQ(setup({}).status, kFailed);
  EXPECT_FALSE(directory_.has("etc"));
}

}  // namespace
}  // namespace imrs::ctl
