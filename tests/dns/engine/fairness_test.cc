// What one turn of a worker gives to whom, with the worker halted between turns: what a client has by then
// does not depend on how quick anybody is.
#include <gmock/gmock.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <functional>

#include "dns/engine/worker.h"
#include "tests/dns/engine/client.h"
#include "tests/dns/engine/test_engine.h"
#include "tests/support/test_zones.h"

namespace imrs::test {
namespace {

using engine::UdpBatch;

constexpr std::size_t kConnections = 64;  // as many as a worker may accept in a turn
constexpr std::size_t kPipelined = 400;   // queries of each: three reads
constexpr std::size_t kDatagrams = 4 * UdpBatch::kMessages;
constexpr std::size_t kDatagramsOfATurn = 2 * UdpBatch::kMessages;
constexpr int kMaxTurns = 10000;

class HaltedWorker : public testing::Test {
 protected:
  void SetUp() override {
    LoopbackSockets loopback = open_loopback(1);
    port_ = loopback.port[0];
    const engine::WorkerContext context{.page = page_,
                                        .tables = pages_.tables()[0],
                                        .identity = identity_,
                                        .limiter = nullptr,
                                        .client_key = {},
                                        .source_key = {1, 2}};
    auto worker = engine::Worker::make(std::move(loopback.sockets), context, slot_, {});
    ASSERT_TRUE(worker.ok()) << worker.error().message;
    worker_ = std::move(*worker);
    slot_.publish(&published_);
    for (std::size_t i = 0; i < kConnections; ++i) {
      clients_.push_back(connect_to(Family::V4, Transport::Tcp, port_));
      ASSERT_TRUE(clients_.back().valid());
    }
  }

  void turn() {
    worker_->turn();
    ++turns_;
  }

  // Turn after turn until the condition holds, checking after each.
  void turn_until(const std::function<bool()>& condition, const std::function<void()>& check) {
    for (int i = 0; i < kMaxTurns && !condition(); ++i) {
      turn();
      check();
    }
    EXPECT_TRUE(condition());
  }

  void ask_much_by_tcp() {
    Octets stream;
    for (std::size_t i = 0; i < kPipelined; ++i) append_framed(stream, query_);
    for (const UniqueFd& client : clients_) ASSERT_TRUE(send_all(client.get(), stream));
  }
  void ask_much_by_udp() {
    udp_ = connect_to(Family::V4, Transport::Udp, port_);
    for (std::size_t i = 0; i < kDatagrams; ++i) {
      ASSERT_GT(::send(udp_.get(), query_.data(), query_.size(), 0), 0);
    }
  }

  // UDP has had its full share of each turn since `start`.
  void check_udp(std::uint64_t start) const {
    EXPECT_EQ(page_.traffic[0][0].queries,
              std::min((turns_ - start) * kDatagramsOfATurn, std::uint64_t{kDatagrams}));
  }

  // Octets that lie ready for the clients, the least and the most that one has.
  [[nodiscard]] std::pair<int, int> least_and_most() const {
    std::vector<int> ready;
    for (const UniqueFd& client : clients_) {
      EXPECT_EQ(::ioctl(client.get(), FIONREAD, &ready.emplace_back()), 0);
    }
    const auto [least, most] = std::ranges::minmax(ready);
    return {least, most};
  }

  const Octets query_ = query_octets({.name = "nope.", .udp_size = -1});
  const std::shared_ptr<const image::Image> image_ = image_of(three_zones());
  const int all_ = static_cast<int>(kPipelined * (2 + response_to(*image_, query_, Transport::Tcp).size()));
  const answer::Identity identity_{"lab01", "IMRS"};
  const counts::Pages pages_ = new_pages(1);
  const engine::NamePlaces names_ = engine::NameRegistry(pages_.names()).places_of(*image_);
  const engine::Published published_{image_.get(), 1, {}, {}, 0, &names_};
  engine::ImageSlot slot_;
  WorkerPage& page_ = pages_.workers()[0];
  std::unique_ptr<engine::Worker> worker_;
  std::uint16_t port_ = 0;
  std::vector<UniqueFd> clients_;
  UniqueFd udp_;
  std::uint64_t turns_ = 0;
};

// They get a bounded share of a turn, and none has all it wants before each has had something.
TEST_F(HaltedWorker, ConnectionsThatAskMuchHaveTheirTurnsOneAfterTheOther) {
  turn_until([&] { return page_.tcp_connections == kConnections; }, [] {});
  ask_much_by_tcp();
  ask_much_by_udp();
  const std::uint64_t start = turns_;
  turn_until([&] { return least_and_most().first > 0; },
             [&] {
               check_udp(start);
               const auto [least, most] = least_and_most();
               EXPECT_FALSE(most == all_ && least == 0) << "one is done, another has not been served";
             });
  EXPECT_GT(turns_ - start, 1U) << "all of them in one turn: UDP had to wait";
  turn_until([&] { return least_and_most().first == all_; }, [] {});
}

TEST_F(HaltedWorker, ConnectionsThatComeWithMuchAreNotAllTakenInOneTurn) {
  ask_much_by_tcp();
  ask_much_by_udp();
  turn_until([&] { return page_.tcp_connections == kConnections; }, [&] { check_udp(0); });
  EXPECT_GT(turns_, 1U) << "UDP had to wait for all of them";
  turn_until([&] { return least_and_most().first == all_; }, [] {});
}

}  // namespace
}  // namespace imrs::test
