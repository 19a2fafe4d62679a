// imrsctl remote as sshd calls it: what is done, what is refused, and what is written down of it.
#include <gmock/gmock.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "agent/ctl/commands.h"
#include "agent/remote/audit_log.h"
#include "agent/remote/roles.h"
#include "imrsctl_run.h"
#include "tests/support/temp_directory.h"

namespace imrs::ctl {
namespace {

namespace fs = std::filesystem;
using remote::AuditEntry;
using test::TempDirectory;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

CLI::App* find_command(CLI::App& app, const std::string& name) {
  const auto all = app.get_subcommands([&](const CLI::App* one) { return one->get_name() == name; });
  return all.empty() ? nullptr : all.front();
}

// What the table lets through is what imrsctl has: else a key could do less than it says.
TEST(RemoteTable, FitsTheCommands) {
  Options options;
  int exit_code = 0;
  CLI::App app("", "imrsctl");
  add_commands(app, options, exit_code);
  for (const remote::CommandRule& rule : remote::commands()) {
    const std::string words(rule.words);
    const std::size_t blank = words.find(' ');
    CLI::App* command = find_command(app, words.substr(0, blank));
    ASSERT_NE(command, nullptr) << words;
    if (blank != std::string::npos && words.starts_with("config")) {
      command = find_command(*command, words.substr(blank + 1));
      ASSERT_NE(command, nullptr) << words;
    }
    for (const remote::OptionRule& option : rule.options) {
      if (option.kind == remote::Kind::None) continue;
      const CLI::Option* const own = command->get_option_no_throw(std::string(option.name));
      ASSERT_NE(own, nullptr) << words << " " << option.name;
      EXPECT_EQ(own->get_items_expected_max() > 0, option.kind != remote::Kind::Flag)
          << words << " " << option.name;
    }
    EXPECT_TRUE(!rule.config || command->get_option_no_throw("--config") != nullptr) << words;
  }
}

class Remote : public testing::Test {
 protected:
  Remote() : agent_(directory_.path("control.sock"), obedient()) {
    fs::create_directory(directory_.path("state"));
    directory_.write("agent.json", R"({"state_directory": ")" + directory_.path("state") + R"("})");
  }

  Ran ssh(const std::string& role, const std::string& line, const std::string& input = "") {
    return run_imrsctl(
        {"--socket", directory_.path("control.sock"), "remote", "--role", role, "--as", "alice", "--config",
         directory_.path("agent.json")},
        input, {{"SSH_ORIGINAL_COMMAND", line}, {"SSH_CONNECTION", "192.0.2.7 50022 198.51.100.1 22"}});
  }
  std::vector<AuditEntry> trail() {
    const auto read = remote::read_audit(directory_.path("state/audit.log"), 99);
    EXPECT_TRUE(read);
    return read ? read->entries : std::vector<AuditEntry>();
  }

  TempDirectory directory_;
  AnsweringAgent agent_;
};

TEST_F(Remote, AnObserverLooksAndItIsWrittenDown) {
  const Ran run = ssh("observer", "status --json");
  EXPECT_EQ(run.status, 3) << run.err;  // an empty state announces nothing
  EXPECT_TRUE(nlohmann::json::parse(run.out, nullptr, false).is_object()) << run.out;
  const auto entries = trail();
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].event, "begun");
  EXPECT_EQ(entries[1].event, "done");
  EXPECT_EQ(entries[1].status, 3);
  EXPECT_EQ(entries[0].id, entries[1].id);
  for (const AuditEntry& entry : entries) {
    EXPECT_EQ(entry.name, "alice");
    EXPECT_EQ(entry.role, "observer");
    EXPECT_EQ(entry.from, "192.0.2.7");
    EXPECT_EQ(entry.command, "status --json");
  }
}

TEST_F(Remote, AnOperatorsWordsReachTheAgentAsTheyAre) {
  const Ran run = ssh("operator", "drain v4 host4 --reason \"it's; $(reboot)\"");
  EXPECT_NE(run.status, 0) << "within double quotes nothing is expanded, so it is refused";
  EXPECT_THAT(agent_.orders(), IsEmpty());
  const Ran good = ssh("operator", "imrsctl drain v4 host4 --reason 'it'\\''s; $(reboot)'");
  EXPECT_EQ(good.status, 0) << good.err;
  EXPECT_EQ(good.out, "done as ordered\n");
  ASSERT_EQ(agent_.orders().size(), 1U);
  const auto order = nlohmann::json::parse(agent_.orders()[0]);
  EXPECT_EQ(order.at("reason"), "it's; $(reboot)");
  EXPECT_EQ(order.at("neighbour"), "host4");
  EXPECT_EQ(order.at("family"), "ipv4");
  EXPECT_EQ(trail().back().command, R"(drain v4 host4 '--reason=it'\''s; $(reboot)')");
}

