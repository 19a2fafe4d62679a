// The auditor's cage, from inside: each attempt in a process of its own.
#include "dns/audit/sandbox.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace imrs::audit {
namespace {

constexpr int kCannotEnter = 77;

// Runs `action` caged; its wait status. The action's result is the exit code.
int caged(int (*action)(), Files files = Files::None) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(enter_sandbox(files) ? action() : kCannotEnter);
  int status = -1;
  EXPECT_EQ(::waitpid(pid, &status, 0), pid);
  return status;
}

// 0 if the call failed with EPERM.
int refused(long result) { return result == -1 && errno == EPERM ? 0 : 1; }

class Sandbox : public testing::Test {
 protected:
  void SetUp() override {
#ifdef IMRS_SANITIZED
    GTEST_SKIP() << "SKIPPED: builds with sanitizers have no seccomp filter";
#endif
  }
};

struct Attempt {
  const char* description;
  int (*action)();
};

TEST_F(Sandbox, WhatEndsTheProcess) {
  const Attempt attempts[] = {
      {"open a file", [] { return ::open("/etc/passwd", O_RDONLY); }},
      {"create a file", [] { return ::creat("/tmp/imrs-sandbox-test", 0600); }},
      {"make a socket", [] { return ::socket(AF_INET, SOCK_DGRAM, 0); }},
      {"start a program", [] { return ::execl("/bin/true", "true", nullptr); }},
      {"trace", [] { return static_cast<int>(::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr)); }},
  };
  for (const Attempt& attempt : attempts) {
    const int status = caged(attempt.action);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) << attempt.description;
  }
}

TEST_F(Sandbox, WhatIsRefused) {
  const Attempt attempts[] = {
      {"mkdir", [] { return refused(::mkdir("/tmp/imrs-sandbox-test", 0700)); }},
      {"unlink", [] { return refused(::unlink("/tmp/imrs-sandbox-test")); }},
      {"connect", [] { return refused(::connect(0, nullptr, 0)); }},
      {"socketpair",
       [] {
         int pair[2];
         return refused(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
       }},
      {"fork", [] { return refused(::fork()); }},
      {"setuid", [] { return refused(::setuid(0)); }},
      {"executable memory",
       [] {
         void* const got = ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
         return got == MAP_FAILED && errno == EPERM ? 0 : 1;
       }},
  };
  for (const Attempt& attempt : attempts) {
    const int status = caged(attempt.action);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << attempt.description << " " << status;
  }
}

TEST_F(Sandbox, FilesMayBeWrittenWhereImagesAreKept) {
  const auto write = [] {
    char name[] = "/tmp/imrs-sandbox-test-XXXXXX";
    const int fd = ::mkstemp(name);
    const bool written = fd >= 0 && ::write(fd, "x", 1) == 1 && ::fchmod(fd, 0600) == 0 && ::fsync(fd) == 0 &&
                         ::unlink(name) == 0;
    return written ? 0 : 1;
  };
  const int status = caged(write, Files::Kept);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  const int socket = caged([] { return ::socket(AF_INET, SOCK_DGRAM, 0); }, Files::Kept);
  EXPECT_TRUE(WIFSIGNALED(socket) && WTERMSIG(socket) == SIGSYS);
}

}  // namespace
}  // namespace imrs::audit
