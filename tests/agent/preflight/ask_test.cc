// Questions to servers that answer, lie, answer late or not at all.
#include "agent/preflight/ask.h"

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "played_server.h"

namespace imrs::preflight {
namespace {

using testing::HasSubstr;
using Outcome = Exchange::Outcome;

const IpAddress kLoopback4{Family::V4, "127.0.0.1"}, kLoopback6{Family::V6, "::1"};
const Question kSoa{{}, 6, 0, false};
constexpr Patience kShort{2, std::chrono::milliseconds(150)};       // for silence
constexpr Patience kPatient{2, std::chrono::milliseconds(10'000)};  // for an answer; a busy machine is late

Messages right(const Message& query, Transport) { return {response_to(query, 98)}; }
Messages nothing(const Message&, Transport) { return {}; }

TEST(Ask, IsAnsweredByBothTransportsAndFamilies) {
  for (const IpAddress& address : {kLoopback4, kLoopback6}) {
    const PlayedServer server(address, right);
    for (const Transport transport : kTransports) {
      const Exchange seen = ask({address, server.port(), address}, transport, kSoa, kPatient);
      ASSERT_TRUE(is_answered(seen)) << address.text << " " << to_string(transport) << ": " << seen.error;
      EXPECT_EQ(seen.response.size, 98U);
      EXPECT_EQ(seen.response.answers, 1U);
    }
  }
}

TEST(Ask, LeavesFromTheSource) {
  const PlayedServer server(kLoopback4, right);
  const Exchange foreign = ask({kLoopback4, server.port(), IpAddress{Family::V4, "192.0.2.1"}},
                               Transport::Udp, kSoa);
  EXPECT_EQ(foreign.outcome, Outcome::Failed);
  EXPECT_THAT(foreign.error, HasSubstr("from 192.0.2.1"));
  EXPECT_EQ(server.queries(), 0);
  // One of the other family cannot be meant.
  EXPECT_TRUE(is_answered(ask({kLoopback4, server.port(), kLoopback6}, Transport::Udp, kSoa, kPatient)));
}

TEST(Ask, IsSilentAfterItsTries) {
  const PlayedServer server(kLoopback4, nothing);
  EXPECT_EQ(ask({kLoopback4, server.port(), {}}, Transport::Udp, kSoa, kShort).outcome, Outcome::Silent);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (server.queries() < 2 && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(server.queries(), 2);
}

TEST(Ask, TheSecondTryCounts) {
  std::atomic<int> asked = 0;
  const PlayedServer server(kLoopback4, [&](const Message& query, Transport) {
    return ++asked == 1 ? Messages{} : Messages{response_to(query)};
  });
  // Its first try has to be over soon, and a later one than the second may be what a busy machine answers.
  const Patience many{200, kShort.each};
  EXPECT_TRUE(is_answered(ask({kLoopback4, server.port(), {}}, Transport::Udp, kSoa, many)));
  EXPECT_GE(asked, 2);
}

TEST(Ask, WhatIsNoResponseToItIsPassedOver) {
  const PlayedServer server(kLoopback4, [](const Message& query, Transport) {
    Message other = response_to(query), short_one(5, 0xff);
    other[0] ^= 0xff;
    return Messages{other, short_one, Message(query), response_to(query, 77)};
  });
  const Exchange seen = ask({kLoopback4, server.port(), {}}, Transport::Udp, kSoa, kPatient);
  ASSERT_TRUE(is_answered(seen)) << seen.error;
  EXPECT_EQ(seen.response.size, 77U);
}

TEST(Ask, TellsARefusedPortFromSilence) {
  std::uint16_t port = 0;
  {
    const PlayedServer gone(kLoopback4, right);
    port = gone.port();
  }
  for (const Transport transport : kTransports) {
    const Exchange seen = ask({kLoopback4, port, {}}, transport, kSoa, kPatient);
    EXPECT_EQ(seen.outcome, Outcome::Failed) << to_string(transport);
    EXPECT_THAT(seen.error, HasSubstr("refused")) << to_string(transport);
  }
}

TEST(Ask, AConnectionThatSaysNothingFails) {
  const PlayedServer closing(kLoopback4, nothing);
  const Exchange seen = ask({kLoopback4, closing.port(), {}}, Transport::Tcp, kSoa, kPatient);
  EXPECT_EQ(seen.outcome, Outcome::Failed);
  EXPECT_THAT(seen.error, HasSubstr("closed"));
  const PlayedServer lying(kLoopback4, [](const Message&, Transport) { return Messages{Message(20, 0)}; });
  EXPECT_EQ(ask({kLoopback4, lying.port(), {}}, Transport::Tcp, kSoa, kPatient).outcome, Outcome::Failed);
}

TEST(Ask, TakesTheLargestMessages) {
  constexpr std::size_t kUdp = 4000, kTcp = 65535;
  const PlayedServer server(kLoopback4, [&](const Message& query, Transport transport) {
    return Messages{response_to(query, transport == Transport::Udp ? kUdp : kTcp)};
  });
  EXPECT_EQ(ask({kLoopback4, server.port(), {}}, Transport::Udp, kSoa, kPatient).response.size, kUdp);
  EXPECT_EQ(ask({kLoopback4, server.port(), {}}, Transport::Tcp, kSoa, kPatient).response.size, kTcp);
}

}  // namespace
}  // namespace imrs::preflight
