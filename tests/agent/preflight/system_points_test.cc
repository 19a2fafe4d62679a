// The points about what is installed, each by a table of facts.
#include "agent/preflight/system_points.h"

#include <gmock/gmock.h>

namespace imrs::preflight {
namespace {

using testing::HasSubstr;

void expect(const Finding& finding, Verdict want, const char* evidence, const char* description) {
  EXPECT_EQ(finding.verdict, want) << description << ": " << finding.evidence;
  EXPECT_THAT(finding.evidence, HasSubstr(evidence)) << description;
  EXPECT_EQ(finding.remedy.empty(), want == Verdict::Pass) << description << ": " << finding.remedy;
}

TEST(SystemPoints, VersionsInTexts) {
  using Version = std::array<int, 3>;
  const struct {
    const char* text;
    std::optional<Version> want;
  } cases[] = {{"6.1.0-13-amd64", Version{6, 1, 0}},
               {"6.18.44-fc-v657", Version{6, 18, 44}},
               {"5.10", Version{5, 10, 0}},
               {"BIRD version 2.0.12", Version{2, 0, 12}},
               {"BIRD 2 version 2.13", Version{2, 13, 0}},
               {"2.0.12.1", Version{2, 0, 12}},
               {"6.", std::nullopt},
               {"6", std::nullopt},
               {"", std::nullopt},
               {"none", std::nullopt},
               {"99999999999999999999.1", std::nullopt}};
  for (const auto& c : cases) EXPECT_EQ(version_of(c.text), c.want) << c.text;
}

TEST(SystemPoints, Kernel) {
  expect(judge_kernel("6.1.0-13-amd64"), Verdict::Pass, "Linux 6.1.0-13-amd64", "Debian 12");
  expect(judge_kernel("6.12.1"), Verdict::Pass, "6.12.1", "later, by number and not by text");
  expect(judge_kernel("5.10.0-26-amd64"), Verdict::Fail, "5.10", "Debian 11");
  expect(judge_kernel("6.0.19"), Verdict::Fail, "6.0", "just before");
  expect(judge_kernel(""), Verdict::Unknown, "", "it is not said");
}

TEST(SystemPoints, Features) {
  const KernelFeatures all{"", 2, true}, none{"/dev/net/tun: No such file or directory", 0, false};
  expect(judge_tun(all), Verdict::Pass, "/dev/net/tun is there", "tun");
  expect(judge_tun(none), Verdict::Fail, "No such file", "no tun");
  expect(judge_landlock(all), Verdict::Pass, "version 2", "landlock");
  expect(judge_landlock(none), Verdict::Fail, "none", "no landlock");
  expect(judge_seccomp(all), Verdict::Pass, "can be loaded", "seccomp");
  expect(judge_seccomp(none), Verdict::Fail, "no filter", "no seccomp");
}

TEST(SystemPoints, Bird) {
  const struct {
    const char* description;
    Result<std::string> said;
    Verdict want;
    const char* evidence;
  } cases[] = {
      {"Debian 12's", std::string("BIRD version 2.0.12"), Verdict::Pass, "2.0.12"},
      {"later", std::string("BIRD version 2.15.1"), Verdict::Pass, "2.15.1"},
      {"before", std::string("BIRD version 2.0.7"), Verdict::Fail, "2.0.7"},
      {"BIRD 1", std::string("BIRD version 1.6.8"), Verdict::Fail, "1.6.8"},
      {"BIRD 3", std::string("BIRD version 3.0.0"), Verdict::Unknown, "3.0.0"},
      {"something else", std::string("tweet\x1b[2J"), Verdict::Unknown, "tweet [2J"},
      {"not installed", Error{Errc::System, "/usr/sbin/bird: No such file"}, Verdict::Fail, "No such file"},
  };
  for (const auto& c : cases) expect(judge_bird(c.said), c.want, c.evidence, c.description);
}

TEST(SystemPoints, Firewall) {
  const struct {
    const char* description;
    FirewallSeen seen;
    Verdict want;
    const char *evidence, *remedy;
  } cases[] = {
      {"there", {"active", true}, Verdict::Pass, "imrs-firewall is active; its rules are loaded", ""},
      {"being loaded anew", {"reloading", true}, Verdict::Pass, "reloading", ""},
      {"stopped", {"inactive", false}, Verdict::Fail, "are not loaded", "systemctl start imrs-firewall"},
      {"it tries", {"activating", true}, Verdict::Fail, "activating", "systemctl start imrs-firewall"},
      {"failed", {"failed", {}}, Verdict::Fail, "imrs-firewall is failed", "journalctl"},
      {"flushed by hand", {"active", false}, Verdict::Fail, "not loaded", "systemctl reload imrs-firewall"},
      {"no nft", {"active", {}}, Verdict::Unknown, "rules are loaded cannot be asked", "nft list table"},
      {"no systemd", {"", true}, Verdict::Unknown, "runs cannot be asked", "systemctl status"},
      {"no systemd, no rules", {"", false}, Verdict::Fail, "not loaded", "systemctl start"},
      {"neither", {"", {}}, Verdict::Unknown, "cannot be asked", "as root"},
  };
  for (const auto& c : cases) {
    const Finding finding = judge_firewall(c.seen);
    expect(finding, c.want, c.evidence, c.description);
    EXPECT_THAT(finding.remedy, HasSubstr(c.remedy)) << c.description;
  }
}

TEST(SystemPoints, Users) {
  const User agent{"imrs-agent", 991}, zone{"imrs-zone", 992};
  expect(judge_users(std::vector{agent, zone}), Verdict::Pass, "2 users", "good");
  expect(judge_users(std::vector<User>{agent, {"imrs-web", {}}}), Verdict::Fail, "imrs-web is not there",
         "one lacks");
  expect(judge_users(std::vector<User>{agent, {"imrs-web", 0}}), Verdict::Fail, "imrs-web is root", "root");
  expect(judge_users(std::vector<User>{agent, zone, {"imrs-web", 991}}), Verdict::Fail,
         "imrs-agent and imrs-web are the same, 991", "the same");
}

FileSeen file(mode_t mode, uid_t owner = 0, mode_t folder = 0755, std::vector<uid_t> owners = {}) {
  return {.path = "/etc/imrs/secrets.json",
          .forbidden = 037,
          .error = "",
          .access = {mode, owner, 991},
          .owners = std::move(owners),
          .folder_mode = folder,
          .readers = {},
          .folders = {}};
}

// Of trust anchors.
FileSeen anchors(Access access, mode_t folder = 0755) {
  return {.path = "/etc/imrs/anchors/root.ds",
          .forbidden = 022,
          .error = "",
          .access = access,
          .owners = {},
          .folder_mode = folder,
          .readers = {{"imrs-zone", 994, 994}, {"imrs-audit", 996, 996}},
          .folders = {{"/etc/imrs/anchors", {folder, 0, 0}}, {"/etc/imrs", {0755, 0, 0}}}};
}

TEST(SystemPoints, Files) {
  FileSeen gone = file(0);
  gone.error = "/etc/imrs/secrets.json: No such file or directory";
  const struct {
    const char* description;
    std::vector<FileSeen> files;
    Verdict want;
    const char* evidence;
  } cases[] = {
      {"as it should be", {file(0640)}, Verdict::Pass, "1 files"},
      {"root's alone", {file(0600)}, Verdict::Pass, "1 files"},
      {"everybody reads",
       {file(0644)},
       Verdict::Fail,
       "secrets.json is open to everybody (mode 0644, owner 0)"},
      {"the group writes", {file(0660)}, Verdict::Fail, "beyond reading"},
      {"another's", {file(0640, 1000)}, Verdict::Fail, "does not belong to root"},
      {"another's who may", {file(0600, 995, 0755, {995})}, Verdict::Pass, "1 files"},
      {"in a folder of all", {file(0640, 0, 0777)}, Verdict::Fail, "the folder of /etc/imrs/secrets.json"},
      {"in a folder like /tmp", {file(0640, 0, 01777)}, Verdict::Pass, "1 files"},
      {"gone", {file(0640), gone}, Verdict::Fail, "No such file"},
      {"an anchor is public", {anchors({0644, 0, 0})}, Verdict::Pass, "1 files"},
      {"but not for all to write", {anchors({0664, 0, 0})}, Verdict::Fail, "beyond reading"},
      {"an anchor for root and his group",
       {file(0640), anchors({0640, 0, 0})},
       Verdict::Fail,
       "/etc/imrs/anchors/root.ds cannot be read by imrs-zone, imrs-audit (mode 0640, owner 0)"},
      {"made under a umask of 077", {anchors({0600, 0, 0})}, Verdict::Fail, "imrs-zone, imrs-audit"},
      {"for one of them", {anchors({0640, 0, 994})}, Verdict::Fail, "cannot be read by imrs-audit (mode"},
      {"for all but one", {anchors({0604, 0, 996})}, Verdict::Fail, "cannot be read by imrs-audit (mode"},
      {"in a folder for root",
       {anchors({0644, 0, 0}, 0700)},
       Verdict::Fail,
       "cannot be reached by imrs-zone: /etc/imrs/anchors has mode 0700"},
      {"in a folder that cannot be listed", {anchors({0644, 0, 0}, 0711)}, Verdict::Pass, "1 files"},
      {"none", {}, Verdict::Unknown, "no file"},
  };
  for (const auto& c : cases) expect(judge_files(c.files), c.want, c.evidence, c.description);
}

}  // namespace
}  // namespace imrs::preflight
