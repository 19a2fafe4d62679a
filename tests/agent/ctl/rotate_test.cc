// imrsctl rotate and rollback, with an agent and a service manager that are played: files, programs, and that
// both go together.
#include <gmock/gmock.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "imrsctl_run.h"
#include "tests/agent/remote/example_config.h"
#include "tests/agent/web/certificates.h"
#include "tests/support/temp_directory.h"

namespace imrs::ctl {
namespace {

namespace fs = std::filesystem;
using test::TempDirectory;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kNewSecret = "YW5vdGhlci1zZWNyZXQtb2YtbWluZSEhIQ==";
constexpr const char* kRootDs =
    ". IN DS 20326 8 2 e06d44b80b8f1d39a95c0b0d7c65d08458e880409bbc683457104237c7f8ec8d\n";
constexpr const char* kNextDs =
    ". IN DS 38696 8 2 683d2d0acb8c9b712a1948b27f741219298d0a450d612c483af444a4c0fb2b16\n";

class Rotate : public testing::Test {
 protected:
  Rotate() {
    directory_.write("agent.json", remote::example_agent_json(directory_.path()));
    write_secret("secrets.json", remote::example_secrets());
    directory_.write("anchors/root.ds", kRootDs);
    manager("exit 0");
  }

  void write_secret(const std::string& name, const std::string& text) {
    ASSERT_EQ(::chmod(directory_.write(name, text).c_str(), 0640), 0);
  }
  // What is called like systemctl: writes down its words, then does this.
  void manager(const std::string& script) {
    directory_.write("manager",
                     "#!/bin/sh\necho \"$@\" >> " + directory_.path("called") + "\n" + script + "\n");
    fs::permissions(directory_.path("manager"), fs::perms::owner_all);
  }
  Ran run(std::vector<std::string> words, const std::string& input = "") {
    words.insert(words.begin(), {"--socket", directory_.path("control.sock")});
    words.insert(words.end(),
                 {"--config", directory_.path("agent.json"), "--manager", directory_.path("manager")});
    return run_imrsctl(words, input);
  }
  nlohmann::json secrets() { return nlohmann::json::parse(directory_.read("secrets.json")); }

