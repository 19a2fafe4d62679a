// Images change under load: every answer is from one of them, whole, and after serve() from the new one.
#include <gmock/gmock.h>
#include <sys/socket.h>

#include <atomic>
#include <thread>

#include "tests/dns/engine/client.h"
#include "tests/dns/engine/test_engine.h"
#include "tests/support/test_zones.h"

namespace imrs::test {
namespace {

struct Counts {
  std::atomic<int> answered{0}, wrong{0}, lost{0};
};

// Asks one after the other until `stop`; every answer has to be that of one of the images.
void ask_on(std::uint16_t port, const std::vector<Octets>& right, const Octets& query,
            const std::atomic<bool>& stop, Counts& counts) {
  const UniqueFd fd = connect_to(Family::V4, Transport::Udp, port);
  Octets out(2000);
  while (!stop) {
    const ssize_t sent = ::send(fd.get(), query.data(), query.size(), 0);
    const ssize_t n = sent > 0 ? ::recv(fd.get(), out.data(), out.size(), 0) : -1;
    ++(n > 0 ? counts.answered : counts.lost);
    if (n <= 0) continue;
    const bool known = std::ranges::any_of(right, [&](const Octets& want) {
      return std::ranges::equal(want, std::span(out).first(static_cast<std::size_t>(n)));
    });
    if (!known) ++counts.wrong;
  }
}

TEST(Swap, UnderLoadNothingIsMixedOrLost) {
  TestEngine engine(2);
  const auto old_image = image_of(three_zones(1));
  const auto new_image = image_of(three_zones(2));
  const Octets query = query_octets({.name = "bb.", .dnssec_ok = true});  // SOA and two pieces
  const Octets right[] = {response_to(*new_image, query), response_to(*old_image, query)};
  ASSERT_NE(right[0], right[1]);
  engine.serve(old_image);
  std::atomic<bool> stop{false};
  Counts counts;
  {
    std::vector<std::jthread> clients;
    for (int i = 0; i < 3; ++i) {
      clients.emplace_back([&] {
        ask_on(engine.port(Family::V4), {right[0], right[1]}, query, stop, counts);
      });
    }
    for (int swap = 0; swap < 100; ++swap) {
      engine.serve(swap % 2 == 0 ? new_image : old_image);
      EXPECT_EQ(ask_udp(Family::V4, engine.port(Family::V4), query), right[swap % 2]) << swap;
    }
    stop = true;
  }
  EXPECT_GT(counts.answered, 100);
  EXPECT_EQ(counts.wrong, 0);
  EXPECT_EQ(counts.lost, 0);
  EXPECT_EQ(engine.page(0).generation, 101U);
  EXPECT_EQ(engine.page(1).generation, 101U);
}

TEST(Swap, TheOldImageIsReleased) {
  TestEngine engine(2);
  auto first = image_of(three_zones(1));
  const std::weak_ptr<const image::Image> watch = first;
  engine.serve(std::move(first));
  EXPECT_FALSE(watch.expired());
  engine.serve(image_of(three_zones(2)));
  EXPECT_TRUE(watch.expired());
}

}  // namespace
}  // namespace imrs::test
