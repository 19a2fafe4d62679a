// What comes while the agent becomes another program is there for the program that it becomes.
#include "agent/held_signals.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "agent/base/unique_fd.h"

namespace imrs::agent {
namespace {

std::string read_all(int fd) {
  std::string out;
  char part[4096];
  for (ssize_t n = 1; n > 0;) {
    n = ::read(fd, part, sizeof part);
    out.append(part, static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
  }
  return out;
}

// What /proc says of the program that a process becomes after `body`.
template <typename Body>
std::string status_of_the_next(Body body) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return "pipe";
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(writer.get(), STDOUT_FILENO);
    body();
    ::execl("/bin/cat", "cat", "/proc/self/status", nullptr);
    ::_exit(127);
  }
  writer.reset();
  std::string out = read_all(reader.get());
  ::waitpid(pid, nullptr, 0);
  return out;
}

// A field of /proc/PID/status: signals as bits, the lowest is signal 1.
bool has(const std::string& status, const std::string& field, int signal) {
  const auto at = status.find(field + ":\t");
  if (at == std::string::npos) return false;
  return (std::stoull(status.substr(at + field.size() + 2), nullptr, 16) >> (signal - 1) & 1) != 0;
}

TEST(HeldSignals, WaitForTheNextProgram) {
  const std::string status = status_of_the_next([] {
    const HeldSignals held;
    ::kill(::getpid(), SIGTERM);
    ::execl("/bin/cat", "cat", "/proc/self/status", nullptr);
  });
  EXPECT_TRUE(has(status, "ShdPnd", SIGTERM)) << status;
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) EXPECT_TRUE(has(status, "SigBlk", signal)) << signal;
  EXPECT_FALSE(has(status, "SigBlk", SIGCHLD)) << "no others are held";
}

TEST(HeldSignals, AreDeliveredWhenNothingCameOfIt) {
  static volatile sig_atomic_t seen = 0;
  const std::string status = status_of_the_next([] {
    ::signal(SIGTERM, [](int) { seen = 1; });
    {
      const HeldSignals held;
      ::kill(::getpid(), SIGTERM);
      if (seen != 0) ::_exit(1);
    }
    if (seen == 0) ::_exit(1);
  });
  EXPECT_FALSE(status.empty()) << "it came too early, or not at all";
  EXPECT_FALSE(has(status, "ShdPnd", SIGTERM));
  EXPECT_FALSE(has(status, "SigBlk", SIGTERM));
}

}  // namespace
}  // namespace imrs::agent
