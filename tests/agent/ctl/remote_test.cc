// imrsctl remote as sshd calls it: what is done, what is refused, and what is written down of it.
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

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
    directory_.write("agent.json", R"({"tsig_keys": [{"name": "imrs-lab."}],)"
                                   R"("bgp": {"neighbours": [{"name": "host4"}]}, "state_directory": ")" +
                                       directory_.path("state") + R"("})");
  }

  Ran ssh(const std::string& role, const std::string& line, const std::string& input = "") {
    return run_imrsctl(
        {"--socket", directory_.path("control.sock"), "remote", "--role", role, "--as", "alice", "--config",
         directory_.path("agent.json")},
        input, {{"SSH_ORIGINAL_COMMAND", line}, {"SSH_CONNECTION", "192.0.2.7 50022 198.51.100.1 22"}});
  }
  std::vector<AuditEntry> trail() {
    const auto read = remote::read_audit_logs(directory_.path("state"), 99);
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
  EXPECT_THAT(directory_.read("state/audit-observers.log"),
              testing::AllOf(HasSubstr("rotate bgp-password"), Not(HasSubstr("hunter2"))));
}

// In the place of a name, where the table takes it for one.
TEST_F(Remote, ASecretInThePlaceOfANameIsNotKept) {
  const std::string hex = "a3c4e5f6071829304a5b6c7d8e9f0a1b";
  const auto kept = [&] {
    std::string out;
    for (const char* name : {"state/audit.log", "state/audit-observers.log"}) {
      if (directory_.has(name)) out += directory_.read(name);
    }
    return out;
  };
  for (const std::string& line : {"rotate bgp-password " + hex, "rotate tsig-key --restart " + hex,
                                  "rotate tsig-key host4." + hex, "r\\otate bgp-password host4 " + hex}) {
    const Ran run = ssh("operator", line, "x");
    EXPECT_NE(run.status, 0) << line;
    EXPECT_EQ(trail().back().event, "refused") << line;
    EXPECT_THAT(trail().back().command, HasSubstr(" ***")) << line;
    EXPECT_THAT(kept() + run.out + run.err, Not(HasSubstr(hex))) << line;
  }
  EXPECT_THAT(ssh("operator", "rotate bgp-password " + hex).err, HasSubstr("agent.json has no neighbour"));
  EXPECT_FALSE(directory_.has("state/audit.log")) << "nothing was begun";
}

TEST_F(Remote, WhoseSecretItIsIsKept) {
  EXPECT_EQ(ssh("operator", "rotate bgp-password host4", "x").status, 1) << "there is no secrets' file";
  ASSERT_EQ(trail().size(), 2U);
  for (const AuditEntry& entry : trail()) EXPECT_EQ(entry.command, "rotate bgp-password host4");
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

TEST_F(Remote, AnObserverWritesNothingIntoTheOperatorsLog) {
  (void)ssh("observer", "status");
  (void)ssh("observer", "drain");
  (void)ssh("operator", "decommission");
  EXPECT_FALSE(directory_.has("state/audit.log"));
  (void)ssh("operator", "drain");
  const auto operators = remote::read_audit(directory_.path("state/audit.log"), 99);
  ASSERT_TRUE(operators);
  EXPECT_EQ(operators->entries.size(), 2U);
  EXPECT_EQ(trail().size(), 6U);
}

// The log of observers cannot be written, and that of the operators can.
TEST_F(Remote, EachLogStandsAlone) {
  fs::create_directory(directory_.path("state/audit-observers.log"));
  const Ran looks = ssh("observer", "status");
  EXPECT_EQ(looks.status, 3) << looks.err;
  EXPECT_THAT(looks.err, HasSubstr("warning: this use is not in the audit log"));
  const Ran waive = ssh("operator", "waive soa-expire --until +1h");
  EXPECT_EQ(waive.status, 0) << waive.err;
  EXPECT_THAT(waive.err, Not(HasSubstr("audit log")));
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

// ---- what it leaves behind

std::string status_line(const fs::path& file, const std::string& begin) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(begin)) return line.substr(begin.size());
  }
  return "";
}

// The directory in /proc of the one child that this process has.
fs::path child() {
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string parent = status_line(entry.path() / "status", "PPid:\t");
    if (parent == std::to_string(::getpid())) return entry.path();
  }
  return "/proc/none";
}

// As another user, for what root runs is root's in /proc anyway. Looked at while it waits for the agent.
TEST(Imrsctl, LeavesNoCore) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root: only root can run it as somebody else";
  constexpr unsigned kNobody = 65534;
  const TempDirectory directory;
  const std::string socket = directory.path("control.sock");
  struct stat environment {};
  std::istringstream limit;
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_CORE, &before), 0);
  const rlimit most{before.rlim_max, before.rlim_max};
  {
    const AnsweringAgent agent(socket, [&](const std::string&) {
      const fs::path process = child();
      EXPECT_EQ(::stat((process / "environ").c_str(), &environment), 0);
      limit.str(status_line(process / "limits", "Max core file size"));
      return std::string("{}");
    });
    fs::permissions(directory.path(), fs::perms(0711));
    fs::permissions(socket, fs::perms(0777));
    ASSERT_EQ(::setrlimit(RLIMIT_CORE, &most), 0);
    const Ran ran = run_imrsctl({"--socket", socket, "status"}, "", {}, kNobody);
    ASSERT_EQ(::setrlimit(RLIMIT_CORE, &before), 0);
    ASSERT_NE(environment.st_ino, 0U) << "it has not come to the agent: " << ran.status << " " << ran.err;
  }
  EXPECT_EQ(environment.st_uid, 0U) << "/proc/PID/environ of what could be dumped would be its user's";
  std::string soft, hard;
  limit >> soft >> hard;
  EXPECT_EQ(soft + " " + hard, "0 0");
}

}  // namespace
}  // namespace imrs::ctl
