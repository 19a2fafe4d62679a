// The log against a played journal: a datagram socket that somebody, or nobody, reads.
#include <dirent.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <future>
#include <iterator>
#include <set>

#include "agent/base/cage.h"
#include "agent/base/log_internal.h"
#include "agent/base/messages.h"
#include "agent/base/unique_fd.h"

namespace imrs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class PlayedJournal {
 public:
  PlayedJournal() {
    char folder[] = "/tmp/imrs-journal-XXXXXX";
    folder_ = ::mkdtemp(folder);
    socket_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path().c_str(), sizeof address.sun_path - 1);
    bound_ = ::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  ~PlayedJournal() {
    ::unlink(path().c_str());
    ::rmdir(folder_.c_str());
  }
  [[nodiscard]] bool bound() const { return bound_; }
  [[nodiscard]] std::string path() const { return folder_ + "/socket"; }
  void stop() { socket_.reset(); }

  // What lies there.
  std::vector<std::string> entries() {
    std::vector<std::string> out;
    std::string buffer(1 << 20, '\0');
    for (;;) {
      const ssize_t size = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (size < 0) return out;
      out.emplace_back(buffer, 0, static_cast<std::size_t>(size));
    }
  }

 private:
  std::string folder_;
  UniqueFd socket_;
  bool bound_ = false;
};

std::set<int> open_descriptors() {
  std::set<int> out;
  DIR* const folder = ::opendir("/proc/self/fd");
  while (const dirent* entry = ::readdir(folder)) {
    const int fd = std::atoi(entry->d_name);
    if (entry->d_name[0] != '.' && fd != ::dirfd(folder)) out.insert(fd);
  }
  ::closedir(folder);
  return out;
}

std::string message_of(const std::string& entry) { return entry.substr(0, entry.find('\n')); }

// Standard error is captured, and JOURNAL_STREAM names it.
class LogJournal : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(journal_.bound());
    testing::internal::CaptureStderr();
    capturing_ = true;
    struct stat status {};
    ASSERT_EQ(::fstat(STDERR_FILENO, &status), 0);
    ::setenv("JOURNAL_STREAM", fmt::format("{}:{}", status.st_dev, status.st_ino).c_str(), 1);
  }
  void TearDown() override {
    if (capturing_) (void)on_stderr();
    ::unsetenv("JOURNAL_STREAM");
    log_start("test", "-", LogLevel::Info);
  }
  void start(LogLevel lowest = LogLevel::Info) {
    internal::log_start("imrs-agent", "lab01", lowest, journal_.path());
  }
  std::string on_stderr() {
    capturing_ = false;
    return testing::internal::GetCapturedStderr();
  }

  PlayedJournal journal_;

 private:
  bool capturing_ = false;
};

TEST_F(LogJournal, AnEntryInsteadOfALine) {
  start();
  log_warning("program={} pid={} ended: {}", "imrs-engine", 9, "kil\nled");
  EXPECT_THAT(journal_.entries(),
              ElementsAre("MESSAGE=program=imrs-engine pid=9 ended: kil?led\nPRIORITY=4\n"
                          "SYSLOG_IDENTIFIER=imrs-agent\nIMRS_PROGRAM=imrs-agent\nIMRS_INSTANCE=lab01\n"
                          "IMRS_PROGRAM=imrs-engine\nIMRS_PID=9\n"));
  EXPECT_EQ(on_stderr(), "");
}

TEST_F(LogJournal, LevelsBelowTheLowestAreLeftOut) {
  start(LogLevel::Error);
  log_warning("one");
  log_error("two");
  EXPECT_THAT(journal_.entries(), ElementsAre(StartsWith("MESSAGE=two\nPRIORITY=3\n")));
}

TEST_F(LogJournal, ARedirectedStandardErrorGetsLines) {
  ::setenv("JOURNAL_STREAM", "1:1", 1);
  start();
  log_info("here");
  EXPECT_THAT(journal_.entries(), IsEmpty());
  EXPECT_THAT(on_stderr(), testing::ContainsRegex("^[0-9T:.-]+Z imrs-agent\\[[0-9]+\\] lab01 info: here\n$"));
}

TEST_F(LogJournal, WithoutVariableLines) {
  ::unsetenv("JOURNAL_STREAM");
  start();
  log_info("here");
  EXPECT_THAT(journal_.entries(), IsEmpty());
  EXPECT_THAT(on_stderr(), HasSubstr(" lab01 info: here\n"));
}

TEST_F(LogJournal, NobodyThereGivesLines) {
  internal::log_start("imrs-agent", "lab01", LogLevel::Info, journal_.path() + "-not");
  log_info("here");
  EXPECT_THAT(on_stderr(), HasSubstr(" lab01 info: here\n"));
}

TEST_F(LogJournal, AJournalThatGoesGivesLinesAndNothingIsLost) {
  start();
  log_info("one");
  EXPECT_EQ(journal_.entries().size(), 1U);
  journal_.stop();
  log_info("two");
  log_info("three");
  const std::string lines = on_stderr();
  EXPECT_THAT(lines, HasSubstr(" lab01 info: two\n"));
  EXPECT_THAT(lines, testing::EndsWith(" lab01 info: three\n"));
}

TEST_F(LogJournal, RepeatsAreCounted) {
  start();
  for (int i = 0; i < 50; ++i) log_error("round {}", i);
  log_error("other");
  std::vector<std::string> messages;
  for (const auto& entry : journal_.entries()) messages.push_back(message_of(entry));
  EXPECT_THAT(messages, ElementsAre("MESSAGE=round 0", "MESSAGE=round 1", "MESSAGE=round 2",
                                    "MESSAGE=round 3", "MESSAGE=round 4", "MESSAGE=other"));
}

