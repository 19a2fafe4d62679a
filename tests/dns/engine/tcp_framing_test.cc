// A stream in any cuts gives the same messages.
#include "dns/engine/tcp_framing.h"

#include <gmock/gmock.h>

namespace imrs::engine {
namespace {

using Octets = std::vector<std::uint8_t>;

Octets message(std::size_t size, std::uint8_t fill) {
  Octets out{static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size)};
  out.insert(out.end(), size, fill);
  return out;
}

struct Fed {
  std::vector<std::size_t> sizes;  // of the messages that came out
  bool broken = false;
  Octets rest;
};

// Feeds `stream` in parts of `part` octets.
Fed feed(const Octets& stream, std::size_t part) {
  Fed fed;
  for (std::size_t done = 0; done < stream.size() && !fed.broken;) {
    const std::size_t now = std::min(part, stream.size() - done);
    const auto from = stream.begin() + static_cast<std::ptrdiff_t>(done);
    fed.rest.insert(fed.rest.end(), from, from + static_cast<std::ptrdiff_t>(now));
    done += now;
    const Octets whole = std::move(fed.rest);
    TcpFraming framing(whole);
    for (auto next = framing.next(); !next.empty(); next = framing.next()) fed.sizes.push_back(next.size());
    fed.broken = framing.broken();
    fed.rest.assign(framing.rest().begin(), framing.rest().end());
  }
  return fed;
}

TEST(TcpFraming, EveryCut) {
  Octets stream;
  for (const std::size_t size : {12U, 17U, 300U, 4096U, 12U}) {
    const Octets part = message(size, static_cast<std::uint8_t>(size));
    stream.insert(stream.end(), part.begin(), part.end());
  }
  for (std::size_t part = 1; part <= stream.size(); ++part) {
    const Fed fed = feed(stream, part);
    EXPECT_THAT(fed.sizes, testing::ElementsAre(12, 17, 300, 4096, 12)) << part;
    EXPECT_FALSE(fed.broken);
    EXPECT_TRUE(fed.rest.empty()) << part;
  }
}

TEST(TcpFraming, LengthsThatNoQueryHas) {
  const struct {
    std::size_t size;
    bool broken;
  } cases[] = {{0, true}, {11, true}, {12, false}, {4096, false}, {4097, true}, {65535, true}};
  for (const auto& c : cases) {
    EXPECT_EQ(feed(message(c.size, 1), 1).broken, c.broken) << c.size;
  }
}

TEST(TcpFraming, BrokenStaysBroken) {
  Octets stream = message(3, 1);
  const Octets good = message(20, 2);
  stream.insert(stream.end(), good.begin(), good.end());
  TcpFraming framing(stream);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(framing.next().empty());
  EXPECT_TRUE(framing.broken());
}

TEST(TcpFraming, MessageBeforeABrokenOneComesOut) {
  Octets stream = message(20, 2);
  stream.insert(stream.end(), {0, 1});
  const Fed fed = feed(stream, stream.size());
  EXPECT_THAT(fed.sizes, testing::ElementsAre(20));
  EXPECT_TRUE(fed.broken);
}

TEST(TcpFraming, HalfAMessageIsLeft) {
  const Octets stream = message(20, 2);
  for (std::size_t size = 1; size < stream.size(); ++size) {
    const Octets half(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(size));
    const Fed fed = feed(half, 1);
    EXPECT_TRUE(fed.sizes.empty());
    EXPECT_EQ(fed.rest, half);
  }
}

}  // namespace
}  // namespace imrs::engine
