// What is in the way of a decommissioning, and what would stay, in a directory of the test's own.
#include "agent/decommission/check.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>

#include "agent/decommission/receipt.h"
#include "tests/support/temp_directory.h"

namespace imrs::decommission {
namespace {

namespace fs = std::filesystem;
using test::TempDirectory;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

// Below one directory, of which "host" is no place.
class Places : public testing::Test {
 protected:
  Places() {
    for (const char* name :
         {"etc/agent.json", "etc/secrets.json", "etc/tls/server.key", "etc/tls/server.pem",
          "var/state/audit.log", "var/zones/@.zone", "host/file", "host/folder/server.key"}) {
      directory_.write(name, "hunter2");
    }
    plan_.places = {at("run"), at("var"), at("etc")};
    plan_.secrets = {at("etc/secrets.json"), at("etc/tls/server.key"), at("etc/agent.json")};
    plan_.audit_logs = {at("var/state/audit.log")};
    plan_.left = {"the programs"};
  }

  [[nodiscard]] std::string at(const std::string& name) const { return directory_.path(name); }
  // In the place of what is there.
  void link(const std::string& name, const std::string& target) const {
    fs::remove_all(at(name));
    fs::create_symlink(at(target), at(name));
  }

  TempDirectory directory_;
  Plan plan_{};
};

TEST_F(Places, NothingIsInTheWay) {
  fs::create_hard_link(at("etc/secrets.json"), at("etc/secrets.json.before"));
  fs::create_hard_link(at("etc/secrets.json"), at("etc/secrets.json.previous"));
  fs::create_hard_link(at("etc/tls/server.key"), at("etc/tls/server.key.previous.new"));
  link("var/zones/@.zone", "host/file");
  const auto good = check_before(plan_);
  EXPECT_TRUE(good) << good.error().message;
  fs::remove_all(at("etc"));
  EXPECT_TRUE(check_before(plan_)) << "as when half of it is done";
}

TEST_F(Places, ALinkThatHidesWhatMustGoIsRefused) {
  const std::pair<const char*, const char*> cases[] = {
      {"etc/secrets.json", "host/file"},
      {"etc/secrets.json.previous", "host/file"},
      {"etc/secrets.json.before", "host/file"},
      {"etc/secrets.json.new-aB3xYz", "host/file"},
      {"etc/tls/server.key", "host/file"},
      {"etc/tls/server.key", "host/not-there"},
      {"etc/tls/server.key", "etc/tls/server.pem"},
      {"etc/tls/server.key.previous.before", "host/file"},
      {"etc/agent.json", "host/file"},
      {"etc/tls", "host/folder"},
      {"etc", "host/folder"},
      {"var/state/audit.log", "host/file"},
      {"var/state", "host/folder"},
  };
  for (const auto& [name, target] : cases) {
    const TempDirectory kept;
    fs::copy(directory_.path(), kept.path(), fs::copy_options::recursive);
    link(name, target);
    const auto good = check_before(plan_);
    ASSERT_FALSE(good) << name;
    EXPECT_EQ(good.error().code, Errc::Refused) << name;
    EXPECT_THAT(good.error().message, HasSubstr(at(name) + " is a symbolic link")) << name;
    if (name != std::string("etc")) {  // of a place only the link is named
      EXPECT_THAT(good.error().message, HasSubstr(at(target))) << name;
      EXPECT_THAT(good.error().message, HasSubstr("or erase it by hand and remove the link")) << name;
    }
    fs::remove_all(at("etc"));
    fs::remove_all(at("var"));
    fs::copy(kept.path(), directory_.path(),
             fs::copy_options::recursive | fs::copy_options::overwrite_existing);
  }
}

TEST_F(Places, ASecretWithANameElsewhereIsRefused) {
  fs::create_hard_link(at("etc/tls/server.key"), at("etc/tls/server.key.before"));
  fs::create_hard_link(at("etc/tls/server.key"), at("host/key"));
  const auto good = check_before(plan_);
  ASSERT_FALSE(good);
  EXPECT_THAT(good.error().message, HasSubstr("server.key"));
  EXPECT_THAT(good.error().message, HasSubstr("has 3 names, and not all of them are in its directory"));
  EXPECT_THAT(good.error().message, HasSubstr("find / -xdev -samefile " + at("etc/tls/server.key")));
  fs::remove(at("host/key"));
  EXPECT_TRUE(check_before(plan_));
}

TEST_F(Places, ASecretThatIsNoFileIsRefused) {
  ASSERT_EQ(::mkfifo(at("etc/secrets.json.before").c_str(), 0600), 0);
  const auto good = check_before(plan_);
  ASSERT_FALSE(good);
  EXPECT_THAT(good.error().message, HasSubstr(at("etc/secrets.json.before") + " is no regular file"));
}

TEST_F(Places, WhatOtherLinksLeadToIsNamed) {
  link("var/zones/@.zone", "host/file");
  link("etc/tls/server.pem", "etc/tls/server.key");  // goes itself
  fs::create_hard_link(at("host/folder/server.key"), at("var/hard"));
  fs::create_hard_link(at("var/hard"), at("var/hard.previous"));
  fs::create_hard_link(at("var/state/audit.log"), at("var/state/audit.log.1"));
  const auto links = list_links(plan_);
  ASSERT_TRUE(links) << links.error().message;
  const Journal journal{.plan = plan_, .begun_ms = 1, .done = {}, .items = *links};
  const auto left = left_of(journal);
  EXPECT_EQ(left.size(), 4U) << testing::PrintToString(left);
  EXPECT_THAT(left, Contains(HasSubstr(at("host/file") + ": behind a symbolic link")));
  EXPECT_THAT(left, Contains(HasSubstr("what " + at("var/hard") + " holds")));
  EXPECT_THAT(left, Contains("the programs"));
  EXPECT_THAT(left, Not(Contains(HasSubstr("server.pem"))));
  EXPECT_THAT(plan_text(journal), HasSubstr(at("host/file")));
}

}  // namespace
}  // namespace imrs::decommission
