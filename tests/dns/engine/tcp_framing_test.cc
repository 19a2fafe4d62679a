// A stream in any cuts gives the same messages.
#include "dns/engine/tcp_framing.h"

#include <gmock/gmock.h>

#include <cstring>

namespace imrs::engine {
namespace {

using Octets = std::vector<std::uint8_t>;

Octets message(std::size_t size, std::uint8_t fill) {
  Octets out{static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size)};
  out.insert(out.end(), size, fill);
  return out;
}

// Feeds `stream` in parts of `part` octets; the sizes of the messages that came out.
std::vector<std::size_t> feed(TcpFraming& framing, const Octets& stream, std::size_t part) {
  std::vector<std::size_t> sizes;
  std::size_t done = 0;
  while (done < stream.size() && !framing.broken()) {
    const auto room = framing.room();
    const std::size_t now = std::min({part, room.size(), stream.size() - done});
    std::memcpy(room.data(), stream.data() + done, now);
    framing.received(now);
    done += now;
    for (auto next = framing.next(); !next.empty(); next = framing.next()) {
      sizes.push_back(next.size());
    }
  }
  return sizes;
}

TEST(TcpFraming, EveryCut) {
  Octets stream;
  for (const std::size_t size : {12U, 17U, 300U, 4096U, 12U}) {
    const Octets part = message(size, static_cast<std::uint8_t>(size));
    stream.insert(stream.end(), part.begin(), part.end());
  }
  for (std::size_t part = 1; part <= stream.size(); ++part) {
    TcpFraming framing;
    EXPECT_THAT(feed(framing, stream, part), testing::ElementsAre(12, 17, 300, 4096, 12)) << part;
    EXPECT_FALSE(framing.broken());
    EXPECT_FALSE(framing.in_message()) << part;
  }
}

TEST(TcpFraming, LengthsThatNoQueryHas) {
  const struct {
    std::size_t size;
    bool broken;
  } cases[] = {{0, true}, {11, true}, {12, false}, {4096, false}, {4097, true}, {65535, true}};
  for (const auto& c : cases) {
    TcpFraming framing;
    feed(framing, message(c.size, 1), 1);
    EXPECT_EQ(framing.broken(), c.broken) << c.size;
  }
}

TEST(TcpFraming, BrokenStaysBroken) {
  TcpFraming framing;
  Octets stream = message(3, 1);
  const Octets good = message(20, 2);
  stream.insert(stream.end(), good.begin(), good.end());
  EXPECT_THAT(feed(framing, stream, stream.size()), testing::IsEmpty());
  EXPECT_TRUE(framing.broken());
}

TEST(TcpFraming, MessageBeforeABrokenOneComesOut) {
  TcpFraming framing;
  Octets stream = message(20, 2);
  stream.insert(stream.end(), {0, 1});
  EXPECT_THAT(feed(framing, stream, stream.size()), testing::ElementsAre(20));
  EXPECT_TRUE(framing.broken());
}

TEST(TcpFraming, HalfAMessageIsInMessage) {
  TcpFraming framing;
  const Octets stream = message(20, 2);
  feed(framing, Octets(stream.begin(), stream.begin() + 1), 1);
  EXPECT_TRUE(framing.in_message());
}

}  // namespace
}  // namespace imrs::engine
