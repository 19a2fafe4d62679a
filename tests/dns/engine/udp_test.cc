// UDP through real sockets: answers, counters, probes.
#include <gmock/gmock.h>
#include <sys/socket.h>

#include <set>

#include "tests/dns/engine/client.h"
#include "tests/dns/engine/test_engine.h"
#include "tests/support/test_zones.h"

namespace imrs::test {
namespace {

TEST(Udp, AnswersBothFamiliesAsTheResponderDoes) {
  TestEngine engine;
  const auto image = image_of(three_zones());
  engine.serve(image);
  for (const Family family : kFamilies) {
    for (const char* name : {".", "alpha.", "nope.", "arpa."}) {
      const Octets query = query_octets({.name = name, .type = 2, .dnssec_ok = true});
      EXPECT_EQ(ask_udp(family, engine.port(family), query), response_to(*image, query)) << name;
    }
  }
}

TEST(Udp, CountsWhatItReceivesAndSends) {
  TestEngine engine;
  engine.serve(image_of(three_zones()));
  const Octets query = query_octets({.name = "nope."});
  const Octets cut = query_octets({.name = "bb.", .dnssec_ok = true, .udp_size = 512});
  const std::size_t size = ask_udp(Family::V4, engine.port(Family::V4), query).size();
  const std::size_t cut_size = ask_udp(Family::V4, engine.port(Family::V4), cut).size();
  const TrafficCounters& counters = engine.page().traffic[0][0];
  EXPECT_EQ(counters.queries, 2U);
  EXPECT_EQ(counters.responses, 2U);
  EXPECT_EQ(counters.query_bytes, query.size() + cut.size());
  EXPECT_EQ(counters.response_bytes, size + cut_size);
  EXPECT_EQ(counters.rcodes[3], 2U);
  EXPECT_EQ(counters.truncated, (read_response(response_to(*image_of(three_zones()), cut)).tc ? 1U : 0U));
  EXPECT_EQ(engine.page().traffic[0][1].queries, 0U);
  EXPECT_EQ(engine.page().probes, 0U);
}

TEST(Udp, ProbesAreAnsweredAndNotCountedAsTraffic) {
  TestEngine engine(1, {}, 1);
  engine.serve(image_of(three_zones()));
  EXPECT_FALSE(ask_udp(Family::V6, engine.port(Family::V6), query_octets({})).empty());
  EXPECT_EQ(engine.page().probes, 1U);
  EXPECT_EQ(engine.page().traffic[0][1].queries, 0U);
}

// What deserves no answer gets none, and the ones around it do.
TEST(Udp, SilenceForResponsesAndShortMessages) {
  TestEngine engine;
  engine.serve(image_of(three_zones()));
  const UniqueFd fd = connect_to(Family::V4, Transport::Udp, engine.port(Family::V4));
  const Octets query = query_octets({});
  Octets response = query;
  response[2] |= 0x80;
  for (const Octets& message : {Octets{}, Octets{1}, response, query}) {
    ASSERT_GE(::send(fd.get(), message.data(), message.size(), 0), 0);
  }
  Octets out(2000);
  EXPECT_GT(::recv(fd.get(), out.data(), out.size(), 0), 12);
  EXPECT_LT(::recv(fd.get(), out.data(), out.size(), MSG_DONTWAIT), 0);
  EXPECT_EQ(engine.page().traffic[0][0].unanswered, 3U);
  EXPECT_EQ(engine.page().traffic[0][0].responses, 1U);
}

TEST(Udp, MoreThanABatchAtOnce) {
  TestEngine engine;
  engine.serve(image_of(three_zones()));
  const UniqueFd fd = connect_to(Family::V4, Transport::Udp, engine.port(Family::V4));
  constexpr std::uint8_t kQueries = 200;
  Octets query = query_octets({.name = "nope."});
  for (std::uint8_t i = 0; i < kQueries; ++i) {
    query[1] = i;
    ASSERT_GT(::send(fd.get(), query.data(), query.size(), 0), 0);
  }
  std::set<std::uint8_t> seen;
  Octets out(2000);
  while (seen.size() < kQueries && ::recv(fd.get(), out.data(), out.size(), 0) > 0) {
    seen.insert(out[1]);
  }
  EXPECT_EQ(seen.size(), kQueries);
}

TEST(Udp, QueriesBeforeTheFirstImageWaitInTheKernel) {
  TestEngine engine;
  const UniqueFd fd = connect_to(Family::V4, Transport::Udp, engine.port(Family::V4));
  const Octets query = query_octets({});
  ASSERT_GT(::send(fd.get(), query.data(), query.size(), 0), 0);
  engine.serve(image_of(three_zones()));
  Octets out(2000);
  EXPECT_GT(::recv(fd.get(), out.data(), out.size(), 0), 12);
}

}  // namespace
}  // namespace imrs::test
