// Whether an appliance is as it was before its configuration was replaced.
#include "agent/ctl/config_watch.h"

#include <gmock/gmock.h>

#include <functional>

#include "tests/agent/ctl/config_samples.h"

namespace imrs::ctl {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Verdict = Watch::Verdict;

TEST(ConfigWatch, WhatStands) {
  Snapshot snapshot = sample_snapshot();
  EXPECT_THAT(standing_of(snapshot),
              ElementsAre(Standing{"host4", Family::V4, true}, Standing{"host6", Family::V6, true}));
  snapshot.decisions[0].prefixes[0].exported = false;
  snapshot.decisions[1].phase = "rising";
  EXPECT_THAT(standing_of(snapshot), ElementsAre(Standing{"host4", Family::V4, false}));
  snapshot.decisions = {decision("", Family::V4, "up", true)};
  EXPECT_THAT(standing_of(snapshot), IsEmpty()) << "no neighbour is of this family";
  snapshot.decisions = {decision("host4", Family::V4, "up", false)};
  snapshot.decisions[0].announce = false;  // withdrawn by order
  EXPECT_THAT(standing_of(snapshot), ElementsAre(Standing{"host4", Family::V4, false}));
  snapshot.decisions = {decision("host4", Family::V4, "falling", true)};
  snapshot.decisions[0].prefixes.push_back({"199.7.82.0/23", "covering", false, false});  // not wanted
  EXPECT_THAT(standing_of(snapshot), ElementsAre(Standing{"host4", Family::V4, true}));
}

TEST(ConfigWatch, WhatIsMissing) {
  struct Case {
    const char* description;
    std::function<void(Snapshot&, Config&)> change;
    const char* want;  // nullptr: all is as it was
  };
  const Case cases[] = {
      {"as before", [](Snapshot&, Config&) {}, nullptr},
      {"a decision is not up", [](Snapshot& s, Config&) { s.decisions[0].phase = "rising"; },
       "host4: rising, because"},
      {"a silence is no fall", [](Snapshot& s, Config&) { s.decisions[0].phase = "falling"; }, nullptr},
      {"the session has gone, and the decision is still up",
       [](Snapshot& s, Config&) {
         s.decisions[1].prefixes[0].exported = false;
         s.bgp.sessions[1].state = "Active";
       },
       "host6: not everything is announced (session Active)"},
      {"nothing is announced", [](Snapshot& s, Config&) { s.decisions[0].announce = false; },
       "host4: not everything"},
      {"the agent lost it", [](Snapshot& s, Config&) { s.decisions.pop_back(); },
       "host6: the agent does not know it"},
      {"a family is given up",
       [](Snapshot& s, Config& c) {
         s.decisions.pop_back();
         c.bgp.neighbours.pop_back();
       },
       nullptr},
      {"it is called otherwise",
       [](Snapshot& s, Config& c) { s.decisions[0].neighbour = c.bgp.neighbours[0].name = "east4"; },
       nullptr},
      {"it is called otherwise, and is not told everything",
       [](Snapshot& s, Config& c) {
         s.decisions[0] = decision("east4", Family::V4, "up", false);
         c.bgp.neighbours[0].name = "east4";
       },
       "host4 is gone from the configuration, and no other neighbour of ipv4 stands in for it"},
      {"a new one is not waited for",
       [](Snapshot& s, Config& c) {
         s.decisions.push_back(decision("new4", Family::V4, "down", false));
         c.bgp.neighbours.push_back(c.bgp.neighbours[0]);
         c.bgp.neighbours.back().name = "new4";
       },
       nullptr},
      {"a new zone is",
       [](Snapshot& s, Config&) {
         s.zones.emplace_back();
         s.zones.back().origin = "arpa.";
         s.zones.back().last_reason = "connection refused";
       },
       "zone arpa. is not served: connection refused"},
      {"and then it is there",
       [](Snapshot& s, Config&) {
         s.zones.emplace_back();
         s.zones.back().origin = "arpa.";
         s.zones.back().loaded_ms = 1;
       },
       nullptr},
  };
  const auto before = standing_of(sample_snapshot());
  for (const Case& one : cases) {
    SCOPED_TRACE(one.description);
    Snapshot now = sample_snapshot();
    Config after = sample_config();
    one.change(now, after);
    const auto missing = not_back(before, now, after);
    if (one.want == nullptr) {
      EXPECT_THAT(missing, IsEmpty());
    } else {
      EXPECT_THAT(missing, ElementsAre(HasSubstr(one.want)));
    }
  }
}

TEST(ConfigWatch, WhatWasNotAnnouncedNeedNotBe) {
  Snapshot now = sample_snapshot();
  now.decisions[0].prefixes[0].exported = false;
  EXPECT_THAT(not_back({{"host4", Family::V4, false}}, now, sample_config()), IsEmpty());
  EXPECT_THAT(not_back({}, Snapshot(), sample_config()), IsEmpty()) << "nothing was up before";
  now.zones.emplace_back();
  EXPECT_THAT(not_back({}, now, sample_config()), IsEmpty()) << "nor was anything served";
}

TEST(ConfigWatch, HasToBeSteadyAndInTime) {
  const Watch::Clock::time_point begun{};
  const Snapshot good = sample_snapshot();
  Snapshot bad = good;
  bad.decisions[0].phase = "down";
  Watch watch(standing_of(good), sample_config(), begun, {milliseconds(10'000), milliseconds(3'000)});
  const auto see = [&](int at, const std::optional<Snapshot>& snapshot) {
    return watch.see(snapshot, "gone", begun + milliseconds(at));
  };
  EXPECT_EQ(see(0, good), Verdict::Wait) << "what is good at once may be what was before";
  EXPECT_EQ(see(2'900, good), Verdict::Wait);
  EXPECT_EQ(see(2'950, std::nullopt), Verdict::Wait);
  EXPECT_EQ(watch.missing(), "the agent does not answer: gone");
  EXPECT_EQ(see(4'000, bad), Verdict::Wait);
  EXPECT_EQ(see(9'000, good), Verdict::Wait) << "anew";
  EXPECT_EQ(see(11'000, good), Verdict::Wait) << "what began in time may become steady";
  EXPECT_EQ(see(12'000, good), Verdict::Back);
  EXPECT_EQ(see(12'000, bad), Verdict::Late);
  EXPECT_EQ(watch.missing(), "host4: down, because");
  Watch silent(standing_of(good), sample_config(), begun, {milliseconds(10'000), milliseconds(3'000)});
  EXPECT_EQ(silent.see(std::nullopt, "gone", begun + milliseconds(9'999)), Verdict::Wait);
  EXPECT_EQ(silent.see(std::nullopt, "gone", begun + milliseconds(10'000)), Verdict::Late);
}

// What a firewall cuts off looks well for a hold time.
TEST(ConfigWatch, ANewFirewallIsWatchedForAHoldTime) {
  Config config;
  config.bgp.neighbours.resize(2);
  config.bgp.neighbours[1].hold_time = 90;
  const Watch::Limits usual;
  EXPECT_EQ(limits_for(config, false, usual).steady, usual.steady);
  const Watch::Limits longer = limits_for(config, true, usual);
  EXPECT_EQ(longer.steady, std::chrono::seconds(91));
  EXPECT_EQ(longer.within, usual.within);
  config.bgp.neighbours[1].hold_time = 3600;
  EXPECT_GT(limits_for(config, true, usual).within, std::chrono::seconds(3601));
}

}  // namespace
}  // namespace imrs::ctl
