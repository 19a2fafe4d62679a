// The audit log: its lines, its file, its bounds, and what a power cut or a full disk leaves of it.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "agent/remote/audit_entry.h"
#include "agent/remote/audit_log.h"

namespace imrs::remote {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

AuditEntry example() {
  AuditEntry entry;
  entry.time_ms = 1795780800123;
  entry.id = "0badcafe";
  entry.event = "done";
  entry.name = "alice";
  entry.role = "operator";
  entry.from = "192.0.2.7";
  entry.command = "drain v4 '--reason=new \"disks\"'";
  entry.status = 0;
  return entry;
}

TEST(AuditEntry, ThereAndBack) {
  AuditEntry entry = example();
  EXPECT_EQ(*audit_entry_from_json(to_json_line(entry)), entry);
  entry.status.reset();
  entry.note = "two\nlines \x1b";
  EXPECT_EQ(*audit_entry_from_json(to_json_line(entry)), entry);
  EXPECT_EQ(to_json_line(entry).find('\n'), std::string::npos);
  EXPECT_THAT(to_json_line(entry), HasSubstr(R"("time":"2026-11-27T12:00:00.123Z")"));
  for (const char* bad : {"", "{}", "[]", "x", R"({"time_ms":"1"})"})
    EXPECT_FALSE(audit_entry_from_json(bad));
}

TEST(AuditEntry, ForPeople) {
  AuditEntry refused = example();
  refused.event = "refused";
  refused.status.reset();
  refused.note = "may not\x1b";
  EXPECT_EQ(audit_text({example(), refused}),
            "2026-11-27 12:00:00 UTC  0badcafe  alice (operator) from 192.0.2.7  "
            "drain v4 '--reason=new \"disks\"'  [done, exit status 0]\n"
            "2026-11-27 12:00:00 UTC  0badcafe  alice (operator) from 192.0.2.7  "
            "drain v4 '--reason=new \"disks\"'  [refused: may not?]\n");
  EXPECT_EQ(audit_text({}), "nothing has been done from afar\n");
}

TEST(AuditEntry, TheClientIsAnAddressOrUnknown) {
  EXPECT_EQ(client_address("192.0.2.7 50022 198.51.100.1 22"), "192.0.2.7");
  EXPECT_EQ(client_address("2001:db8::7 50022 2001:db8::1 22"), "2001:db8::7");
  for (const char* bad : {"", " ", "x", "192.0.2.7; reboot", "fe80::1%eth0 1 2 3"}) {
    EXPECT_EQ(client_address(bad), "unknown") << bad;
  }
  EXPECT_EQ(client_address(nullptr), "unknown");
  EXPECT_TRUE(is_key_name("alice.b@icann-1_2"));
  for (const char* bad : {"", "a b", "a\nb", "a\"b"}) EXPECT_FALSE(is_key_name(bad));
  EXPECT_FALSE(is_key_name(std::string(65, 'a')));
}

class AuditLog : public testing::Test {
 protected:
  AuditLog() {
    std::string name = (fs::temp_directory_path() / "imrs-audit-XXXXXX").string();
    directory_ = ::mkdtemp(name.data());
    path_ = directory_ + "/audit.log";
  }
  ~AuditLog() override { fs::remove_all(directory_); }

