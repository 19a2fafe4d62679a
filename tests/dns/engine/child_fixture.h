// tests/dns/engine/child_fixture.h
// The built imrs-engine as a child, with this test as its agent.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "agent/base/channel.h"
#include "agent/base/memfd.h"
#include "agent/base/messages.h"
#include "agent/counts/pages.h"
#include "tests/dns/engine/client.h"
#include "tests/dns/engine/test_engine.h"
#include "tests/support/test_zones.h"

namespace imrs::test {

class Child : public testing::Test {
 protected:
  void SetUp() override { start(); }

  // Also for the next one, when one has ended.
  void start() {
    auto pair = Channel::make_pair();
    ASSERT_TRUE(pair.ok());
    channel_ = std::move(pair->first);
    pid_ = ::fork();
    if (pid_ == 0) {
      channel_.close();  // this process' copy of the test's end
      const int fd = pair->second.fd();
      if (fd == kChildChannelFd) ::fcntl(fd, F_SETFD, 0);
      if (fd != kChildChannelFd) ::dup2(fd, kChildChannelFd);
      run();
    }
  }
  [[nodiscard]] virtual const char* program() const { return IMRS_ENGINE; }

  // The child's process; its channel is kChildChannelFd.
  [[noreturn]] virtual void run() {
    ::execl(program(), "imrs-engine", "--child", nullptr);
    ::_exit(99);
  }
  void TearDown() override {
    if (pid_ > 0) (void)end();
  }

  // Closes the channel; the exit code, or -1 if a signal ended it.
  int end() {
    channel_.close();
    const int status = wait_status();
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  int wait_status() {
    int status = -1;
    EXPECT_EQ(::waitpid(std::exchange(pid_, -1), &status, 0) > 0, true);
    return status;
  }

  void set_up(std::uint32_t workers, std::uint8_t workers_with_sockets) {
    LoopbackSockets loopback = open_loopback(workers_with_sockets);
    port_ = loopback.port[0];
    EngineSetup setup;
    setup.workers = workers;
    setup.sockets = static_cast<std::uint32_t>(loopback.sockets.size());
    setup.identity = "lab01";
    pages_ = std::move(*counts::Pages::make(workers));
    const int page_fds[] = {pages_.get()};
    ASSERT_TRUE(channel_.send_message(setup, page_fds).ok());
    EngineSockets sockets;
    std::vector<int> fds;
    for (const auto& socket : loopback.sockets) {
      sockets.roles[sockets.count++] = socket.role;
      fds.push_back(socket.fd.get());
    }
    ASSERT_TRUE(channel_.send_message(sockets, fds).ok());
  }

  void send_image(std::span<const std::uint8_t> octets, std::uint64_t generation, const Digest& digest) {
    auto memfd = make_sealed_memfd("image", octets);
    ASSERT_TRUE(memfd.ok());
    EngineImage message;
    message.generation = generation;
    message.digest = digest;
    const int fds[] = {memfd->get()};
    ASSERT_TRUE(channel_.send_message(message, fds).ok());
  }
  void send_image(const image::Image& image, std::uint64_t generation) {
    send_image(image.bytes(), generation, image.digest());
  }

  std::uint64_t wait_serving() {
    const auto packet = channel_.wait(kPatienceMs);
    const auto serving = packet ? packet->as<EngineServing>() : std::nullopt;
    return serving ? serving->generation : 0;
  }
  std::optional<EngineRefused> wait_refused() {
    const auto packet = channel_.wait(kPatienceMs);
    return packet ? packet->as<EngineRefused>() : std::nullopt;
  }

  Octets ask(const Octets& query) { return ask_udp(Family::V4, port_, query); }

  Channel channel_;
  UniqueFd pages_;
  pid_t pid_ = -1;
  std::uint16_t port_ = 0;
  const Octets query_ = query_octets({.name = ".", .type = 6});
};

}  // namespace imrs::test