  TempDirectory directory_;
};

TEST_F(Rotate, ATsigKeyByAnUpgradeInPlace) {
  const AnsweringAgent agent(directory_.path("control.sock"), obedient());
  const Ran good = run({"rotate", "tsig-key", "imrs-lab."}, std::string(kNewSecret) + "\n");
  EXPECT_EQ(good.status, 0) << good.err;
  EXPECT_THAT(good.out, HasSubstr("upgraded in place"));
  EXPECT_THAT(good.out + good.err, Not(HasSubstr("YW5v")));
  EXPECT_EQ(secrets().at("tsig_secrets").at("imrs-lab."), kNewSecret);
  EXPECT_EQ(directory_.read("secrets.json.previous"), remote::example_secrets());
  EXPECT_THAT(agent.orders(), ElementsAre(HasSubstr("upgrade")));
  const Ran back = run({"rollback", "secrets"});
  EXPECT_EQ(back.status, 0) << back.err;
  EXPECT_EQ(directory_.read("secrets.json"), remote::example_secrets());
  EXPECT_FALSE(directory_.has("called")) << "the passwords are the same: BIRD is left alone";
}

TEST_F(Rotate, AnAgentThatDoesNotTakeItKeepsTheOldOne) {
  const AnsweringAgent agent(directory_.path("control.sock"), unable());
  const Ran run_failed = run({"rotate", "tsig-key", "imrs-lab."}, kNewSecret);
  EXPECT_EQ(run_failed.status, 1);
  EXPECT_THAT(run_failed.err, HasSubstr("all files are as they were"));
  EXPECT_THAT(run_failed.err, HasSubstr("--restart"));
  EXPECT_EQ(directory_.read("secrets.json"), remote::example_secrets());
  EXPECT_FALSE(directory_.has("secrets.json.previous"));
}

TEST_F(Rotate, AnAgentThatDoesNotRunIsRestarted) {
  EXPECT_EQ(run({"rotate", "tsig-key", "imrs-lab."}, kNewSecret).status, 1);
  EXPECT_EQ(directory_.read("secrets.json"), remote::example_secrets());
  const Ran good = run({"rotate", "tsig-key", "imrs-lab.", "--restart"}, kNewSecret);
  EXPECT_EQ(good.status, 0) << good.err;
  EXPECT_EQ(directory_.read("called"), "restart imrs-agent.service\n");
}

TEST_F(Rotate, APasswordByBirdsReload) {
  const Ran good = run({"rotate", "bgp-password", "host4"}, "hunter2\n");
  EXPECT_EQ(good.status, 0) << good.err;
  EXPECT_EQ(directory_.read("called"), "reload imrs-bird.service\n");
  EXPECT_EQ(secrets().at("bgp_passwords").at("host4"), "hunter2");
  EXPECT_THAT(good.out, HasSubstr("its session has been ended"));
  manager("echo no >&2; exit 1");
  const Ran failed = run({"rotate", "bgp-password", "host4"}, "hunter3\n");
  EXPECT_EQ(failed.status, 1);
  EXPECT_EQ(secrets().at("bgp_passwords").at("host4"), "hunter2");
}

// BIRD takes the new password and says no: then it has to hear of the old one.
TEST_F(Rotate, WhatWasTakenBackIsToldAgain) {
  manager("grep bgp_passwords -A1 " + directory_.path("secrets.json") + " >> " + directory_.path("called") +
          "\n[ $(grep -c reload " + directory_.path("called") + ") -ge 2 ]");
  const Ran failed = run({"rotate", "bgp-password", "host4"}, "hunter2\n");
  EXPECT_EQ(failed.status, 1);
  EXPECT_THAT(failed.err, HasSubstr("all files are as they were: "));
  EXPECT_EQ(secrets().at("bgp_passwords").at("host4"), "agreed");
  const std::string called = directory_.read("called");
  EXPECT_LT(called.find("hunter2"), called.find("agreed")) << called;
  EXPECT_NE(called.find("agreed"), std::string::npos) << called;
}

// The engine keeps both for life: an upgrade in place would change nothing, and say that all went well.
TEST_F(Rotate, SecretsThatAreTakenAtAStartOnlyComeBackByARestart) {
  const AnsweringAgent agent(directory_.path("control.sock"), obedient());
  nlohmann::json before = secrets();
  before["source_key"] = "ffeeddccbbaa99887766554433221100";
  write_secret("secrets.json.previous", before.dump());
  const Ran refused = run({"rollback", "secrets"});
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, testing::AllOf(HasSubstr("rssac002.source_key"), HasSubstr("--restart")));
  EXPECT_THAT(refused.err, Not(HasSubstr("ffeedd")));
  EXPECT_EQ(directory_.read("secrets.json"), remote::example_secrets());
  EXPECT_THAT(agent.orders(), IsEmpty());
  const Ran back = run({"rollback", "secrets", "--restart"});
  EXPECT_EQ(back.status, 0) << back.err;
  EXPECT_EQ(secrets(), before);
  EXPECT_EQ(directory_.read("called"), "restart imrs-agent.service\n");
}

TEST_F(Rotate, WhatIsWrongChangesNothing) {
  const std::pair<std::vector<std::string>, std::string> cases[] = {
      {{"rotate", "bgp-password", "host9"}, "hunter2"},
      {{"rotate", "bgp-password", "host6"}, "hunter2"},  // agent.json has it
      {{"rotate", "bgp-password"}, "hunter2"},
      {{"rotate", "bgp-password", "host4"}, ""},
      {{"rotate", "tsig-key", "imrs-lab."}, "hunter2"},
      {{"rotate", "tsig-key", "imrs-lab.", kNewSecret}, ""},
      {{"rotate", "certificate"}, "hunter2"},
      {{"rotate", "certificate", "server.pem"}, ""},
      {{"rotate", "trust-anchor", "--unchecked"}, "hunter2"},
      {{"rotate", "trust-anchor", "--zone", "arpa", "--unchecked"}, kNextDs},
      {{"rotate", "tsig-key", "imrs-lab.", "--add"}, kNewSecret},
      {{"rotate", "passwd"}, "hunter2"},
      {{"rollback", "secrets"}, ""},
      {{"rollback", "trust-anchor", "--unchecked"}, ""},
      {{"rollback", "certificate"}, ""},
      {{"rollback", "client-ca"}, ""},
  };
  const auto before = directory_.files();
  for (const auto& [words, input] : cases) {
    const Ran ran = run(words, input);
    EXPECT_NE(ran.status, 0) << words[1];
    EXPECT_THAT(ran.err, Not(IsEmpty())) << words[1];
    EXPECT_THAT(ran.out + ran.err, Not(HasSubstr("hunter2"))) << words[1];
  }
  EXPECT_THAT(directory_.files(), testing::UnorderedElementsAreArray(before));
  EXPECT_EQ(directory_.read("secrets.json"), remote::example_secrets());
  EXPECT_EQ(directory_.read("anchors/root.ds"), kRootDs);
}

TEST_F(Rotate, TrustAnchorsThereAndBack) {
  const AnsweringAgent agent(directory_.path("control.sock"), obedient());
  // Nothing answers for the service addresses here, so nothing is changed by mistake.
  const Ran unasked = run({"rotate", "trust-anchor", "--add"}, kNextDs);
  EXPECT_EQ(unasked.status, 1);
  EXPECT_THAT(unasked.err, HasSubstr("--unchecked"));
  EXPECT_EQ(run({"rotate", "trust-anchor", "--add", "--unchecked"}, kNextDs).status, 0);
  EXPECT_THAT(directory_.read("anchors/root.ds"),
              testing::AllOf(HasSubstr("20326 8 2"), HasSubstr("38696 8 2")));
  EXPECT_EQ(run({"rotate", "trust-anchor", "--remove", "20326", "--unchecked"}).status, 0);
  EXPECT_THAT(directory_.read("anchors/root.ds"), Not(HasSubstr("20326 8 2")));
  EXPECT_EQ(run({"rollback", "trust-anchor", "--unchecked"}).status, 0);
  EXPECT_THAT(directory_.read("anchors/root.ds"),
              testing::AllOf(HasSubstr("20326 8 2"), HasSubstr("38696 8 2")));
  EXPECT_THAT(agent.orders(), testing::SizeIs(3));
  EXPECT_NE(run({"rotate", "trust-anchor", "--add", "--remove", "1", "--unchecked"}).status, 0);
}

// Whoever has made them under a umask of 077 has not meant imrs-zone and imrs-audit.
TEST_F(Rotate, TrustAnchorsAreForEverybody) {
  const AnsweringAgent agent(directory_.path("control.sock"), obedient());
  const std::string file = directory_.path("anchors/root.ds");
  const auto mode = [&] {
    struct stat status {};
    EXPECT_EQ(::stat(file.c_str(), &status), 0);
    return status.st_mode & 07777U;
  };
  ASSERT_EQ(::chmod(file.c_str(), 0600), 0);
  EXPECT_EQ(run({"rotate", "trust-anchor", "--add", "--unchecked"}, kNextDs).status, 0);
  EXPECT_EQ(mode(), 0644U);
  EXPECT_EQ(run({"rollback", "trust-anchor", "--unchecked"}).status, 0);
  EXPECT_EQ(mode(), 0644U) << "the one before was 0600";
  fs::remove(file);
  EXPECT_EQ(run({"rotate", "trust-anchor", "--unchecked"}, kNextDs).status, 0);
  EXPECT_EQ(mode(), 0644U) << "where there was none";
}

TEST_F(Rotate, ARotationThatFailsCostsNobodyHisWayBack) {
  EXPECT_EQ(run({"rotate", "bgp-password", "host4"}, "hunter2").status, 0);
  manager("exit 1");
  EXPECT_EQ(run({"rotate", "bgp-password", "host4"}, "hunter3").status, 1);
  EXPECT_EQ(directory_.read("secrets.json.previous"), remote::example_secrets());
  manager("exit 0");
  const AnsweringAgent agent(directory_.path("control.sock"), obedient());
  const Ran back = run({"rollback", "secrets"});
  EXPECT_EQ(back.status, 0) << back.err;
  EXPECT_EQ(directory_.read("secrets.json"), remote::example_secrets());
}

// Killed while the service manager was at it: what is there now is new, and what was there before is the way
// back. No tests of its own for the other points of time: tests/agent/remote/rotation_killed_test.cc.
TEST_F(Rotate, AfterARotationThatWasKilledTheWayBackIsTheLastOne) {
  EXPECT_EQ(run({"rotate", "bgp-password", "host4"}, "hunter2").status, 0);
  manager("kill -9 $PPID");
  EXPECT_NE(run({"rotate", "bgp-password", "host4"}, "hunter3").status, 0);
  EXPECT_EQ(secrets().at("bgp_passwords").at("host4"), "hunter3");
  ASSERT_TRUE(directory_.has("secrets.json.previous.before")) << "it was not killed in time";
  manager("exit 0");
  const AnsweringAgent agent(directory_.path("control.sock"), obedient());
  EXPECT_EQ(run({"rollback", "secrets"}).status, 0);
  EXPECT_EQ(secrets().at("bgp_passwords").at("host4"), "hunter2");
  EXPECT_FALSE(directory_.has("secrets.json.previous.before"));
}

TEST_F(Rotate, CertificatesThereAndBack) {
  const web::Identity ca = web::make_ca("CA", 4'102'444'800);
  const auto pem = [&](const char* name) {
    const web::Identity one = web::make_identity(ca, {.name = name});
    return one.certificate_pem() + one.key_pem();
  };
  fs::create_directory(directory_.path("tls"));
  EXPECT_EQ(run({"rotate", "certificate"}, pem("first")).status, 0) << "where there was none";
  const std::string first = directory_.read("tls/server.pem"), key = directory_.read("tls/server.key");
  const Ran second = run({"rotate", "certificate"}, pem("second"));
  EXPECT_EQ(second.status, 0) << second.err;
  EXPECT_THAT(second.out, HasSubstr("CN=second, until 2100-01-01"));
  EXPECT_NE(directory_.read("tls/server.pem"), first);
  EXPECT_EQ(run({"rollback", "certificate"}).status, 0);
  EXPECT_EQ(directory_.read("tls/server.pem"), first);
  EXPECT_EQ(directory_.read("tls/server.key"), key);
  EXPECT_EQ(run({"rotate", "client-ca"}, ca.certificate_pem()).status, 0);
  EXPECT_EQ(directory_.read("tls/ca.pem"), ca.certificate_pem());
  EXPECT_FALSE(directory_.has("called"));
}

TEST_F(Rotate, AKeyThatOnlyRootCouldRead) {
  const web::Identity ca = web::make_ca("CA", 4'102'444'800);
  const web::Identity old = web::make_identity(ca, {.name = "old"}),
                      next = web::make_identity(ca, {.name = "next"});
  const std::string key = directory_.write("tls/server.key", old.key_pem());
  ASSERT_EQ(::chmod(key.c_str(), 0600), 0);  // as openssl req -keyout makes it
  directory_.write("tls/server.pem", old.certificate_pem());
  const auto expect_readable = [&](const std::string& content) {
    EXPECT_EQ(directory_.read("tls/server.key"), content);
    struct stat status {};
    ASSERT_EQ(::stat(key.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0640U);
    EXPECT_EQ(status.st_gid, ::geteuid() == 0 ? 64005U : ::getegid());
  };
  EXPECT_EQ(run({"rotate", "certificate"}, next.certificate_pem() + next.key_pem()).status, 0);
  expect_readable(directory_.read("tls/server.key"));
  EXPECT_EQ(run({"rollback", "certificate"}).status, 0);
  expect_readable(old.key_pem());
}

TEST_F(Rotate, AfterHalfARotationTheWholePairIsKept) {
  const web::Identity ca = web::make_ca("CA", 4'102'444'800);
  const auto made = [&](const char* name) { return web::make_identity(ca, {.name = name}); };
  const web::Identity whole = made("whole"), half = made("half"), next = made("next");
  directory_.write("tls/server.pem", whole.certificate_pem());
  directory_.write("tls/server.key.previous", whole.key_pem());
  directory_.write("tls/server.key", half.key_pem());
  const Ran wrong = run({"rotate", "certificate"}, "hunter2");
  EXPECT_EQ(wrong.status, 1);
  EXPECT_EQ(directory_.read("tls/server.key"), half.key_pem()) << "what is wrong changes nothing";
  const Ran good = run({"rotate", "certificate"}, next.certificate_pem() + next.key_pem());
  EXPECT_EQ(good.status, 0) << good.err;
  EXPECT_THAT(good.out, HasSubstr("was cut off before its end: " + directory_.path("tls/server.key")));
  EXPECT_EQ(directory_.read("tls/server.key.previous"), whole.key_pem());
  EXPECT_EQ(directory_.read("tls/server.pem.previous"), whole.certificate_pem());
  EXPECT_EQ(run({"rollback", "certificate"}).status, 0);
  EXPECT_EQ(directory_.read("tls/server.key"), whole.key_pem());
}

TEST_F(Rotate, HalfARollbackIsDoneByTheSameCommand) {
  const web::Identity ca = web::make_ca("CA", 4'102'444'800);
  const web::Identity one = web::make_identity(ca, {.name = "one"}),
                      two = web::make_identity(ca, {.name = "two"});
  directory_.write("tls/server.key", one.key_pem());
  directory_.write("tls/server.key.previous", two.key_pem());
  directory_.write("tls/server.pem", two.certificate_pem());
  directory_.write("tls/server.pem.previous", one.certificate_pem());
  const Ran back = run({"rollback", "certificate"});
  EXPECT_EQ(back.status, 0) << back.err;
  EXPECT_EQ(directory_.read("tls/server.key"), one.key_pem());
  EXPECT_EQ(directory_.read("tls/server.pem"), one.certificate_pem());
  EXPECT_EQ(directory_.read("tls/server.pem.previous"), two.certificate_pem());
}

// Whether what was written into the pipe has been read, in the end.
bool is_read_up(int pipe) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  for (int left = 1; std::chrono::steady_clock::now() < end;) {
    if (::ioctl(pipe, FIONREAD, &left) == 0 && left == 0) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

TEST_F(Rotate, WhoWaitsForItsInputHoldsNobodyUp) {
  const std::string command = IMRSCTL " rotate bgp-password host4 --config " + directory_.path("agent.json") +
                              " --manager " + directory_.path("manager") + " > /dev/null";
  std::FILE* const waiting = ::popen(command.c_str(), "we");
  ASSERT_NE(waiting, nullptr);
  std::fputs("hunt", waiting);
  std::fflush(waiting);
  if (!is_read_up(::fileno(waiting))) {
    ::pclose(waiting);
    FAIL() << "it does not read its input";
  }
  const Ran other = run({"rotate", "tsig-key", "imrs-lab.", "--restart"}, kNewSecret);
  EXPECT_EQ(other.status, 0) << other.err;
  std::fputs("er3", waiting);
  EXPECT_EQ(::pclose(waiting), 0);
  EXPECT_EQ(secrets().at("bgp_passwords").at("host4"), "hunter3");
  EXPECT_EQ(secrets().at("tsig_secrets").at("imrs-lab."), kNewSecret) << "it has planned with what is there";
}

TEST_F(Rotate, OneAtATime) {
  manager("exec " IMRSCTL " rotate bgp-password host4 --config " + directory_.path("agent.json") +
          " --manager " + directory_.path("manager") + " < " + directory_.write("input", "hunter3"));
  const Ran nested = run({"rotate", "bgp-password", "host4"}, "hunter2");
  EXPECT_EQ(nested.status, 1);
  EXPECT_THAT(nested.err, HasSubstr("somebody else is changing it"));
  EXPECT_EQ(secrets().at("bgp_passwords").at("host4"), "agreed");
}

}  // namespace
}  // namespace imrs::ctl