  static std::string read(const std::string& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static AuditEntry of(const std::string& id, const char* role, std::int64_t time_ms) {
    AuditEntry entry = example();
    entry.id = id;
    entry.role = role;
    entry.time_ms = time_ms;
    return entry;
  }
  static std::string line(const std::string& id) { return to_json_line(of(id, "operator", 1795780800123)); }
  // To where it belongs.
  [[nodiscard]] Result<void> append(const AuditEntry& entry, const AuditBounds& bounds = {}) const {
    return append_audit(audit_file_of(directory_, entry), to_json_line(entry), bounds);
  }
  std::vector<std::string> ids_of_both(std::size_t most, const AuditBounds& bounds = {}) {
    std::vector<std::string> out;
    const auto trail = read_audit_logs(directory_, most, bounds);
    EXPECT_TRUE(trail);
    for (const AuditEntry& one : trail->entries) out.push_back(one.id);
    return out;
  }
  std::vector<std::string> ids(std::size_t most, const AuditBounds& bounds = {}) {
    std::vector<std::string> out;
    const auto trail = read_audit(path_, most, bounds);
    EXPECT_TRUE(trail);
    for (const AuditEntry& one : trail->entries) out.push_back(one.id);
    return out;
  }

  std::string directory_, path_;
};

TEST_F(AuditLog, IsAppendedToForRootAlone) {
  EXPECT_THAT(ids(9), testing::IsEmpty());
  ASSERT_TRUE(append_audit(path_, line("a")));
  ASSERT_TRUE(append_audit_within(path_, line("b"), std::chrono::seconds(10)));
  EXPECT_EQ(read(path_), line("a") + "\n" + line("b") + "\n");
  EXPECT_THAT(ids(9), testing::ElementsAre("a", "b"));
  EXPECT_THAT(ids(1), testing::ElementsAre("b"));
  struct stat status {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0640U);
}

TEST_F(AuditLog, ALineThatAPowerCutHasCutStaysAlone) {
  std::ofstream(path_) << line("a") << "\n" << line("b").substr(0, 20);
  ASSERT_TRUE(append_audit(path_, line("c")));
  EXPECT_THAT(ids(9), testing::ElementsAre("a", "c"));
  EXPECT_EQ(read_audit(path_, 9)->damaged, 1U);
}

TEST_F(AuditLog, IsBounded) {
  const AuditBounds bounds{.octets = 3 * (line("00").size() + 1), .files = 3};
  for (int i = 10; i < 40; ++i) ASSERT_TRUE(append_audit(path_, line(std::to_string(i)), bounds));
  EXPECT_EQ(std::distance(fs::directory_iterator(directory_), {}), 3);
  for (const auto& file : fs::directory_iterator(directory_)) {
    EXPECT_LE(file.file_size(), bounds.octets) << file.path();
  }
  EXPECT_THAT(ids(4, bounds), testing::ElementsAre("36", "37", "38", "39"));
  EXPECT_THAT(ids(99, bounds), testing::SizeIs(testing::AllOf(testing::Ge(6U), testing::Le(9U))));
}

TEST_F(AuditLog, EachEntryHasItsPlace) {
  struct Case {
    const char *role, *event, *want;
  };
  const Case cases[] = {
      {"operator", "begun", "/d/audit.log"},
      {"operator", "done", "/d/audit.log"},
      {"operator", "refused", "/d/audit-observers.log"},
      {"observer", "begun", "/d/audit-observers.log"},
      {"observer", "done", "/d/audit-observers.log"},
      {"observer", "refused", "/d/audit-observers.log"},
  };
  for (const Case& one : cases) {
    AuditEntry entry = of("a", one.role, 1);
    entry.event = one.event;
    EXPECT_EQ(audit_file_of("/d", entry), one.want) << one.role << " " << one.event;
  }
}

TEST_F(AuditLog, WhatAnObserverRepeatsPushesNoOperatorOut) {
  const AuditBounds bounds{.octets = 3 * (line("00").size() + 1), .files = 3};
  ASSERT_TRUE(append(of("withdrawn", "operator", 1), bounds));
  for (int i = 0; i < 200; ++i) {
    AuditEntry entry = of(std::to_string(i), i % 2 == 0 ? "observer" : "operator", 2 + i);
    if (i % 2 != 0) entry.event = "refused";
    ASSERT_TRUE(append(entry, bounds));
  }
  EXPECT_THAT(ids(99, bounds), testing::ElementsAre("withdrawn"));
  EXPECT_EQ(ids_of_both(99, bounds).front(), "withdrawn");
  EXPECT_LE(std::distance(fs::directory_iterator(directory_), {}), 1 + 3) << "each is bounded";
}

TEST_F(AuditLog, BothAreShownInTheOrderOfTime) {
  EXPECT_THAT(ids_of_both(9), testing::IsEmpty());
  const AuditEntry entries[] = {of("a", "operator", 10), of("b", "observer", 20), of("c", "observer", 20),
                                of("d", "operator", 30), of("e", "observer", 40), of("f", "operator", 40)};
  for (const AuditEntry& entry : entries) ASSERT_TRUE(append(entry));
  EXPECT_THAT(ids_of_both(9), testing::ElementsAre("a", "b", "c", "d", "f", "e"));
  EXPECT_THAT(ids_of_both(3), testing::ElementsAre("d", "f", "e")) << "the last of both together";
  EXPECT_THAT(ids_of_both(0), testing::IsEmpty());
  // A clock that was wrong once hides nothing that came later.
  ASSERT_TRUE(append(of("future", "observer", 9999)));
  ASSERT_TRUE(append(of("g", "observer", 50)));
  ASSERT_TRUE(append(of("h", "operator", 60)));
  EXPECT_THAT(ids_of_both(3), testing::ElementsAre("g", "h", "future"));
  std::ofstream(directory_ + "/audit-observers.log", std::ios::app) << "none\n";
  std::ofstream(path_, std::ios::app) << "none\n";
  EXPECT_EQ(read_audit_logs(directory_, 9)->damaged, 2U);
}

// Each by a process of its own, which rotate under each other's hands.
TEST_F(AuditLog, SeveralAtATimeLoseNothing) {
  const AuditBounds bounds{.octets = 20 * (line("0000").size() + 1), .files = 64};
  std::vector<pid_t> children;
  for (int child = 0; child < 4; ++child) {
    children.push_back(::fork());
    ASSERT_GE(children.back(), 0);
    if (children.back() != 0) continue;
    bool good = true;
    for (int i = 0; i < 50; ++i) {
      good = good && append_audit(path_, line(std::to_string(1000 + 100 * child + i)), bounds).ok();
    }
    ::_exit(good ? 0 : 1);
  }
  for (const pid_t pid : children) {
    int status = -1;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    EXPECT_EQ(status, 0);
  }
  auto all = ids(1000, bounds);
  EXPECT_EQ(read_audit(path_, 1000, bounds)->damaged, 0U);
  std::ranges::sort(all);
  EXPECT_EQ(std::unique(all.begin(), all.end()), all.end());
  EXPECT_EQ(all.size(), 200U);
}

// A limit of file sizes is what a test can have without a file system of its own.
TEST_F(AuditLog, AFullDiskLeavesWhatWasThere) {
  ASSERT_TRUE(append_audit(path_, line("a")));
  const std::string before = read(path_);
  const pid_t pid = ::fork();
  ASSERT_GE(pid, 0);
  if (pid == 0) {
    const rlimit limit{before.size() + 10, before.size() + 10};
    (void)std::signal(SIGXFSZ, SIG_IGN);
    ::setrlimit(RLIMIT_FSIZE, &limit);
    ::_exit(append_audit(path_, line("b")).ok() ? 1 : 0);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(read(path_), before);
}

TEST_F(AuditLog, WhatIsInTheWayIsNamed) {
  fs::create_symlink("/etc/passwd", path_);
  const auto linked = append_audit_within(path_, line("a"), std::chrono::seconds(10));
  ASSERT_FALSE(linked);
  EXPECT_THAT(linked.error().message, HasSubstr(path_));
  fs::remove(path_);
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  EXPECT_THAT(append_audit(path_, line("a")).error().message, HasSubstr("no regular file"));
  EXPECT_FALSE(append_audit(directory_ + "/nowhere/audit.log", line("a")));
}

// Somebody holds the lock and does not let go: as a disk that does not answer.
TEST_F(AuditLog, WaitingHasALimit) {
  ASSERT_TRUE(append_audit(path_, line("a")));
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t pid = ::fork();
  ASSERT_GE(pid, 0);
  if (pid == 0) {
    const int fd = ::open(path_.c_str(), O_RDWR);
    if (fd < 0 || ::flock(fd, LOCK_EX) != 0 || ::write(ready[1], "x", 1) != 1) ::_exit(1);
    ::pause();
    ::_exit(0);
  }
  char octet = 0;
  ASSERT_EQ(::read(ready[0], &octet, 1), 1);
  const auto begun = std::chrono::steady_clock::now();
  const auto appended = append_audit_within(path_, line("b"), std::chrono::milliseconds(200));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(5));
  ASSERT_FALSE(appended);
  EXPECT_EQ(appended.error().code, Errc::Timeout);
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  ::close(ready[0]);
  ::close(ready[1]);
}

}  // namespace
}  // namespace imrs::remote
