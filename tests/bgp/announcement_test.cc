// From the desired set and what BIRD shows to commands.
#include "bgp/announcement.h"

#include <gmock/gmock.h>

#include <map>

namespace imrs::bgp {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr Announcement kNone{}, kBoth{true, true, false}, kDrain{true, true, true},
    kCovering{false, true, false};

AnnouncedSet nothing() { return AnnouncedSet(std::vector<std::string>{"host4", "host6"}); }

AnnouncedSet set(Announcement v4, Announcement v6) {
  AnnouncedSet all = nothing();
  all.at("host4") = v4;
  all.at("host6") = v6;
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
  return {{"specific_host4", state}, {"specific_host6", state}, {"covering_host4", state},
          {"covering_host6", state}, {"drain_host4", state},    {"drain_host6", state}};
}

std::vector<std::string> commands(const Plan& plan) {
  std::vector<std::string> all;
  for (const Step& step : plan.steps) all.push_back(step.command);
  return all;
}

TEST(Announcement, NamesAllSixProtocolsDisabledOnesFirst) {
  const auto none = protocols_for(nothing());
  ASSERT_EQ(none.size(), 6U);
  for (const ProtocolWish& wish : none) EXPECT_FALSE(wish.enabled) << wish.name;
  EXPECT_THAT(protocols_for(set(kBoth, kCovering)),
              ElementsAre(ProtocolWish{"specific_host6", false}, ProtocolWish{"drain_host4", false},
                          ProtocolWish{"drain_host6", false}, ProtocolWish{"specific_host4", true},
                          ProtocolWish{"covering_host4", true}, ProtocolWish{"covering_host6", true}));
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
  auto both = with(with(down, "specific_host4", "up"), "covering_host4", "up");
  const Case cases[] = {
      {"nothing wanted, nothing up", nothing(), down, {}},
      {"nothing wanted, all up",
       nothing(),
       all_states("up"),
       {"disable \"specific_host4\"", "disable \"specific_host6\"", "disable \"covering_host4\"",
        "disable \"covering_host6\"", "disable \"drain_host4\"", "disable \"drain_host6\""}},
      {"announce one family",
       set(kBoth, kNone),
       down,
       {"enable \"specific_host4\"", "enable \"covering_host4\""}},
      {"announced already", set(kBoth, kNone), both, {}},
      {"enable lost by configure",
       set(kBoth, kNone),
       with(both, "covering_host4", "down"),
       {"enable \"covering_host4\""}},
      {"somebody enabled the drain",
       set(kBoth, kNone),
       with(both, "drain_host4", "up"),
       {"disable \"drain_host4\""}},
      {"drain adds", set(kDrain, kNone), both, {"enable \"drain_host4\""}},
      {"specifics go, covering stays", set(kCovering, kNone), both, {"disable \"specific_host4\""}},
      {"from one family to the other: disable first",
       set(kNone, kBoth),
       both,
       {"disable \"specific_host4\"", "disable \"covering_host4\"", "enable \"specific_host6\"",
        "enable \"covering_host6\""}},
      {"flush is not down yet",
       nothing(),
       with(down, "specific_host4", "flush"),
       {"disable \"specific_host4\""}},
      {"stop is not down yet",
       nothing(),
       with(down, "specific_host4", "stop"),
       {"disable \"specific_host4\""}},
      {"start is not down", nothing(), with(down, "specific_host4", "start"), {"disable \"specific_host4\""}},
      {"start is not up yet",
       set(kBoth, kNone),
       with(both, "specific_host4", "start"),
       {"enable \"specific_host4\""}},
      {"an unknown state is neither",
       nothing(),
       with(down, "drain_host6", "???"),
       {"disable \"drain_host6\""}},
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
  states.erase("drain_host4");
  states.erase("covering_host6");
  const Plan plan = make_plan(set(kDrain, kNone), rows(states));
  EXPECT_THAT(plan.missing, ElementsAre("covering_host6", "drain_host4"));
  EXPECT_THAT(commands(plan), ElementsAre("enable \"specific_host4\"", "enable \"covering_host4\""));
  EXPECT_FALSE(plan.done());
  EXPECT_TRUE(plan.lacks_wanted);
  EXPECT_FALSE(make_plan(nothing(), rows(states)).lacks_wanted);
}

TEST(Announcement, DisablesWhatBelongsToNoNeighbourOfOurs) {
  auto states = all_states("down");
  states["specific_host5"] = "up";
  states["drain_host5"] = "down";
  states["covering_host5"] = "flush";
  states["static1"] = "up";
  const Plan plan = make_plan(set(kBoth, kNone), rows(states));
  EXPECT_THAT(commands(plan), ElementsAre("disable \"covering_host5\"", "disable \"specific_host5\"",
                                          "enable \"specific_host4\"", "enable \"covering_host4\""));
  EXPECT_TRUE(plan.withdraws());
  EXPECT_THAT(plan.missing, IsEmpty());
  std::vector<ProtocolRow> foreign = rows({{"drain_of_a_table", "up"}});
  for (ProtocolRow& row : foreign) row.proto = "Pipe";
  EXPECT_THAT(make_plan(AnnouncedSet({}), foreign).steps, IsEmpty());
}

TEST(Announcement, TellsWithdrawalsFromAnnouncements) {
  struct Case {
    const char* description;
    AnnouncedSet before, after;
    bool want;
  };
  const Case cases[] = {{"nothing", set(kNone, kNone), set(kNone, kNone), false},
                        {"announce", set(kNone, kNone), set(kBoth, kNone), false},
                        {"withdraw", set(kBoth, kNone), set(kNone, kNone), true},
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
  const ExportedRoute specific{"199.7.83.0/24", "specific_host4"}, drain{"199.7.83.0/24", "drain_host4"},
      foreign{"199.7.83.0/24", "anycast_v4"};
  const Case cases[] = {{"none", set(kNone, kNone), {}, false},
                        {"wanted", set(kBoth, kNone), {specific}, false},
                        {"withdrawn", set(kNone, kNone), {specific}, true},
                        {"wanted by another neighbour", set(kNone, kBoth), {specific}, true},
                        {"drain not wanted", set(kBoth, kNone), {drain}, true},
                        {"drain wanted", set(kDrain, kNone), {drain}, false},
                        {"not our protocol", set(kBoth, kNone), {specific, foreign}, true}};
  for (const Case& c : cases) {
    EXPECT_EQ(exports_unwanted(c.wanted, "host4", c.routes), c.want) << c.description;
  }
}

TEST(Announcement, KnowsPrefixesThatAreMissing) {
  const std::vector<RoutedPrefix> prefixes{{"host4", "199.7.83.0/24", false},
                                           {"host4", "199.7.82.0/23", true},
                                           {"host6", "2001:500:9f::/48", false}};
  const ExportedRoute specific{"199.7.83.0/24", "specific_host4"},
      covering{"199.7.82.0/23", "covering_host4"};
  struct Case {
    const char* description;
    Announcement wanted;
    std::vector<ExportedRoute> routes;
    std::vector<std::string> want;
  };
  const Case cases[] = {{"nothing wanted", kNone, {}, {}},
                        {"all there", kBoth, {specific, covering}, {}},
                        {"none there", kBoth, {}, {"199.7.83.0/24", "199.7.82.0/23"}},
                        {"one there", kBoth, {covering}, {"199.7.83.0/24"}},
                        {"only the covering one wanted", kCovering, {covering}, {}},
                        {"draining", {false, false, true}, {covering}, {"199.7.83.0/24"}}};
  for (const Case& c : cases) {
    EXPECT_EQ(not_exported(set(c.wanted, kBoth), "host4", prefixes, c.routes), c.want) << c.description;
  }
}

}  // namespace
}  // namespace imrs::bgp
