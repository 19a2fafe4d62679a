// The division of descriptors, and what happens when none is left.
#include "dns/engine/descriptors.h"

#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <thread>

#include "tests/dns/engine/client.h"
#include "tests/dns/engine/test_engine.h"
#include "tests/support/test_zones.h"

namespace imrs::engine {
namespace {

TEST(TcpLimitsOf, Table) {
  const struct {
    const char* description;
    std::size_t descriptors, sockets, workers;
    std::size_t want;  // connections per worker; 0: refused
  } cases[] = {
      {"more than enough", 1U << 20, 48, 2, 1000},
      {"just enough for the default", 32 + 48 + 2 * (65 + 1000), 48, 2, 1000},
      {"one too few for the default", 32 + 48 + 2 * (65 + 1000) - 1, 48, 2, 999},
      {"the usual soft limit", 1024, 48, 2, 407},
      {"many workers", 20000, 16 * 4 * 2 * 64, 64, 119},
      {"the least", 32 + 4 + 65 + 16, 4, 1, 16},
      {"one less than the least", 32 + 4 + 65 + 15, 4, 1, 0},
      {"fewer than it needs itself", 10, 48, 2, 0},
      {"none", 0, 0, 1, 0},
  };
  for (const auto& c : cases) {
    const auto limits = tcp_limits(c.descriptors, c.sockets, c.workers);
    ASSERT_EQ(limits.ok(), c.want != 0) << c.description;
    if (limits) {
      EXPECT_EQ(limits->connections, c.want) << c.description;
      EXPECT_EQ(limits->probe_connections, TcpLimits().probe_connections) << c.description;
      EXPECT_LE(c.workers * ((8U << 20) + limits->held), 900U << 20)
          << "beside the stacks; " << c.description;
      // All connections of all workers open, and still one descriptor left for each socket and more.
      EXPECT_LE(c.sockets + c.workers * (limits->connections + limits->probe_connections), c.descriptors);
    } else {
      EXPECT_THAT(limits.error().message, testing::HasSubstr("LimitNOFILE=")) << c.description;
    }
  }
}

class Descriptors : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before_), 0); }
  void TearDown() override { allow(before_.rlim_cur); }
  void allow(rlim_t files) {
    const rlimit limit{files, before_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  }
  rlimit before_{};
};

TEST_F(Descriptors, TheLimitIsRaisedToTheHardOne) {
  allow(before_.rlim_max / 2);
  const auto raised = raise_descriptor_limit();
  ASSERT_TRUE(raised.ok());
  rlimit now{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &now), 0);
  EXPECT_EQ(*raised, before_.rlim_max);
  EXPECT_EQ(now.rlim_cur, before_.rlim_max);
}

// A worker with no connection of its own to close: the agent has to see that it was crowded out.
TEST_F(Descriptors, AConnectionThatCannotBeTakenIsCounted) {
  test::TestEngine engine;
  engine.serve(test::image_of(test::three_zones()));
  const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(engine.port(Family::V4));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  allow(0);
  ASSERT_EQ(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (engine.page().tcp_rejected == 0 && std::chrono::steady_clock::now() < end) {
    std::this_thread::yield();
  }
  EXPECT_GT(engine.page().tcp_rejected, 0U);
  allow(before_.rlim_cur);
  EXPECT_FALSE(test::ask_tcp(socket.get(), test::query_octets({.name = ".", .type = 6})).empty());
}

}  // namespace
}  // namespace imrs::engine
