// TCP through real sockets: pipelines, half-closed clients, slow readers, full tables.
#include <gmock/gmock.h>
#include <sys/socket.h>

#include <set>
#include <thread>

#include "tests/dns/engine/client.h"
#include "tests/dns/engine/test_engine.h"
#include "tests/support/test_zones.h"

namespace imrs::test {
namespace {

Octets query_with_id(std::uint8_t id) {
  Octets query = query_octets({.name = ".", .type = 46, .transport = Transport::Tcp});
  query[1] = id;
  return query;
}

class Tcp : public testing::Test {
 protected:
  UniqueFd connect(const TestEngine& engine, Family family = Family::V4) {
    return connect_to(family, Transport::Tcp, engine.port(family));
  }
  std::shared_ptr<const image::Image> image_ = image_of(three_zones());
};

TEST_F(Tcp, AnswersBothFamilies) {
  TestEngine engine;
  engine.serve(image_);
  for (const Family family : kFamilies) {
    const UniqueFd fd = connect(engine, family);
    const Octets query = query_octets({.name = "alpha.", .type = 1, .dnssec_ok = true});
    EXPECT_EQ(ask_tcp(fd.get(), query), response_to(*image_, query, Transport::Tcp));
    EXPECT_EQ(engine.page().traffic[1][static_cast<std::size_t>(family)].queries, 1U);
  }
}

TEST_F(Tcp, PipelineIsAnsweredInOrder) {
  TestEngine engine;
  engine.serve(image_);
  const UniqueFd fd = connect(engine);
  Octets stream;
  for (std::uint8_t id = 0; id < 200; ++id) append_framed(stream, query_with_id(id));
  ASSERT_TRUE(send_all(fd.get(), stream));
  for (std::uint8_t id = 0; id < 200; ++id) {
    ASSERT_EQ(read_framed(fd.get()), response_to(*image_, query_with_id(id), Transport::Tcp)) << +id;
  }
}

// All queries are with the server already when its output is full: it has to go on by itself.
TEST_F(Tcp, PipelineGoesOnAfterTheOutputWasFull) {
  TestEngine engine(1, {.output = 1000});
  engine.serve(image_);
  const UniqueFd fd = connect(engine);
  Octets stream;
  for (std::uint8_t id = 0; id < 200; ++id) append_framed(stream, query_with_id(id));
  ASSERT_TRUE(send_all(fd.get(), stream));
  for (std::uint8_t id = 0; id < 200; ++id) {
    const Octets response = read_framed(fd.get());
    ASSERT_FALSE(response.empty()) << "stopped after " << +id;
    ASSERT_EQ(response[1], id);
  }
}

TEST_F(Tcp, QueryInSinglePieces) {
  TestEngine engine;
  engine.serve(image_);
  const UniqueFd fd = connect(engine);
  Octets stream;
  append_framed(stream, query_octets({}));
  for (const std::uint8_t& octet : stream) ASSERT_TRUE(send_all(fd.get(), {&octet, 1}));
  EXPECT_FALSE(read_framed(fd.get()).empty());
}

TEST_F(Tcp, HalfClosedClientGetsItsAnswers) {
  TestEngine engine;
  engine.serve(image_);
  const UniqueFd fd = connect(engine);
  Octets stream;
  for (std::uint8_t id = 0; id < 50; ++id) append_framed(stream, query_with_id(id));
  ASSERT_TRUE(send_all(fd.get(), stream));
  ASSERT_EQ(::shutdown(fd.get(), SHUT_WR), 0);
  for (std::uint8_t id = 0; id < 50; ++id) ASSERT_EQ(read_framed(fd.get()).at(1), id);
  EXPECT_TRUE(read_framed(fd.get()).empty());
  EXPECT_TRUE(wait_until_closed(fd.get()));
}

TEST_F(Tcp, BrokenLengthEndsTheConnectionAfterTheAnswersBefore) {
  TestEngine engine;
  engine.serve(image_);
  const UniqueFd fd = connect(engine);
  Octets stream;
  append_framed(stream, query_with_id(7));
  stream.insert(stream.end(), {0, 3});
  ASSERT_TRUE(send_all(fd.get(), stream));
  EXPECT_EQ(read_framed(fd.get()).at(1), 7);
  EXPECT_TRUE(read_framed(fd.get()).empty());
}

TEST_F(Tcp, IdleConnectionIsClosed) {
  TestEngine engine(1, {.idle = std::chrono::milliseconds(100)});
  engine.serve(image_);
  const UniqueFd fd = connect(engine);
  ASSERT_FALSE(ask_tcp(fd.get(), query_with_id(1)).empty());
  EXPECT_TRUE(wait_until_closed(fd.get()));
}

TEST_F(Tcp, BusyConnectionEndsAtItsTotalTime) {
  TestEngine engine(1, {.total = std::chrono::milliseconds(300)});
  engine.serve(image_);
  const UniqueFd fd = connect(engine);
  int answered = 0;
  while (answered < 10000000 && !ask_tcp(fd.get(), query_with_id(1)).empty()) ++answered;
  EXPECT_GT(answered, 0);
  EXPECT_TRUE(wait_until_closed(fd.get()));
}

// A client that asks and does not read: no more is read from it, and in the end it is dropped.
TEST_F(Tcp, SlowReaderIsDropped) {
  TestEngine engine(1, {.idle = std::chrono::milliseconds(500), .output = 4096});
  engine.serve(image_);
  const UniqueFd fd = connect(engine);
  Octets stream;
  for (int i = 0; i < 1000; ++i) append_framed(stream, query_with_id(1));
  ssize_t sent = 1;
  std::size_t total = 0;
  // Until the server has stopped reading, or 256 MB.
  while (sent > 0 && total < (256U << 20)) {
    sent = ::send(fd.get(), stream.data(), stream.size(), MSG_NOSIGNAL);
    total += sent > 0 ? static_cast<std::size_t>(sent) : 0;
  }
  EXPECT_LT(total, 64U << 20);
  EXPECT_TRUE(wait_until_closed(fd.get()));
  const UniqueFd other = connect(engine);
  EXPECT_FALSE(ask_tcp(other.get(), query_with_id(2)).empty());
}

TEST_F(Tcp, FullTableClosesTheStillest) {
  TestEngine engine(1, {.connections = 2});
  engine.serve(image_);
  const UniqueFd first = connect(engine);
  ASSERT_FALSE(ask_tcp(first.get(), query_with_id(1)).empty());
  const UniqueFd second = connect(engine);
  ASSERT_FALSE(ask_tcp(second.get(), query_with_id(1)).empty());
  const UniqueFd third = connect(engine);
  ASSERT_FALSE(ask_tcp(third.get(), query_with_id(1)).empty());
  EXPECT_TRUE(wait_until_closed(first.get()));
  EXPECT_FALSE(ask_tcp(second.get(), query_with_id(2)).empty());
  EXPECT_EQ(engine.page().tcp_rejected, 1U);
  EXPECT_EQ(engine.page().tcp_connections, 2U);
}

// One client cannot take all places from the others, nor lose more than the one too many.
TEST_F(Tcp, AClientHasItsShareAndNoMore) {
  TestEngine engine(1, {.connections = 20, .per_client = 3});
  engine.serve(image_);
  const Octets query = query_with_id(1);
  std::vector<UniqueFd> own;
  for (int i = 0; i < 3; ++i) {
    own.push_back(connect(engine));
    ASSERT_FALSE(ask_tcp(own.back().get(), query).empty());
  }
  const UniqueFd fourth = connect(engine);
  EXPECT_TRUE(wait_until_closed(fourth.get()));
  EXPECT_EQ(engine.page().tcp_rejected, 1U);
  const UniqueFd other = connect(engine, Family::V6);
  EXPECT_FALSE(ask_tcp(other.get(), query).empty());
  for (const UniqueFd& fd : own) EXPECT_FALSE(ask_tcp(fd.get(), query).empty());
  own.pop_back();
  // The server sees the end when it next looks at the connection; until then the place is taken.
  Octets answer;
  for (int i = 0; i < 1000 && answer.empty(); ++i) answer = ask_tcp(connect(engine).get(), query);
  EXPECT_FALSE(answer.empty());
}

// Who does not read what he has asked for holds memory, in all connections together so much.
TEST_F(Tcp, WhatTheDeafHoldIsBounded) {
  constexpr std::size_t kClients = 12;
  TestEngine engine(1, {.held = 64 * 1024});
  engine.serve(image_);
  Octets stream;
  for (int i = 0; i < 1000; ++i) append_framed(stream, query_with_id(1));
  std::vector<UniqueFd> deaf;
  while (deaf.size() < kClients) deaf.push_back(connect(engine));
  for (int round = 0; round < 3000 && engine.page().tcp_rejected < kClients / 2; ++round) {
    for (const UniqueFd& fd : deaf)
      (void)::send(fd.get(), stream.data(), stream.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_GE(engine.page().tcp_rejected, kClients / 2);
  EXPECT_GT(engine.page().tcp_connections, 0U);
  const UniqueFd other = connect(engine);
  EXPECT_FALSE(ask_tcp(other.get(), query_with_id(2)).empty());
}

TEST(ClientShares, SpreadAndDependOnTheKey) {
  const auto counts_of = [](engine::HashKey key) {
    engine::ClientShares shares(key);
    std::set<const std::uint16_t*> seen;
    std::vector<std::ptrdiff_t> places;
    const std::uint8_t first[16] = {0x20, 1, 0xd, 0xb8};
    const std::uint16_t* const begin = &shares.of(first);
    for (int i = 0; i < 1000; ++i) {
      const std::uint8_t address[16] = {
          0x20, 1, 0xd, 0xb8, 0, 0, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i), 1};
      seen.insert(&shares.of(address));
      places.push_back(&shares.of(address) - begin);
    }
    return std::pair(seen.size(), places);
  };
  const auto one = counts_of({1, 2}), other = counts_of({3, 4});
  EXPECT_GT(one.first, 900U) << "the /64s of one /48";
  EXPECT_NE(one.second, other.second);
  engine::ClientShares shares({1, 2});
  const std::uint8_t host[16] = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 9},
                     same[16] = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 7};
  EXPECT_EQ(&shares.of(host), &shares.of(same));
}

TEST_F(Tcp, ConnectionSurvivesASwap) {
  TestEngine engine;
  engine.serve(image_);
  const UniqueFd fd = connect(engine);
  const Octets query = query_octets({.name = ".", .type = 6});
  EXPECT_EQ(ask_tcp(fd.get(), query), response_to(*image_, query, Transport::Tcp));
  const auto next = image_of(three_zones(2026112401));
  engine.serve(next);
  EXPECT_EQ(ask_tcp(fd.get(), query), response_to(*next, query, Transport::Tcp));
}

}  // namespace
}  // namespace imrs::test
