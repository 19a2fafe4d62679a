// The prober against a server on loopback: what it asks and what it takes the answers for.
#include "health/prober.h"

#include <gmock/gmock.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <memory>

#include "dns/wire/protocol.h"
#include "fake_server.h"
#include "tests/support/test_zones.h"

namespace imrs::health::test {
namespace {

using testing::HasSubstr;

constexpr Timing kTiming{.interval = std::chrono::milliseconds(5), .timeout = std::chrono::seconds(5)};

class ProberTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!may_mark()) GTEST_SKIP() << "needs CAP_NET_ADMIN for SO_MARK; run as root";
  }
  ~ProberTest() override { io.stop(); }

  void start(const Target& target, Timing timing = kTiming) {
    Hooks hooks{.pressure = [](const Target&) { return Pressure{}; },
                .report =
                    [this](const Target&, Evidence evidence, const std::string& detail) {
                      reports.push_back({evidence, detail});
                    }};
    probers.push_back(std::make_unique<Prober>(target, timing, expectations, std::move(hooks)));
    boost::asio::co_spawn(io, probers.back()->run(), boost::asio::detached);
  }

  // The query's ID is the only thing that differs between two askings of the same question.
  static bool is_quick(const Octets& query) {
    const auto id = static_cast<std::uint16_t>(query[0] << 8 | query[1]);
    return query == image::make_query({wire::Name(), wire::rrtype::SOA, true}, id, kProbeUdpSize);
  }
  Octets right(const Octets& query) const {
    const auto id = static_cast<std::uint16_t>(query[0] << 8 | query[1]);
    return image::expected_response(*image, {wire::Name(), wire::rrtype::SOA, true}, id, kProbeUdpSize,
                                    false);
  }

  struct Report {
    Evidence evidence;
    std::string detail;
  };
  std::shared_ptr<const image::Image> image = imrs::test::image_of(imrs::test::three_zones(1));
  Expectations expectations;
  std::vector<std::unique_ptr<Prober>> probers;
  std::vector<Report> reports;
  boost::asio::io_context io;
};

// Whatever the number of targets: the walk through the deep questions is shared, the turns are not.
TEST_F(ProberTest, EveryTargetGetsQuickAndDeepQuestionsInTurn) {
  FakeServer first(io, "127.0.0.1"), second(io, "127.0.0.2");
  for (FakeServer* server : {&first, &second}) {
    server->answer = [](const Octets& query) { return Parts{query}; };  // wrong: goes on at once
  }
  expectations.publish(image);
  start(first.target(Transport::Udp));
  start(second.target(Transport::Udp));
  constexpr std::size_t kEach = 12;
  ASSERT_TRUE(run_until(io, [&] { return first.asked.size() >= kEach && second.asked.size() >= kEach; }));
  for (const FakeServer* server : {&first, &second}) {
    std::size_t deep = 0;
    for (std::size_t i = 0; i < kEach; ++i) {
      const bool quick = is_quick(server->asked[i].query);
      EXPECT_TRUE(quick || i % 2 == 1) << i;
      if (!quick) ++deep;
    }
    EXPECT_GE(deep, kEach / 2 - 1);  // the root's SOA is among the deep ones, too
  }
}

TEST_F(ProberTest, TellsRightFromWrong) {
  FakeServer server(io, "127.0.0.1");
  bool twisted = false;
  server.answer = [&](const Octets& query) {
    Octets response = right(query);
    if (twisted) response.back() ^= 1;
    return Parts{response};
  };
  expectations.publish(image);
  start(server.target(Transport::Udp));
  ASSERT_TRUE(run_until(io, [&] { return reports.size() == 1; }));
  EXPECT_EQ(reports[0].evidence, Evidence::Right) << reports[0].detail;
  twisted = true;
  ASSERT_TRUE(run_until(io, [&] { return reports.size() >= 3; }));
  EXPECT_EQ(reports[2].evidence, Evidence::Wrong) << reports[2].detail;
}

TEST_F(ProberTest, AnAddressThatIsGoneIsSilent) {
  expectations.publish(image);
  start({.address = "192.0.2.77"});
  ASSERT_TRUE(run_until(io, [&] { return !reports.empty(); }));
  EXPECT_EQ(reports[0].evidence, Evidence::Silent);
  EXPECT_THAT(reports[0].detail, HasSubstr("not on this machine"));
}

TEST_F(ProberTest, AMuteServerIsSilent) {
  FakeServer server(io, "127.0.0.1");
  expectations.publish(image);
  start(server.target(Transport::Udp), {.timeout = std::chrono::milliseconds(20)});
  ASSERT_TRUE(run_until(io, [&] { return !reports.empty(); }));
  EXPECT_THAT(reports[0].evidence, testing::AnyOf(Evidence::Silent, Evidence::CouldNotAsk))
      << "could not ask only if this test itself was late";
  EXPECT_THAT(reports[0].detail, HasSubstr("no answer to"));
}

// The only image there was is taken back while the question is on its way: nothing is right or wrong.
TEST_F(ProberTest, AnImageTakenBackMeanwhileProvesNothing) {
  FakeServer server(io, "127.0.0.1");
  server.answer = [&](const Octets& query) {
    if (expectations.ready()) expectations.take_back();
    return Parts{right(query)};
  };
  expectations.publish(image);
  start(server.target(Transport::Udp));
  ASSERT_TRUE(run_until(io, [&] { return !reports.empty(); }));
  EXPECT_EQ(reports[0].evidence, Evidence::CouldNotAsk) << reports[0].detail;
  EXPECT_THAT(reports[0].detail, HasSubstr("taken back"));
}

}  // namespace
}  // namespace imrs::health::test
