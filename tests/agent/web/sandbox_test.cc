#include "agent/web/sandbox.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace imrs::web {
namespace {

#ifdef IMRS_SANITIZED

TEST(WebSandbox, Filter) { GTEST_SKIP() << "no filter in builds with sanitizers"; }

#else

// In a child of the test, caged: ends with 0 if `act` returns true, 1 if not, and by SIGSYS if killed.
[[noreturn]] void caged(bool (*act)()) {
  if (!enter_sandbox({}).ok()) ::_exit(99);
  ::_exit(act() ? 0 : 1);
}

TEST(WebSandboxDeathTest, WhatAnIntruderWouldDoEndsTheProcess) {
  const struct {
    const char* description;
    bool (*act)();
  } cases[] = {
      {"a program", [] { return ::execl("/bin/true", "true", nullptr) == 0; }},
      {"a socket", [] { return ::socket(AF_INET, SOCK_STREAM, 0) >= 0; }},
      {"a connection", [] { return ::connect(0, nullptr, 0) == 0; }},
      {"a new file", [] { return ::open("/dev/null", O_WRONLY | O_CREAT, 0600) >= 0; }},
      {"a file to write", [] { return ::open("/dev/null", O_RDWR) >= 0; }},
      {"tracing", [] { return ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0; }},
  };
  for (const auto& c : cases) {
    EXPECT_EXIT(caged(c.act), testing::KilledBySignal(SIGSYS), "") << c.description;
  }
}

TEST(WebSandboxDeathTest, TheRestFailsQuietly) {
  const struct {
    const char* description;
    bool (*act)();
  } cases[] = {
      {"reading a file", [] { return ::open("/dev/null", O_RDONLY) < 0 && errno == EPERM; }},
      {"a process", [] { return ::fork() < 0 && errno == EPERM; }},
      {"a terminal's settings", [] { return ::isatty(0) == 0 && errno == EPERM; }},
  };
  for (const auto& c : cases) {
    EXPECT_EXIT(caged(c.act), testing::ExitedWithCode(0), "") << c.description;
  }
}

#endif

}  // namespace
}  // namespace imrs::web
