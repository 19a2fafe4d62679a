// A self-test that does not come to its end, even when it is killed. This program plays the next agent: a
// variable that it is started with says so.
#include "agent/upgrade.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>

#include "tests/support/temp_directory.h"

namespace imrs::agent {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;
constexpr const char* kPlays = "IMRS_TEST_NEXT_AGENT";
constexpr const char* kTracerFile = "IMRS_TEST_TRACER_FILE";  // where the tracer leaves its number
constexpr std::chrono::seconds kHeld{20};                     // far longer than nothing at all may take

// Whoever is traced is not reaped until its tracer lets go: like one whose disk hangs, it is killed and does
// not end. The tracer is its child.
[[noreturn]] void hang_although_killed() {
  const pid_t self = ::getpid();
  ::prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
  if (::fork() == 0) {
    ::prctl(PR_SET_PDEATHSIG, 0);
    if (::ptrace(PTRACE_SEIZE, self, nullptr, nullptr) != 0) ::_exit(1);
    const int file = ::open(std::getenv(kTracerFile), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ::dprintf(file, "%d\n", ::getpid());
    ::sleep(unsigned(kHeld.count()));
    ::_exit(0);
  }
  for (;;) ::pause();
}

// Before main(), which knows nothing of the words that a next agent is called with.
[[gnu::constructor]] void play_next_agent() {
  const char* const part = std::getenv(kPlays);
  if (part == nullptr) return;
  if (std::strcmp(part, "passes") == 0) ::_exit(0);
  if (std::strcmp(part, "fails") == 0) ::_exit(1);
  hang_although_killed();
}

bool has_children() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD;
}

class SelfTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto passed = run("passes", kSelfTestLimit);
    ASSERT_TRUE(passed);
    if (*passed) return;
    ASSERT_NE(passed->error().message.find("exit code 126"), std::string::npos) << passed->error().message;
    GTEST_SKIP() << "needs NET_ADMIN and NET_BIND_SERVICE, which go over execve";
  }
  // What comes of it, as soon as the loop has it.
  std::optional<Result<void>> run(const std::string& part, milliseconds limit) {
    const NextProgram next{.path = std::filesystem::read_symlink("/proc/self/exe"),
                           .config_file = "none",
                           .environment = {std::string(kPlays) + "=" + part,
                                           std::string(kTracerFile) + "=" + directory_.path("tracer")}};
    std::optional<Result<void>> out;
    context_.restart();
    boost::asio::co_spawn(context_, self_test(context_.get_executor(), next, {}, limit),
                          [&](const std::exception_ptr&, Result<void> result) { out = std::move(result); });
    while (!out && context_.run_one_for(kHeld * 2) != 0) {
    }
    return out;
  }
  void TearDown() override { let_go(); }
  // Ends the tracer, if there is one yet.
  void let_go() {
    pid_t tracer = 0;
    if (std::ifstream(directory_.path("tracer")) >> tracer && tracer > 0) {
      ::kill(tracer, SIGKILL);
      std::filesystem::remove(directory_.path("tracer"));  // its number may soon be another's
    }
  }
  test::TempDirectory directory_;
  boost::asio::io_context context_;
};

TEST_F(SelfTest, ItsExitStatusIsItsVerdict) {  // and that it may pass has been seen before
  const auto failed = run("fails", kSelfTestLimit);
  ASSERT_TRUE(failed && !*failed);
  EXPECT_NE(failed->error().message.find("exit code 1"), std::string::npos) << failed->error().message;
  EXPECT_FALSE(has_children());
}

TEST_F(SelfTest, OneThatDoesNotEndWhenKilledDoesNotHoldUpTheLoop) {
  const auto begin = Clock::now();
  const auto late = run("hangs", milliseconds(200));
  EXPECT_LT(Clock::now() - begin, kHeld / 2) << "the watchdog would have killed the agent";
  ASSERT_TRUE(late && !*late);
  EXPECT_NE(late->error().message.find("no end within 200 ms"), std::string::npos) << late->error().message;
  const auto end = Clock::now() + std::chrono::seconds(30);
  while (has_children() && Clock::now() < end) {
    let_go();
    context_.run_one_for(milliseconds(50));
  }
  EXPECT_FALSE(has_children()) << "it is reaped when it ends at last";
}

}  // namespace
}  // namespace imrs::agent