TEST_F(Remote, WhatIsNotAllowedIsNotDoneAndWrittenDown) {
  struct Case {
    const char *role, *line, *want;
  };
  const Case cases[] = {
      {"observer", "drain", "drain: is the operator's, and this key is an observer's"},
      {"operator", "decommission --yes-really", "there is no such command from afar"},
      {"operator", "status; reboot", "octet 7"},
      {"operator", "status --socket /tmp/evil", "not allowed from afar"},
      {"operator", "drain\nwithdraw", "octet 6"},
      {"observer", "/bin/sh", "there is no such command from afar"},
  };
  for (const Case& one : cases) {
    const Ran run = ssh(one.role, one.line);
    EXPECT_EQ(run.status, 2) << one.line;
    EXPECT_THAT(run.err, HasSubstr(one.want)) << one.line;
    EXPECT_EQ(run.out, "") << one.line;
    EXPECT_EQ(trail().back().event, "refused") << one.line;
    EXPECT_THAT(trail().back().note, HasSubstr(one.want)) << one.line;
  }
  EXPECT_THAT(agent_.orders(), IsEmpty());
  EXPECT_EQ(trail().size(), std::size(cases));
}

TEST_F(Remote, ASecretThatWasTypedIsNotKept) {
  EXPECT_EQ(ssh("operator", "rotate bgp-password host4 hunter2").status, 2);
  EXPECT_THAT(directory_.read("state/audit.log"), Not(HasSubstr("hunter2")));
}

TEST_F(Remote, NoCommandListsThem) {
  const Ran run = ssh("observer", "");
  EXPECT_EQ(run.status, 2);
  EXPECT_THAT(run.err, HasSubstr("status [--json]"));
  EXPECT_THAT(run.err, Not(HasSubstr("withdraw")));
  EXPECT_THAT(trail(), IsEmpty());
  EXPECT_EQ(run_imrsctl({"remote", "--role", "observer", "--config", directory_.path("agent.json")}).status,
            2);
  for (const char* role : {"root", "", "Operator"}) EXPECT_EQ(ssh(role, "status").status, 2) << role;
}

TEST_F(Remote, FilesComeByStandardInput) {
  const Ran run = ssh("operator", "rotate tsig-key imrs-lab.", "x");
  EXPECT_EQ(run.status, 1);
  EXPECT_THAT(run.err, HasSubstr("agent.json has no \"secrets_file\""))
      << "of the configuration of this test";
}

TEST_F(Remote, AStateDirectoryThatIsGoneBlocksNoWithdrawal) {
  fs::remove(directory_.path("state"));
  const bool journal = fs::exists("/run/systemd/journal/socket");
  const Ran withdraw = ssh("operator", "withdraw");
  EXPECT_EQ(withdraw.status, 0) << withdraw.err;
  EXPECT_THAT(withdraw.err, HasSubstr("warning: this use is not in the audit log"));
  EXPECT_EQ(ssh("observer", "status").status, 3);
  const Ran waive = ssh("operator", "waive soa-expire --until +1h");
  EXPECT_EQ(waive.status, journal ? 0 : 1) << waive.err;
  if (!journal) {
    EXPECT_THAT(waive.err, HasSubstr("can be written down nowhere, so it is not done"));
    EXPECT_THAT(agent_.orders(), testing::SizeIs(1));
  }
}

TEST_F(Remote, TheAuditLogIsShown) {
  (void)ssh("operator", "drain --reason 'new disks'");
  (void)ssh("observer", "resume");
  const std::vector<std::string> show{"audit-log", "--config", directory_.path("agent.json")};
  const Ran text = run_imrsctl(show);
  EXPECT_EQ(text.status, 0);
  EXPECT_THAT(
      text.out,
      HasSubstr("alice (operator) from 192.0.2.7  drain '--reason=new disks'  [done, exit status 0]"));
  EXPECT_THAT(text.out, HasSubstr("resume  [refused: "));
  auto more = show;
  more.insert(more.end(), {"--json", "--last", "1"});
  const auto json = nlohmann::json::parse(run_imrsctl(more).out);
  ASSERT_EQ(json.size(), 1U);
  EXPECT_EQ(json[0].at("event"), "refused");
  // From afar it is the operator's.
  EXPECT_EQ(ssh("observer", "audit-log").status, 2);
}

}  // namespace
}  // namespace imrs::ctl
