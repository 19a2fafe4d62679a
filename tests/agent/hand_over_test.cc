// What goes from one agent to the next.
#include "agent/hand_over.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include "agent/base/memfd.h"

namespace imrs::agent {
namespace {

using testing::HasSubstr;

HandedOver sample() {
  HandedOver state;
  state.shape = "a shape";
  state.launcher = 3;
  state.tun = 4;
  state.notify = {5, 6};
  state.engine.pid = 77;
  state.engine.channel = 7;
  state.engine.sockets = {{8, 1, 1, 0, 2, 1}};
  state.engine.secrets = {"00112233445566778899aabbccddeeff"};
  state.engine.rate_key = {1, 2};
  state.decisions = {{.neighbour = "host4",
                      .family = "ipv4",
                      .targets = {{3, 0}, {2, 1}},
                      .phase = 2,
                      .overlay = 1,
                      .flaps = 4,
                      .reason = "r",
                      .order = "o",
                      .expired = false,
                      .way_out = true,
                      .held_until = 5,
                      .up_since = 6,
                      .drain_began = 7,
                      .since_ms = 8}};
  state.waivers = {{"soa-expire", 1'800'000'000}};
  state.history = {{1, "order", "drain"}};
  state.start = "a1b2";
  state.order_number = 9;
  state.confirmed = {{".", {1'700'000'000, true, false}}, {"arpa.", {1'600'000'000, false, true}}};
  return state;
}

TEST(HandOver, ComesBackAsItWas) {
  const std::string text = to_json(sample());
  const auto back = parse_handed_over(text);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(to_json(*back), text);
  EXPECT_THAT(back->descriptors(), testing::UnorderedElementsAre(3, 4, 5, 6, 7, 8));
  EXPECT_EQ(back->decisions[0].targets[1][1], 1);
  EXPECT_EQ(back->confirmed, sample().confirmed);
}

TEST(HandOver, WhatIsOfAnotherVersionOrNonsenseIsRefused) {
  HandedOver other = sample();
  other.version = HandedOver::kVersion + 1;
  EXPECT_THAT(parse_handed_over(to_json(other)).error().message, HasSubstr("restart it instead"));
  for (const char* text : {"", "{}", "[]", R"({"version": "1"})", R"({"version": 1})"}) {
    EXPECT_FALSE(parse_handed_over(text)) << text;
  }
}

TEST(HandOver, EveryDescriptorHasToBeOpen) {
  HandedOver state;
  state.tun = STDERR_FILENO;
  const auto handed = [&] {
    const std::string text = to_json(state);
    auto memfd = make_sealed_memfd("test", {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
    return read_handed_over(memfd->get());
  };
  EXPECT_TRUE(handed());
  state.launcher = 999;
  EXPECT_THAT(handed().error().message, HasSubstr("handed descriptor 999"));
}

TEST(HandOver, TheShapeTellsWhatNeedsARestart) {
  Config config;
  config.service.addresses = {{Family::V4, "199.7.83.42"}};
  config.engine.workers = 2;
  const std::string before = shape_of(config);
  config.health.rise = 7;
  EXPECT_EQ(shape_of(config), before);
  config.engine.workers = 3;
  EXPECT_NE(shape_of(config), before);
}

}  // namespace
}  // namespace imrs::agent
