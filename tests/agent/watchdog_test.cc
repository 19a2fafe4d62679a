// The watchdog ends a process whose loop stands still, and leaves one that turns alone.
#include "agent/watchdog.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <new>
#include <thread>

namespace imrs::agent {
namespace {

using Clock = std::chrono::steady_clock;

// What a child writes down of its beats, for whoever sees it end. A busy machine may leave the thread that
// beats without a processor for so long that the watchdog is right.
class Beats {
 public:
  void beat() {
    const Clock::rep now = Clock::now().time_since_epoch().count();
    longest_ = std::max(longest_.load(), now - last_.load());
    last_ = now;
  }
  // The longest time without any, up to now.
  [[nodiscard]] Clock::duration longest_gap() const {
    const Clock::rep since = Clock::now().time_since_epoch().count() - last_;
    return Clock::duration(std::max(longest_.load(), since));
  }

 private:
  static_assert(std::atomic<Clock::rep>::is_always_lock_free);
  std::atomic<Clock::rep> last_{Clock::now().time_since_epoch().count()}, longest_{0};
};

struct End {
  int status = 0;          // of waitpid(2)
  Clock::duration gap{0};  // the longest without a beat; the last one up to when its end was seen
};

// Of a child that beats for `beating` and then stands still, for at most a minute.
End end_of_child(std::chrono::milliseconds beating, bool then_ends) {
  void* const shared = ::mmap(nullptr, sizeof(Beats), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                              0);
  if (shared == MAP_FAILED) {
    ADD_FAILURE() << "mmap";
    return {};
  }
  auto* const beats = new (shared) Beats;
  const pid_t pid = ::fork();
  if (pid == 0) {
    beats->beat();
    LoopWatchdog watchdog;
    watchdog.start();
    for (const auto end = Clock::now() + beating; Clock::now() < end;) {
      watchdog.beat();
      beats->beat();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    if (then_ends) ::_exit(0);
    ::alarm(60);
    for (;;) ::pause();
  }
  End end;
  EXPECT_EQ(::waitpid(pid, &end.status, 0), pid);
  end.gap = beats->longest_gap();
  ::munmap(shared, sizeof(Beats));
  return end;
}

TEST(LoopWatchdog, EndsALoopThatStandsStill) {
  const auto start = Clock::now();
  const int status = end_of_child(std::chrono::milliseconds(0), false).status;
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGKILL) << "not by its alarm";
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(30));
}

TEST(LoopWatchdog, LeavesALoopThatTurnsAlone) {
  constexpr std::chrono::milliseconds kTurns{800};  // no longer without a beat, or it may be killed
  constexpr int kRuns = 5;
  End end;
  for (int run = 0; run < kRuns; ++run) {
    end = end_of_child(std::chrono::milliseconds(2000), true);
    if (WIFEXITED(end.status) || end.gap < kTurns) break;
  }
  ASSERT_TRUE(WIFEXITED(end.status))
      << "killed after at most " << std::chrono::duration<double>(end.gap).count()
      << " s without a beat; if that is .8 s or more, the machine was too busy " << kRuns << " times";
  EXPECT_EQ(WEXITSTATUS(end.status), 0);
}

}  // namespace
}  // namespace imrs::agent
