// The watchdog ends a process whose loop stands still, and leaves one that turns alone.
#include "agent/watchdog.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

namespace imrs::agent {
namespace {

using Clock = std::chrono::steady_clock;

// The wait status of a child that beats for `beating` and then stands still, for at most 5 s.
int end_of_child(std::chrono::milliseconds beating, bool then_ends) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    LoopWatchdog watchdog;
    watchdog.start();
    for (const auto end = Clock::now() + beating; Clock::now() < end;) {
      watchdog.beat();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    if (then_ends) ::_exit(0);
    ::alarm(5);
    for (;;) ::pause();
  }
  int status = 0;
  EXPECT_EQ(::waitpid(pid, &status, 0), pid);
  return status;
}

TEST(LoopWatchdog, EndsALoopThatStandsStill) {
  const auto start = Clock::now();
  const int status = end_of_child(std::chrono::milliseconds(0), false);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(3));
}

TEST(LoopWatchdog, LeavesALoopThatTurnsAlone) {
  const int status = end_of_child(std::chrono::milliseconds(2000), true);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace imrs::agent
