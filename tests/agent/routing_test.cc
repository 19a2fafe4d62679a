// What becomes of the decisions when the device goes, or the agent ends. No BIRD and no probe is needed.
#include "agent/routing.h"

#include <gmock/gmock.h>

#include <boost/asio/io_context.hpp>

namespace imrs::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr int kDown = static_cast<int>(health::Phase::Down), kUp = static_cast<int>(health::Phase::Up);

Config two_neighbours() {
  Config config;
  config.service.addresses = {{Family::V4, "192.0.2.53"}, {Family::V6, "2001:db8::53"}};
  config.engine.workers = 1;
  config.prefixes = {{.family = Family::V4, .text = "192.0.2.0/24"}};
  for (const Family family : kFamilies) {
    NeighbourConfig neighbour;
    neighbour.name = family == Family::V4 ? "host4" : "host6";
    neighbour.address = {family, family == Family::V4 ? "198.51.100.1" : "2001:db8:1::1"};
    config.bgp.neighbours.push_back(neighbour);
  }
  return config;
}

HandedDecision up(const std::string& neighbour, Family family) {
  HandedDecision out;
  out.neighbour = neighbour;
  out.family = to_string(family);
  out.targets = {{3, 0}, {3, 0}};  // UDP, TCP
  out.phase = kUp;
  out.reason = "every target answers right";
  return out;
}

class AdoptedRouting : public testing::Test {
 protected:
  boost::asio::io_context context_;
  const Config config_ = two_neighbours();
  health::Expectations expectations_;
  // Any interface that is there: the carrier is open, and is not touched again.
  Result<AnycastDevice> device_ = AnycastDevice::adopt(UniqueFd(), "lo", {}, true, true);
  History history_;
  bgp::Speaker speaker_{context_.get_executor(), {}, {}};
  int changes_ = 0;
  Routing routing_{context_.get_executor(),
                   config_,
                   expectations_,
                   *device_,
                   speaker_,
                   history_,
                   {.pressure = {}, .engine_unfit = {}, .changed = [this] { ++changes_; }}};
};

using DeviceGone = AdoptedRouting;

TEST_F(DeviceGone, EverybodyIsToldOfNothingAndMayRiseAgain) {
  routing_.adopt({up("host4", Family::V4), up("host6", Family::V6)});
  ASSERT_TRUE(routing_.announces_anything());
  routing_.start_over("anycast0 has been deleted");
  EXPECT_FALSE(routing_.announces_anything());
  EXPECT_EQ(changes_, 2);
  for (const HandedDecision& decided : routing_.hand_over()) {
    EXPECT_EQ(decided.phase, kDown) << decided.neighbour;
    EXPECT_THAT(decided.reason, HasSubstr("anycast0 has been deleted")) << decided.neighbour;
    EXPECT_TRUE(decided.way_out) << "the probes alone say when";
    EXPECT_EQ(decided.flaps, 1) << "it is held down like any withdrawal";
    EXPECT_THAT(decided.targets, ElementsAre(std::array{0, 0}, std::array{0, 0}));
  }
}

TEST_F(DeviceGone, WhoHadNoWayOutHasNoneStill) {
  HandedDecision without = up("host6", Family::V6);
  without.phase = kDown;
  without.way_out = false;
  without.reason = "no way out: the link eth0 is down";
  routing_.adopt({up("host4", Family::V4), without});
  routing_.start_over("anycast0 has been deleted");
  const auto decided = routing_.hand_over();
  ASSERT_EQ(decided.size(), 2U);
  EXPECT_EQ(decided[0].phase, kDown);
  EXPECT_FALSE(decided[1].way_out);
  EXPECT_EQ(decided[1].reason, without.reason);
}

using Drains = AdoptedRouting;

constexpr std::array<double, 2> kQuiet{0, 0};

std::vector<int> overlays(const Routing& routing) {
  std::vector<int> out;
  for (const HandedDecision& decided : routing.hand_over()) out.push_back(decided.overlay);
  return out;
}

// An agent that is told to stop drains; who looks after drains at that very moment must not take it for one
// that has lasted.
TEST_F(Drains, OneBeforeTheEndHasItsTimeFromItsBeginning) {
  constexpr int kDrain = static_cast<int>(health::Overlay::Drain);
  routing_.adopt({up("host4", Family::V4), up("host6", Family::V6)});
  routing_.drain_rest("the agent was told to stop");
  routing_.advance_drains(kQuiet);
  EXPECT_THAT(overlays(routing_), ElementsAre(kDrain, kDrain));
  routing_.finish_drains("the agent was told to stop");
  EXPECT_THAT(overlays(routing_), testing::Each(static_cast<int>(health::Overlay::Drained)));
}

// Asked for once more: it goes on from where it was.
TEST_F(Drains, OneThatIsOrderedTwiceDoesNotBeginAnew) {
  routing_.adopt({up("host4", Family::V4), up("host6", Family::V6)});
  routing_.order({.family = std::nullopt, .neighbour = ""}, {health::Overlay::Drain, "first"});
  const auto before = routing_.hand_over();
  routing_.order({.family = std::nullopt, .neighbour = ""}, {health::Overlay::Drain, "second"});
  const auto after = routing_.hand_over();
  ASSERT_EQ(after.size(), 2U);
  for (std::size_t i = 0; i < after.size(); ++i) {
    EXPECT_NE(before[i].drain_began, 0);
    EXPECT_EQ(after[i].drain_began, before[i].drain_began);
    EXPECT_THAT(after[i].order, HasSubstr("second"));
  }
}

}  // namespace
}  // namespace imrs::agent
