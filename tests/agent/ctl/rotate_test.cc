// imrsctl rotate and rollback, with an agent and a service manager that are played: files, programs, and that
// both go together.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <nlohmann/json.hpp>

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
