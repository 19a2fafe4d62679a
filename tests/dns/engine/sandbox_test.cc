// The cage, from inside: each attempt in a process of its own.
#include "dns/engine/sandbox.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <latch>
#include <thread>
#include <vector>

#include "agent/base/channel.h"
#include "dns/image/digest.h"
#include "dns/image/image.h"
#include "tests/support/answers.h"
#include "tests/support/test_zones.h"

namespace imrs::engine {
namespace {

constexpr int kCannotEnter = 77;

// Runs `action` caged; its wait status. The action's result is the exit code.
int caged(const std::function<int()>& action) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    image::prepare_digests();
    if (!enter_sandbox()) ::_exit(kCannotEnter);
    ::_exit(action());
  }
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

TEST_F(Sandbox, WhatEndsTheProcess) {
  const struct {
    const char* description;
    int (*action)();
  } cases[] = {
      {"open a file", [] { return ::open("/etc/passwd", O_RDONLY); }},
      {"create a file", [] { return ::creat("/tmp/imrs-sandbox-test", 0600); }},
      {"make a socket", [] { return ::socket(AF_INET, SOCK_DGRAM, 0); }},
      {"start a program", [] { return ::execl("/bin/true", "true", nullptr); }},
      {"trace", [] { return static_cast<int>(::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr)); }},
  };
  for (const auto& c : cases) {
    const int status = caged([&] { return c.action() < 0 ? 1 : 0; });
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) << c.description;
  }
}

TEST_F(Sandbox, WhatIsRefused) {
  const struct {
    const char* description;
    int (*action)();
  } cases[] = {
      {"mkdir", [] { return refused(::mkdir("/tmp/imrs-sandbox-test", 0700)); }},
      {"unlink", [] { return refused(::unlink("/tmp/imrs-sandbox-test")); }},
      {"connect", [] { return refused(::connect(0, nullptr, 0)); }},
      {"bind", [] { return refused(::bind(0, nullptr, 0)); }},
      {"fork", [] { return refused(::fork()); }},
      {"setuid", [] { return refused(::setuid(0)); }},
      {"kill", [] { return refused(::kill(::getppid(), 0)); }},
      {"executable memory",
       [] {
         void* memory = ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
         return refused(memory == MAP_FAILED ? -1 : 0);
       }},
  };
  for (const auto& c : cases) {
    const int status = caged([&] { return c.action(); });
    EXPECT_TRUE(WIFEXITED(status)) << c.description;
    EXPECT_EQ(WEXITSTATUS(status), 0) << c.description;
  }
}

TEST_F(Sandbox, HoldsForThreadsThatWereThereBefore) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    std::atomic<bool> go{false};
    std::jthread other([&] {
      go.wait(false);
      (void)::open("/etc/passwd", O_RDONLY);
      ::_exit(1);
    });
    if (!enter_sandbox()) ::_exit(kCannotEnter);
    go = true;
    go.notify_one();
    other.join();
  }
  int status = -1;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

// Runs `work` in that many threads that were there before the cage; what caged() returns.
int caged_threads(int count, const std::function<void()>& work) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    std::atomic<bool> go{false};
    std::vector<std::jthread> threads;
    for (int i = 0; i < count; ++i) {
      threads.emplace_back([&] {
        go.wait(false);
        work();
      });
    }
    if (!enter_sandbox()) ::_exit(kCannotEnter);
    go = true;
    go.notify_all();
    threads.clear();
    ::_exit(0);
  }
  int status = -1;
  EXPECT_EQ(::waitpid(pid, &status, 0), pid);
  return status;
}

// glibc's malloc has opened files for these; a client that does not read its answers was enough.
TEST_F(Sandbox, ThreadsMayAllocateAndFreeAsTheyLike) {
  const struct {
    const char* description;
    int threads;
    std::size_t blocks, size;
  } cases[] = {
      {"the ninth arena and more", 24, 1, 100},
      {"large blocks given back", 2, 100, 100000},
      {"many small ones given back", 2, 100000, 200},
      {"those just below what is mapped on its own", 2, 400, 8000},
  };
  for (const auto& c : cases) {
    std::latch all_hold(c.threads);
    const int status = caged_threads(c.threads, [&] {
      std::vector<std::vector<char>> held(c.blocks);
      for (auto& block : held) block.assign(c.size, 'x');
      all_hold.arrive_and_wait();
      while (!held.empty()) held.pop_back();
    });
    EXPECT_TRUE(WIFEXITED(status)) << c.description << ": signal " << WTERMSIG(status);
    EXPECT_EQ(WEXITSTATUS(status), 0) << c.description;
  }
}

// What child.cc does once it is caged: take a new image from the channel, map it, answer, report.
int take_image_and_answer(const Channel& channel) {
  auto packet = channel.wait(10000);
  if (!packet || packet->fds.size() != 1) return 2;
  auto image = image::Image::map(packet->fds[0].get());
  if (!image) return 3;
  if (test::response_to(**image, test::query_octets({})).empty()) return 4;
  return channel.send(std::vector<std::uint8_t>(4)).ok() ? 0 : 5;
}

TEST_F(Sandbox, EngineStillTakesImagesAndAnswers) {
  auto pair = Channel::make_pair();
  ASSERT_TRUE(pair.ok());
  const auto image = make_sealed_memfd("image", test::image_octets(test::three_zones()));
  ASSERT_TRUE(image.ok());
  const int fds[] = {image->get()};
  ASSERT_TRUE(pair->first.send(std::vector<std::uint8_t>(4), fds).ok());
  const int status = caged([&] { return take_image_and_answer(pair->second); });
  ASSERT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_TRUE(pair->first.wait(1000).ok());
}

}  // namespace
}  // namespace imrs::engine
