#include "agent/snapshot/snapshot.h"

#include <gtest/gtest.h>

namespace imrs {
namespace {

Snapshot filled() {
  Snapshot s;
  s.time_ms = 1764000000000;
  s.identity = "lab01";
  s.history = {{1764000000000, "order", "drain host6: new disks"}};
  s.decisions.push_back({.family = Family::V6,
                         .neighbour = "host6",
                         .phase = "falling",
                         .overlay = "drain",
                         .announce = true,
                         .reason = "silent",
                         .since_ms = 5,
                         .prefixes = {{"2001:500:9f::/48", "specific", true, false}}});
  s.bgp.bird_error = "gone";
  s.bgp.sessions.push_back({.name = "host6",
                            .family = Family::V6,
                            .neighbour = "2001:db8::2",
                            .neighbour_as = 4200000000,
                            .local_as = 20144,
                            .state = "Idle",
                            .since = "x",
                            .last_error = "e",
                            .message = "bye",
                            .exported = {"a", "b"}});
  s.probes.push_back({.service = "199.7.83.42",
                      .transport = Transport::Tcp,
                      .worker = 1,
                      .last = "right",
                      .right = 18446744073709551615U});
  s.links.push_back({.device = "eth0", .carrier = false, .receive_bytes = 9, .receive_drops = 7});
  s.clock_synchronised = true;
  s.alarms = {"one", "two"};
  return s;
}

TEST(Snapshot, SurvivesJson) {
  const std::string text = to_json(filled());
  const auto back = snapshot_from_json(text);
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(to_json(*back), text);
  EXPECT_EQ(back->decisions[0].family, Family::V6);
  EXPECT_EQ(back->decisions[0].neighbour, "host6");
  EXPECT_EQ(back->decisions[0].overlay, "drain");
  ASSERT_EQ(back->history.size(), 1U);
  EXPECT_EQ(back->history[0].text, "drain host6: new disks");
  EXPECT_EQ(back->decisions[0].prefixes[0].prefix, "2001:500:9f::/48");
  EXPECT_EQ(back->bgp.sessions[0].neighbour_as, 4200000000U);
  EXPECT_EQ(back->probes[0].transport, Transport::Tcp);
  EXPECT_EQ(back->probes[0].right, 18446744073709551615U);
  EXPECT_EQ(back->links[0].receive_drops, 7U);
  EXPECT_FALSE(back->links[0].carrier);
  EXPECT_TRUE(back->clock_synchronised);
  EXPECT_EQ(back->alarms.size(), 2U);
}

TEST(Snapshot, TextThatIsNotUtf8IsReplaced) {
  Snapshot s = filled();
  s.bgp.sessions[0].message = "bad \xff octet";
  const auto back = snapshot_from_json(to_json(s));
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(back->bgp.sessions[0].message, "bad \xef\xbf\xbd octet");
}

TEST(Snapshot, WhatIsNotASnapshotIsRefused) {
  const std::string good = to_json(filled());
  for (const std::string& text : {std::string(), std::string("{}"), std::string("[]"), std::string("7"),
                                  good.substr(0, good.size() - 1)}) {
    EXPECT_FALSE(snapshot_from_json(text).ok()) << text.substr(0, 40);
  }
}

}  // namespace
}  // namespace imrs
