// The program itself, started as the launcher starts it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <fstream>
#include <sstream>

#include "agent/base/messages.h"
#include "client.h"
#include "sample.h"

namespace imrs::web {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class WebProgram : public testing::Test {
 protected:
  void SetUp() override {
    auto pair = Channel::make_pair();
    ASSERT_TRUE(pair.ok());
    agent_ = std::move(pair->first);
    send_setup(agent_, noc_.socket.get(), ops_.socket.get());
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pair->second.fd(), kChildChannelFd);
    std::string program = IMRS_WEB_PROGRAM, child = "--child";
    char* arguments[] = {program.data(), child.data(), nullptr};
#ifdef IMRS_SANITIZED
    ::setenv("ASAN_OPTIONS", "detect_leaks=0",
             1);  // to look for them it reads /proc, which the sandbox refuses
#endif
    ASSERT_EQ(::posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    ASSERT_TRUE(pidfd_.valid());
  }

  void TearDown() override {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }

  // The wait status, or -1 if it does not end.
  int wait_for_end() {
    pollfd watch{pidfd_.get(), POLLIN, 0};
    const auto limit = std::chrono::milliseconds(kPatience).count();
    if (::poll(&watch, 1, static_cast<int>(limit)) != 1) return -1;
    int status = -1;
    ::waitpid(std::exchange(pid_, 0), &status, 0);
    return status;
  }

  std::string proc(const char* file) const {
    std::ifstream stream("/proc/" + std::to_string(pid_) + "/" + file);
    std::stringstream text;
    text << stream.rdbuf();
    return text.str();
  }

  long resident_kib() const {
    const std::string status = proc("status");
    return std::stol(status.substr(status.find("VmRSS:") + 6));
  }

  TestListener noc_ = listen_somewhere(), ops_ = listen_somewhere();
  Channel agent_;
  UniqueFd pidfd_;
  pid_t pid_ = 0;
};

// Serves everything it has from inside its cage, and shows the time now: the sample is old.
TEST_F(WebProgram, ServesFromInsideItsCage) {
  send_snapshot(agent_, healthy());
  EXPECT_THAT(get(noc_.port, "/"), HasSubstr("State not known: the agent has not reported for"));
  EXPECT_THAT(get(noc_.port, "/api/bgp"), HasSubstr("\"stale\": true"));
  EXPECT_THAT(get(ops_.port, "/"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(get(ops_.port, "/metrics"), HasSubstr("imrs_announce{family=\"ipv4\",neighbour=\"host4\"} 1"));
  EXPECT_THAT(get(ops_.port, "/api/state"), HasSubstr("\"zonemd_verified\":true"));
  EXPECT_THAT(proc("status"), HasSubstr("NoNewPrivs:\t1\n"));
#ifndef IMRS_SANITIZED
  EXPECT_THAT(proc("status"), HasSubstr("Seccomp:\t2\n"));
#endif
  rlimit core{1, 1};
  ASSERT_EQ(::prlimit(pid_, RLIMIT_CORE, nullptr, &core), 0);
  EXPECT_EQ(core.rlim_max, 0U);
}

// By a memfd, which it maps inside its cage.
TEST_F(WebProgram, TakesASnapshotThatIsTooLargeForAMessage) {
  Snapshot large = healthy();
  large.identity = "of-64-workers";
  large.probes.resize(2048, large.probes.front());
  ASSERT_GT(to_json(large).size(), kMaxPacket);
  send_snapshot(agent_, large);
  EXPECT_THAT(get(ops_.port, "/api/state"), HasSubstr("of-64-workers"));
  EXPECT_THAT(get(noc_.port, "/"), StartsWith("HTTP/1.1 200"));
}

TEST_F(WebProgram, EndsWhenTheAgentHasGone) {
  send_snapshot(agent_, healthy());
  EXPECT_THAT(get(noc_.port, "/assets/style.css"), StartsWith("HTTP/1.1 200"));
  Client connected(noc_.port);
  agent_.close();
  EXPECT_EQ(wait_for_end(), 0);
}

TEST_F(WebProgram, DoesNotGrow) {
#ifdef IMRS_SANITIZED
  GTEST_SKIP() << "the sanitizer's own memory grows";
#endif
  const Snapshot one = healthy(), other = withdrawn("wrong answer");
  const auto round = [&](int requests) {
    for (int i = 0; i < requests; ++i) {
      send_snapshot(agent_, i % 2 == 0 ? one : other);
      ASSERT_THAT(get(i % 3 == 0 ? noc_.port : ops_.port, "/"), StartsWith("HTTP/1.1 200"));
    }
  };
  round(60);  // all of them within what a listener answers at once (RequestBudget)
  const long before = resident_kib();
  round(380);
  EXPECT_LE(resident_kib(), before + 256);
}

}  // namespace
}  // namespace imrs::web
