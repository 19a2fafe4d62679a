// From the desired set and what BIRD shows to commands.
#include "bgp/announcement.h"

#include <gmock/gmock.h>

#include <map>

namespace imrs::bgp {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr FamilyAnnouncement kNone{}, kBoth{true, true, false}, kDrain{true, true, true},
    kCovering{false, true, false};

AnnouncedSet set(FamilyAnnouncement v4, FamilyAnnouncement v6) {
  AnnouncedSet all;
  all.at(Family::V4) = v4;
  all.at(Family::V6) = v6;
  return all;
}

std::vector<ProtocolRow> rows(const std::map<std::string, std::string>& states) {
  std::vector<ProtocolRow> all{{"device1", "Device", "---", "up", "now", ""}};
  for (const auto& [name, state] : states) {
    all.push_back({name, "Static", "master4", state, "now", ""});
  }
  return all;
}

std::map<std::string, std::string> all_states(const std::string& state) {
  return {{"specific_v4", state}, {"specific_v6", state}, {"covering_v4", state},
          {"covering_v6", state}, {"drain_v4", state},    {"drain_v6", state}};
}

std::vector<std::string> commands(const Plan& plan) {
  std::vector<std::string> all;
  for (const Step& step : plan.steps) all.push_back(step.command);
  return all;
}

TEST(Announcement, NamesAllSixProtocolsDisabledOnesFirst) {
  const auto none = protocols_for({});
  ASSERT_EQ(none.size(), 6U);
  for (const ProtocolWish& wish : none) EXPECT_FALSE(wish.enabled) << wish.name;
  EXPECT_THAT(protocols_for(set(kBoth, kCovering)),
              ElementsAre(ProtocolWish{"specific_v6", false}, ProtocolWish{"drain_v4", false},
                          ProtocolWish{"drain_v6", false}, ProtocolWish{"specific_v4", true},
                          ProtocolWish{"covering_v4", true}, ProtocolWish{"covering_v6", true}));
}

TEST(Announcement, PlansWhatDiffers) {
  auto with = [](std::map<std::string, std::string> base, const char* name, const char* state) {
    base[name] = state;
    return base;
  };
  struct Case {
    const char* description;
    AnnouncedSet wanted;
    std::map<std::string, std::string> seen;
    std::vector<std::string> want;
  };
  const auto down = all_states("down");
  auto both = with(with(down, "specific_v4", "up"), "covering_v4", "up");
  const Case cases[] = {
      {"nothing wanted, nothing up", {}, down, {}},
      {"nothing wanted, all up",
       {},
       all_states("up"),
       {"disable \"specific_v4\"", "disable \"specific_v6\"", "disable \"covering_v4\"",
        "disable \"covering_v6\"", "disable \"drain_v4\"", "disable \"drain_v6\""}},
      {"announce one family", set(kBoth, kNone), down, {"enable \"specific_v4\"", "enable \"covering_v4\""}},
      {"announced already", set(kBoth, kNone), both, {}},
      {"enable lost by configure",
       set(kBoth, kNone),
       with(both, "covering_v4", "down"),
       {"enable \"covering_v4\""}},
      {"somebody enabled the drain",
       set(kBoth, kNone),
       with(both, "drain_v4", "up"),
       {"disable \"drain_v4\""}},
      {"drain adds", set(kDrain, kNone), both, {"enable \"drain_v4\""}},
      {"specifics go, covering stays", set(kCovering, kNone), both, {"disable \"specific_v4\""}},
      {"from one family to the other: disable first",
       set(kNone, kBoth),
       both,
       {"disable \"specific_v4\"", "disable \"covering_v4\"", "enable \"specific_v6\"",
        "enable \"covering_v6\""}},
      {"flush is not down yet", {}, with(down, "specific_v4", "flush"), {"disable \"specific_v4\""}},
      {"stop is not down yet", {}, with(down, "specific_v4", "stop"), {"disable \"specific_v4\""}},
      {"start is not down", {}, with(down, "specific_v4", "start"), {"disable \"specific_v4\""}},
      {"start is not up yet",
       set(kBoth, kNone),
       with(both, "specific_v4", "start"),
       {"enable \"specific_v4\""}},
      {"an unknown state is neither", {}, with(down, "drain_v6", "???"), {"disable \"drain_v6\""}},
  };
  for (const Case& c : cases) {
    const Plan plan = make_plan(c.wanted, rows(c.seen));
    EXPECT_EQ(commands(plan), c.want) << c.description;
    EXPECT_THAT(plan.missing, IsEmpty()) << c.description;
    EXPECT_EQ(plan.done(), c.want.empty()) << c.description;
    const bool withdraws = !c.want.empty() && c.want[0].starts_with("disable");
    EXPECT_EQ(plan.withdraws(), withdraws) << c.description;
  }
}

TEST(Announcement, NamesProtocolsThatBirdDoesNotKnow) {
  auto states = all_states("down");
  states.erase("drain_v4");
  states.erase("covering_v6");
  const Plan plan = make_plan(set(kDrain, kNone), rows(states));
  EXPECT_THAT(plan.missing, ElementsAre("covering_v6", "drain_v4"));
  EXPECT_THAT(commands(plan), ElementsAre("enable \"specific_v4\"", "enable \"covering_v4\""));
  EXPECT_FALSE(plan.done());
}

TEST(Announcement, TellsWithdrawalsFromAnnouncements) {
  struct Case {
    const char* description;
    AnnouncedSet before, after;
    bool want;
  };
  const Case cases[] = {{"nothing", {}, {}, false},
                        {"announce", {}, set(kBoth, kNone), false},
                        {"withdraw", set(kBoth, kNone), {}, true},
                        {"drain", set(kBoth, kNone), set(kDrain, kNone), false},
                        {"end of drain", set(kDrain, kNone), set(kBoth, kNone), true},
                        {"covering only", set(kBoth, kBoth), set(kBoth, kCovering), true},
                        {"one up, one down", set(kBoth, kNone), set(kNone, kBoth), true},
                        {"the same", set(kBoth, kDrain), set(kBoth, kDrain), false}};
  for (const Case& c : cases) EXPECT_EQ(withdraws(c.before, c.after), c.want) << c.description;
}

TEST(Announcement, KnowsRoutesThatShouldNotBeExported) {
  struct Case {
    const char* description;
    AnnouncedSet wanted;
    std::vector<ExportedRoute> routes;
    bool want;
  };
  const ExportedRoute specific{"199.7.83.0/24", "specific_v4"}, drain{"199.7.83.0/24", "drain_v4"},
      foreign{"199.7.83.0/24", "anycast_v4"};
  const Case cases[] = {{"none", {}, {}, false},
                        {"wanted", set(kBoth, kNone), {specific}, false},
                        {"withdrawn", {}, {specific}, true},
                        {"of another family's wish", set(kNone, kBoth), {specific}, true},
                        {"drain not wanted", set(kBoth, kNone), {drain}, true},
                        {"drain wanted", set(kDrain, kNone), {drain}, false},
                        {"not our protocol", set(kBoth, kNone), {specific, foreign}, true}};
  for (const Case& c : cases) {
    EXPECT_EQ(exports_unwanted(c.wanted, c.routes), c.want) << c.description;
  }
}

}  // namespace
}  // namespace imrs::bgp
