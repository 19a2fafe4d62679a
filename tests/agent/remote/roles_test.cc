// Who may do what: the table, and attempts to get around it.
#include "agent/remote/roles.h"

#include <gmock/gmock.h>

#include <set>

#include "agent/remote/shell_words.h"

namespace imrs::remote {
namespace {

using testing::HasSubstr;
using testing::Not;

// The words for imrsctl as one line; "refused: ..." or "wrong: ..." if it may not be done.
std::string outcome(Role role, const std::string& line) {
  const auto words = shell_words(line);
  if (!words) return "wrong: " + words.error().message;
  const auto call = authorize(role, *words);
  if (call) return quoted(call->words);
  return (call.error().code == Errc::Refused ? "refused: " : "wrong: ") + call.error().message;
}

TEST(Roles, AnObserverLooks) {
  const std::pair<const char*, const char*> cases[] = {
      {"status", "status"},
      {"imrsctl status --json", "status --json"},
      {"bgp", "bgp"},
      {"zone", "zone"},
      {"zone . --json", "zone . --json"},
      {"zone root-servers.net.", "zone root-servers.net."},
      {"probes", "probes"},
      {"stats --top 10 --json", "stats --top=10 --json"},
      {"history", "history"},
      {"watch --times 5", "watch --times=5"},
      {"preflight --json --only dual-stack", "preflight --json --only=dual-stack"},
      {"attack-report --seconds 10", "attack-report --seconds=10"},
  };
  for (const auto& [line, want] : cases) {
    EXPECT_EQ(outcome(Role::Observer, line), want);
    EXPECT_EQ(outcome(Role::Operator, line), want) << "an operator may what an observer may";
  }
}

TEST(Roles, AnOperatorChanges) {
  const std::pair<const char*, const char*> cases[] = {
      {"drain", "drain"},
      {"drain v4 host4 --reason 'new disks'", "drain v4 host4 '--reason=new disks'"},
      {"drain --reason=\"--socket /tmp/x\" v6", "drain '--reason=--socket /tmp/x' v6"},
      {"withdraw --json", "withdraw --json"},
      {"resume host6", "resume host6"},
      {"waive soa-expire --until +2h", "waive soa-expire --until=+2h"},
      {"waive signature-dates --end", "waive signature-dates --end"},
      {"upgrade", "upgrade"},
      {"upgrade --program /usr/lib/imrs/previous/imrs-agent",
       "upgrade --program=/usr/lib/imrs/previous/imrs-agent"},
      {"rollback secrets", "rollback secrets"},
      {"rotate trust-anchor --add", "rotate trust-anchor --add"},
      {"rotate trust-anchor --zone arpa. --remove 20326", "rotate trust-anchor --zone=arpa. --remove=20326"},
      {"rotate tsig-key imrs-lab.", "rotate tsig-key imrs-lab."},
      {"rotate bgp-password host4", "rotate bgp-password host4"},
      {"rotate certificate", "rotate certificate"},
      {"rotate client-ca", "rotate client-ca"},
      {"config diff - --json", "config diff - --json"},
      {"config apply - --dry-run", "config apply - --dry-run"},
      {"config confirm", "config confirm"},
      {"preflight --store --json", "preflight --store --json"},
      {"audit-log --last 5", "audit-log --last=5"},
  };
  for (const auto& [line, want] : cases) {
    EXPECT_EQ(outcome(Role::Operator, line), want);
    EXPECT_THAT(outcome(Role::Observer, line), HasSubstr("refused: ")) << line;
  }
}

TEST(Roles, NobodyGetsAround) {
  const char* const cases[] = {
      "",
      "imrsctl",
      "imrsctl imrsctl status",
      "sh",
      "sh -c reboot",
      "/usr/bin/imrsctl status",
      "STATUS",
      "stat",
      "'status --json'",
      "'rotate certificate'",
      "'config apply' -",
      "rotate",
      "rotate cookies",
      "config",
      "setup",
      "decommission",
      "decommission --yes-really",
      "remote --role operator",
      "rssac002-merge /etc/shadow",
      "manual",
      "completion",
      "--version",
      "--help",
      "status --help",
      "--socket /tmp/evil.sock status",
      "status --socket /tmp/evil.sock",
      "status --socket=/tmp/evil.sock",
      "status --json --json",
      "status --json=1",
      "status -j",
      "status --",
      "status -- --socket=/tmp/x",
      "status drain",
      "zone ../../etc/passwd",
      "zone /etc/passwd",
      "zone --json -x",
      "zone ''",
      "stats --top",
      "stats --top -1",
      "stats --top 99999",
      "stats --top 1e3",
      "watch",
      "watch --times 0",
      "watch --times 3601",
      "preflight --config /etc/shadow",
      "preflight --store=/etc/shadow",
      "config diff",
      "config diff /etc/shadow",
      "config diff - -",
      "config diff - --config /etc/shadow",
      "drain v4 host4 host6",
      "drain /etc/passwd",
      "drain --reason",
      "drain --reason ''",
      "drain --reason a --reason b",
      "waive",
      "waive soa-expire --until ../x",
      "upgrade --program /bin/sh",
      "upgrade --program /usr/lib/imrs/",
      "upgrade --program /usr/lib/imrs/../../bin/sh",
      "upgrade --program /usr/lib/imrs/./imrs-agent",
      "upgrade --program /usr/lib/imrs//imrs-agent",
      "upgrade --program /usr/lib/imrsx/imrs-agent",
      "upgrade --program usr/lib/imrs/imrs-agent",
      "upgrade --program '/usr/lib/imrs/a b'",
      "rotate tsig-key",
      "rotate tsig-key name. bGFiIHNlY3JldA==",
      "rotate tsig-key name. --manager /tmp/x",
      "rotate bgp-password host4 hunter2",
      "rotate bgp-password Hunter2",
      "rotate bgp-password host4 --config /tmp/agent.json",
      "rotate certificate /etc/ssl/private/key.pem",
      "rotate trust-anchor --remove 65536",
      "rotate trust-anchor --remove x",
      "rollback",
      "rollback /etc/shadow",
      "config apply",
      "config apply /tmp/agent.json",
      "audit-log --config /tmp/x",
      "audit-log --last 0",
  };
  for (const char* line : cases) {
    for (const Role role : {Role::Observer, Role::Operator}) {
      const std::string got = outcome(role, line);
      EXPECT_TRUE(got.starts_with("wrong: ") || got.starts_with("refused: ")) << line << ": " << got;
      EXPECT_THAT(got, Not(HasSubstr("unter2"))) << "no error holds what could be a secret";
    }
  }
}

TEST(Roles, TheTableIsRight) {
  std::set<std::string_view> seen;
  for (const CommandRule& rule : commands()) {
    EXPECT_TRUE(seen.insert(rule.words).second) << rule.words << " is there twice";
    EXPECT_LE(rule.needed, rule.places.size());
    for (std::size_t i = 0; i < rule.needed; ++i) EXPECT_NE(rule.places[i], Kind::None) << rule.words;
    EXPECT_TRUE(rule.least == Role::Operator || rule.effect == Effect::Looks) << rule.words;
    const bool about_routes = rule.words == "drain" || rule.words == "withdraw" || rule.words == "resume";
    EXPECT_EQ(rule.effect == Effect::Urgent, about_routes) << rule.words;
    for (const OptionRule& option : rule.options) {
      EXPECT_EQ(option.name.empty(), option.kind == Kind::None);
      for (const std::string_view never : {"--socket", "--config", "--manager", "--journal", "--receipt"}) {
        EXPECT_NE(option.name, never) << rule.words;
      }
    }
  }
  for (const char* never : {"setup", "decommission", "remote", "rssac002-merge"}) {
    EXPECT_FALSE(seen.contains(never)) << never;
  }
}

TEST(Roles, Names) {
  EXPECT_EQ(*parse_role("observer"), Role::Observer);
  EXPECT_EQ(*parse_role("operator"), Role::Operator);
  for (const char* bad : {"", "root", "Operator", "observer ", "admin"}) EXPECT_FALSE(parse_role(bad)) << bad;
}

TEST(Roles, ARefusedLineKeepsNoSecret) {
  const std::pair<const char*, const char*> cases[] = {
      {"status; reboot", "status; reboot"},
      {"cat /usr/share/doc/imrs-appliance", "cat /usr/share/doc/imrs-appliance"},
      {"rotate bgp-password host4 hunter2", "rotate bgp-password ***"},
      {"imrsctl rotate tsig-key n. $(cat /tmp/key)", "imrsctl rotate tsig-key ***"},
      {"rotate hunter2", "rotate ***"},
      {"rotate hunter2 host4", "rotate ***"},
      {"rotate", "rotate"},
      {"rotate certificate", "rotate certificate"},
      {"drain --reason bGFiIHNlY3JldCBvZiAzMg==", "drain --reason ***"},
      {"x 000102030405060708090a0b0c0d0e0f y", "x *** y"},
      {"a\nb\x1b[2J\xff", "a?b?[2J?"},
  };
  for (const auto& [line, want] : cases) EXPECT_EQ(masked(line), want);
  EXPECT_EQ(masked(std::string(5000, ';')).size(), 300U);
}

TEST(Roles, TheListIsOfTheRole) {
  EXPECT_THAT(commands_text(Role::Observer), HasSubstr("status [--json]\n"));
  EXPECT_THAT(commands_text(Role::Observer), Not(HasSubstr("drain")));
  EXPECT_THAT(commands_text(Role::Observer), HasSubstr("preflight [--json] [--only WHAT]\n"));
  EXPECT_THAT(commands_text(Role::Operator), HasSubstr("preflight [--json] [--only WHAT] [--store]\n"));
  EXPECT_THAT(commands_text(Role::Operator), HasSubstr("drain [v4|v6|NEIGHBOUR]"));
  EXPECT_THAT(commands_text(Role::Operator), HasSubstr("rotate certificate   < FILE\n"));
}

}  // namespace
}  // namespace imrs::remote
