// The built imrs-engine as a child: set-up, images, refusals, and its end with the agent's.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/base/channel.h"
#include "agent/base/memfd.h"
#include "agent/base/messages.h"
#include "agent/base/worker_page.h"
#include "dns/engine/child.h"
#include "tests/dns/engine/client.h"
#include "tests/dns/engine/test_engine.h"
#include "tests/support/test_zones.h"

namespace imrs::test {
namespace {

class Child : public testing::Test {
 protected:
  void SetUp() override {
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
  // The child's process; its channel is kChildChannelFd.
  [[noreturn]] virtual void run() {
    ::execl(IMRS_ENGINE, "imrs-engine", "--child", nullptr);
    ::_exit(99);
  }
  void TearDown() override {
    if (pid_ > 0) (void)end();
  }

  // Closes the channel; the exit code, or -1 if a signal ended it.
  int end() {
    channel_.close();
    int status = -1;
    EXPECT_EQ(::waitpid(std::exchange(pid_, -1), &status, 0) > 0, true);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  void set_up(std::uint32_t workers, std::uint8_t workers_with_sockets) {
    LoopbackSockets loopback = open_loopback(workers_with_sockets);
    port_ = loopback.port[0];
    EngineSetup setup;
    setup.workers = workers;
    setup.sockets = static_cast<std::uint32_t>(loopback.sockets.size());
    setup.identity = "lab01";
    pages_ = std::move(*make_shared_memfd("pages", workers * sizeof(WorkerPage)));
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

TEST_F(Child, ServesImageAfterImageAndEndsWithTheAgent) {
  set_up(2, 2);
  for (std::uint64_t generation = 1; generation <= 3; ++generation) {
    const auto image = image_of(three_zones(static_cast<std::uint32_t>(generation)));
    send_image(*image, generation);
    EXPECT_EQ(wait_serving(), generation);
    EXPECT_EQ(ask(query_), response_to(*image, query_));
  }
  const auto pages = map_shared(pages_.get(), 2 * sizeof(WorkerPage), false);
  ASSERT_TRUE(pages.ok());
  const auto* page = static_cast<const WorkerPage*>(pages->address());
  EXPECT_EQ(page[0].traffic[0][0].queries + page[1].traffic[0][0].queries, 3U);
  EXPECT_EQ(page[0].generation, 3U);
  EXPECT_EQ(end(), 0);
}

TEST_F(Child, RefusedImageLeavesTheOldOneInService) {
  set_up(1, 1);
  const auto image = image_of(three_zones(1));
  send_image(*image, 1);
  ASSERT_EQ(wait_serving(), 1U);
  Octets damaged = image_octets(three_zones(2));
  damaged[damaged.size() / 2] ^= 1;
  send_image(damaged, 2, image->digest());
  auto refused = wait_refused();
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->generation, 2U);
  EXPECT_THAT(refused->reason.str(), testing::HasSubstr("SHA-256"));
  send_image(image_octets(three_zones(2)), 3, image->digest());
  refused = wait_refused();
  ASSERT_TRUE(refused.has_value());
  EXPECT_THAT(refused->reason.str(), testing::HasSubstr("not the one announced"));
  EXPECT_EQ(ask(query_), response_to(*image, query_));
  send_image(*image_of(three_zones(4)), 4);
  EXPECT_EQ(wait_serving(), 4U);
  EXPECT_EQ(end(), 0);
}

// Whose workers have no time at all to take an image.
class HurriedChild : public Child {
 protected:
  [[noreturn]] void run() override {
    const auto ended = engine::run_child(Channel(UniqueFd(kChildChannelFd)), 4096,
                                         std::chrono::milliseconds(0));
    ::_exit(!ended && ended.error().code == Errc::Timeout ? 42 : 1);
  }
};

// It has been published, so it is neither served nor refused: the next engine will be offered it.
TEST_F(HurriedChild, AnImageThatAWorkerDoesNotTakeEndsTheEngineWithoutAWord) {
  constexpr std::uint8_t kWorkers = 8;  // that all of them take it between two instructions is no risk
  set_up(kWorkers, kWorkers);
  send_image(*image_of(three_zones(1)), 1);
  const auto packet = channel_.wait(kPatienceMs);
  ASSERT_FALSE(packet.ok());
  EXPECT_EQ(packet.error().code, Errc::Closed);
  EXPECT_EQ(end(), 42);
}

TEST_F(Child, SocketsWithoutWorkersAreRefusedAndItEnds) {
  set_up(1, 2);
  const auto refused = wait_refused();
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->generation, 0U);
  EXPECT_THAT(refused->reason.str(), testing::HasSubstr("worker 1, but there are 1"));
  EXPECT_EQ(channel_.wait(kPatienceMs).error().code, Errc::Closed);
  EXPECT_EQ(end(), 1);
}

TEST_F(Child, MessageItDoesNotKnowIsRefused) {
  ASSERT_TRUE(channel_.send(Octets(40)).ok());
  const auto refused = wait_refused();
  ASSERT_TRUE(refused.has_value());
  EXPECT_THAT(refused->reason.str(), testing::HasSubstr("unexpected message"));
  EXPECT_EQ(end(), 1);
}

TEST_F(Child, AgentGoneBeforeTheSetupIsANormalEnd) { EXPECT_EQ(end(), 0); }

TEST_F(Child, AgentGoneBeforeTheFirstImageIsANormalEnd) {
  set_up(1, 1);
  EXPECT_EQ(end(), 0);
}

}  // namespace
}  // namespace imrs::test
