// One question to a server that answers, refuses, cuts, is late or mute, or is not on this machine.
#include "health/exchange.h"

#include <gmock/gmock.h>
#include <sys/resource.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <list>

#include "fake_server.h"

namespace imrs::health::test {
namespace {

namespace asio = boost::asio;
using testing::HasSubstr;

const Octets kQuery{0x12, 0x67, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 1};
const Octets kAnswer{0x12, 0x67, 0x84, 0, 1, 2, 3, 4, 5};
const Octets kLate{0x12, 0x66, 0x84, 0, 9, 9, 9, 9, 9};  // another question's
constexpr std::uint16_t kClosedPort = 1;

class ExchangeTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!may_mark()) GTEST_SKIP() << "needs CAP_NET_ADMIN for SO_MARK; run as root";
  }

  Response ask(const Target& target) {
    response.reset();
    asio::co_spawn(io, exchange(target), asio::detached);
    if (!run_until(io, [&] { return response.has_value(); })) return Error{Errc::Timeout, "no end"};
    return *response;
  }

  asio::awaitable<void> exchange(Target target) {
    if (target.transport == Transport::Udp) {
      Response got = co_await exchange_udp(target, kQuery);
      response = std::move(got);
    } else {
      Response got = co_await exchange_tcp(target, kQuery);
      response = std::move(got);
    }
  }

  asio::io_context io;
  std::optional<Response> response;  // of the last exchange
};

TEST_F(ExchangeTest, TheAnswerComesFromAndToTheServiceAddress) {
  std::list<FakeServer> servers;
  for (const char* address : {"127.0.0.1", "127.0.0.53", "::1"}) {
    FakeServer& server = servers.emplace_back(io, address);
    for (const Transport transport : kTransports) {
      const bool tcp = transport == Transport::Tcp;
      server.answer = [&](const Octets&) { return Parts{tcp ? framed(kAnswer) : kAnswer}; };
      const Response got = ask(server.target(transport));
      ASSERT_TRUE(got.ok()) << address << ": " << got.error().message;
      EXPECT_EQ(*got, kAnswer);
      EXPECT_EQ(server.asked.back().from, address);
      EXPECT_EQ(server.asked.back().query, kQuery);
    }
    EXPECT_EQ(server.asked.size(), 2U);
  }
}

// Somebody else has an anycast address that is gone here.
TEST_F(ExchangeTest, AnAddressThatIsNotHereIsNotAskedElsewhere) {
  for (const Transport transport : kTransports) {
    for (const auto& [family, address] :
         {std::pair(Family::V4, "192.0.2.77"), std::pair(Family::V6, "2001:db8::77")}) {
      const Response got = ask({.family = family, .transport = transport, .address = address});
      ASSERT_FALSE(got.ok()) << address;
      EXPECT_EQ(got.error().code, Errc::Closed) << address << ": " << got.error().message;
      EXPECT_THAT(got.error().message, HasSubstr("not on this machine")) << address;
    }
  }
}

TEST_F(ExchangeTest, AClosedPortIsTheOthersFault) {
  for (const Transport transport : kTransports) {
    const Response got = ask({.transport = transport, .address = "127.0.0.53", .port = kClosedPort});
    ASSERT_FALSE(got.ok());
    EXPECT_EQ(got.error().code, Errc::Closed) << got.error().message;
    EXPECT_THAT(got.error().message, HasSubstr("refused"));
  }
}

TEST_F(ExchangeTest, NoDescriptorIsOurOwnFault) {
  FakeServer server(io, "127.0.0.1");
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  for (const Transport transport : kTransports) {
    const rlimit none{0, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    const Response got = ask(server.target(transport));
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    ASSERT_FALSE(got.ok());
    EXPECT_EQ(got.error().code, Errc::Unavailable) << got.error().message;
  }
}

TEST_F(ExchangeTest, LateAnswersToOtherQuestionsArePassedOver) {
  FakeServer server(io, "127.0.0.1");
  server.answer = [](const Octets&) { return Parts{kLate, Octets{0x12}, Octets{}, kAnswer}; };
  const Response got = ask(server.target(Transport::Udp));
  ASSERT_TRUE(got.ok()) << got.error().message;
  EXPECT_EQ(*got, kAnswer);
}

TEST_F(ExchangeTest, ACutStreamIsTheOthersFault) {
  FakeServer server(io, "127.0.0.1");
  server.hangs_up = true;
  const Octets whole = framed(kAnswer);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    server.answer = [&](const Octets&) {
      return Parts{Octets(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))};
    };
    const Response got = ask(server.target(Transport::Tcp));
    ASSERT_FALSE(got.ok()) << size;
    EXPECT_EQ(got.error().code, Errc::Closed) << size << ": " << got.error().message;
  }
}

TEST_F(ExchangeTest, AStreamMayComeInPieces) {
  FakeServer server(io, "127.0.0.1");
  server.answer = [](const Octets&) {
    Parts pieces;
    for (const std::uint8_t octet : framed(kAnswer)) pieces.push_back({octet});
    return pieces;
  };
  const Response got = ask(server.target(Transport::Tcp));
  ASSERT_TRUE(got.ok()) << got.error().message;
  EXPECT_EQ(*got, kAnswer);
}

// Sixty a second must not leave sixty ports a second in TIME_WAIT.
TEST_F(ExchangeTest, ConnectionsEndWithAReset) {
  FakeServer server(io, "127.0.0.1");
  server.answer = [](const Octets&) { return Parts{framed(kAnswer)}; };
  ASSERT_TRUE(ask(server.target(Transport::Tcp)).ok());
  ASSERT_TRUE(run_until(io, [&] { return server.end.has_value(); }));
  EXPECT_EQ(*server.end, asio::error::connection_reset);
}

TEST_F(ExchangeTest, TheCallersTimerEndsIt) {
  using namespace asio::experimental::awaitable_operators;
  FakeServer server(io, "127.0.0.1");
  for (const Transport transport : kTransports) {
    server.end.reset();
    asio::steady_timer timer(io, std::chrono::milliseconds(20));
    std::optional<std::size_t> first;
    asio::co_spawn(io, exchange(server.target(transport)) || timer.async_wait(asio::use_awaitable),
                   [&](std::exception_ptr error, const auto& result) {
                     if (error) std::rethrow_exception(error);
                     first = result.index();
                   });
    ASSERT_TRUE(run_until(io, [&] { return first.has_value(); }));
    EXPECT_EQ(*first, 1U);
    if (transport == Transport::Udp) continue;
    EXPECT_TRUE(run_until(io, [&] { return server.end.has_value(); })) << "the socket is still open";
  }
}

}  // namespace
}  // namespace imrs::health::test