TEST_F(LogJournal, ATextTooLongForADatagramIsCut) {
  start();
  log_info("reason={} {}", std::string(100, 'r'), std::string(16 << 20, 'x'));
  log_info("after");
  const auto entries = journal_.entries();
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(message_of(entries[0]).size(), std::strlen("MESSAGE=") + 4096 + std::strlen("..."));
  EXPECT_THAT(message_of(entries[0]), testing::EndsWith("xxx..."));
  EXPECT_THAT(entries[0], testing::EndsWith("\nIMRS_REASON=" + std::string(100, 'r') + "\n"));
  EXPECT_THAT(entries[1], StartsWith("MESSAGE=after\n"));
}

// Each text another one, so that none is left out as a repeat. How many entries the kernel keeps for a reader
// is its setting (net.unix.max_dgram_qlen, and the sender's buffer).
TEST_F(LogJournal, AFullJournalIsNotWaitedForAndWhatIsLostIsCounted) {
  constexpr std::size_t kLines = 5000;
  start();
  auto done = std::async(std::launch::async, [] {
    for (std::size_t i = 1; i <= kLines; ++i) log_info("{}", std::string(i, 'x'));
  });
  const bool in_time = done.wait_for(std::chrono::seconds(20)) == std::future_status::ready;
  std::size_t taken = 0;
  do {  // also ends the wait of one that waits
    taken += journal_.entries().size();
  } while (done.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready);
  EXPECT_TRUE(in_time);
  ASSERT_GT(taken, 0U);
  ASSERT_LT(taken, kLines);
  log_info("at last");
  const std::string lost = fmt::format(
      "MESSAGE=({} lines of the log were dropped: nobody took them)\n"
      "PRIORITY=4\n",
      kLines - taken);
  EXPECT_THAT(journal_.entries(), ElementsAre(StartsWith(lost), StartsWith("MESSAGE=at last\n")));
  EXPECT_EQ(on_stderr(), "");
}

TEST_F(LogJournal, OneDescriptorHoweverOftenItStarts) {
  const auto before = open_descriptors();
  for (int i = 0; i < 3; ++i) start();
  std::vector<int> added;
  std::ranges::set_difference(open_descriptors(), before, std::back_inserter(added));
  ASSERT_EQ(added.size(), 1U);
  EXPECT_GT(added[0], kChildChannelFd);
  EXPECT_EQ(::fcntl(added[0], F_GETFD), FD_CLOEXEC);
  ::unsetenv("JOURNAL_STREAM");
  start();
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(LogJournal, TheChannelsDescriptorIsLeftFree) {
  const int kept = ::fcntl(kChildChannelFd, F_DUPFD_CLOEXEC, 100);  // whatever the test was started with
  ::close(kChildChannelFd);
  start();
  EXPECT_EQ(::fcntl(kChildChannelFd, F_GETFD), -1);
  if (kept >= 0) ::dup3(kept, kChildChannelFd, O_CLOEXEC);
  if (kept >= 0) ::close(kept);
}

TEST_F(LogJournal, LinesNeedNoNewDescriptor) {
  start();
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  const rlimit none{0, limit.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  log_info("here");
  log_info("{}", std::string(16 << 20, 'x'));
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_THAT(journal_.entries(), ElementsAre(StartsWith("MESSAGE=here\n"), StartsWith("MESSAGE=xxx")));
}

// The strictest of the programs' filters knows sendmsg(2) and no other way to send.
TEST_F(LogJournal, LinesAreSentByTheCallThatTheSandboxesAllow) {
  start();
  const pid_t pid = ::fork();
  if (pid == 0) {
    static constexpr int kKilled[] = {SCMP_SYS(sendto),  SCMP_SYS(sendmmsg), SCMP_SYS(socket),
                                      SCMP_SYS(connect), SCMP_SYS(openat),   SCMP_SYS(write)};
    SyscallFilter filter(SyscallFilter::Otherwise::Allow);
    filter.kill(kKilled);
    if (!give_up_dumps_and_privileges() || !filter.load()) ::_exit(99);
    log_info("from the cage");
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
  EXPECT_THAT(journal_.entries(), ElementsAre(StartsWith("MESSAGE=from the cage\n")));
}

TEST_F(LogJournal, LinesOfSeveralThreadsComeWholeOrAreCounted) {
  constexpr std::size_t kThreads = 4, kEach = 200;
  start();
  std::vector<std::future<void>> writers;
  for (std::size_t t = 0; t < kThreads; ++t) {
    writers.push_back(std::async(std::launch::async, [t] {
      for (std::size_t i = 0; i < kEach; ++i) log_info("{}", std::string(1 + t * kEach + i, 'x'));
    }));
  }
  std::set<std::string> seen;
  std::size_t all_lost = 0;
  const auto read = [&] {
    for (const auto& entry : journal_.entries()) {
      const std::string message = message_of(entry);
      std::size_t lost = 0;
      if (std::sscanf(message.c_str(), "MESSAGE=(%zu lines", &lost) == 1) {
        all_lost += lost;
      } else {
        EXPECT_EQ(message.find_first_not_of('x', std::strlen("MESSAGE=")), std::string::npos) << message;
        EXPECT_TRUE(seen.insert(message).second) << message;
      }
    }
  };
  for (auto& writer : writers) {
    while (writer.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready) read();
  }
  read();
  log_info("{}", std::string(1 + kThreads * kEach, 'x'));
  read();
  EXPECT_EQ(seen.size() + all_lost, kThreads * kEach + 1);
}

}  // namespace
}  // namespace imrs
