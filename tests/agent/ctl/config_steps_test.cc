// The order of an apply, and that whatever happens in it has an end that can be told.
#include "agent/ctl/config_steps.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <vector>

namespace imrs::ctl {
namespace {

using testing::ElementsAreArray;
using enum Step;

const Effects kNothing{.agent = false, .restart = {}, .bird = false, .firewall = false, .access = false};
const Effects kInPlace{.agent = true, .restart = {}, .bird = false, .firewall = false, .access = false};
const Effects kAll{.agent = true, .restart = {}, .bird = true, .firewall = true, .access = false};
const Effects kRestart{.agent = true, .restart = {"users"}, .bird = true, .firewall = false, .access = false};
const Effects kAccess{.agent = false, .restart = {}, .bird = false, .firewall = true, .access = true};
const Effects kFirewall{.agent = false, .restart = {}, .bird = false, .firewall = true, .access = false};

struct Happens {
  Step step;
  Outcome outcome;
};

// The steps that are gone through; everything is done but what `happens`.
std::vector<Step> walk(const Effects& effects, const std::vector<Happens>& happens) {
  Steps steps(effects);
  std::vector<Step> out;
  while (!is_end(steps.now())) {
    const Step now = steps.now();
    out.push_back(now);
    const auto found = std::ranges::find(happens, now, &Happens::step);
    steps.advance(found == happens.end() ? Outcome::Done : found->outcome);
  }
  out.push_back(steps.now());
  return out;
}

TEST(ConfigSteps, GoInThisOrder) {
  struct Case {
    const char* description;
    Effects effects;
    std::vector<Happens> happens;
    std::vector<Step> want;
  };
  const std::vector<Step> files{Save, Mark, ReplaceSecrets, ReplaceConfig};
  const auto then = [&](std::vector<Step> more) {
    more.insert(more.begin(), files.begin(), files.end());
    return more;
  };
  const Case cases[] = {
      {"all goes well", kAll, {}, then({Firewall, Bird, Upgrade, Watch, Confirm, Kept})},
      {"in place", kInPlace, {}, then({Upgrade, Watch, Confirm, Kept})},
      {"a restart is needed", kRestart, {}, then({Bird, Restart, Watch, Confirm, Kept})},
      {"the firewall alone", kFirewall, {}, then({Firewall, Watch, Confirm, Kept})},
      {"who may reach it", kAccess, {}, then({Firewall, Watch, Ask, Confirm, Kept})},
      {"nobody says that he still gets in",
       kAccess,
       {{Ask, Outcome::Failed}},
       then({Firewall, Watch, Ask, PutBack, FirewallBack, Unmark, WatchBack, TakenBack})},
      {"nobody is told", kNothing, {}, then({Watch, Confirm, Kept})},
      {"the agent asks for a restart",
       kInPlace,
       {{Upgrade, Outcome::NeedsRestart}},
       then({Upgrade, Restart, Watch, Confirm, Kept})},
      {"nothing can be kept", kAll, {{Save, Outcome::Failed}}, {Save, Untouched}},
      {"the disk is full at the mark",
       kAll,
       {{Mark, Outcome::Failed}},
       {Save, Mark, PutBack, Unmark, TakenBack}},
      {"the disk is full at the file",
       kAll,
       {{ReplaceConfig, Outcome::Failed}},
       then({PutBack, Unmark, TakenBack})},
      {"the firewall is not taken",
       kAll,
       {{Firewall, Outcome::Failed}},
       then({Firewall, PutBack, FirewallBack, Unmark, WatchBack, TakenBack})},
      {"the upgrade fails",
       kAll,
       {{Upgrade, Outcome::Failed}},
       then({Firewall, Bird, Upgrade, PutBack, FirewallBack, BirdBack, UpgradeBack, Unmark, WatchBack,
             TakenBack})},
      {"the agent refuses the upgrade, and is left alone",
       kAll,
       {{Upgrade, Outcome::Unchanged}},
       then({Firewall, Bird, Upgrade, PutBack, FirewallBack, BirdBack, Unmark, WatchBack, TakenBack})},
      {"not up in time",
       kInPlace,
       {{Watch, Outcome::Failed}},
       then({Upgrade, Watch, PutBack, UpgradeBack, Unmark, WatchBack, TakenBack})},
      {"not up in time after a restart",
       kRestart,
       {{Watch, Outcome::Failed}},
       then({Bird, Restart, Watch, PutBack, BirdBack, RestartBack, Unmark, WatchBack, TakenBack})},
      {"the operator ends it",
       kInPlace,
       {{Watch, Outcome::Interrupted}},
       then({Upgrade, Watch, PutBack, UpgradeBack, Unmark, WatchBack, TakenBack})},
      {"the new agent has died and cannot go back in place",
       kInPlace,
       {{Watch, Outcome::Failed}, {UpgradeBack, Outcome::Failed}},
       then({Upgrade, Watch, PutBack, UpgradeBack, RestartBack, Unmark, WatchBack, TakenBack})},
      {"nothing works on the way back, which is gone all the same",
       kAll,
       {{Watch, Outcome::Failed},
        {Unmark, Outcome::Failed},
        {FirewallBack, Outcome::Failed},
        {BirdBack, Outcome::Failed},
        {UpgradeBack, Outcome::Failed},
        {RestartBack, Outcome::Failed},
        {WatchBack, Outcome::Failed}},
       then({Firewall, Bird, Upgrade, Watch, PutBack, FirewallBack, BirdBack, UpgradeBack, RestartBack,
             Unmark, WatchBack, TakenBack})},
      {"the files cannot be put back",
       kInPlace,
       {{Watch, Outcome::Failed}, {PutBack, Outcome::Failed}},
       then({Upgrade, Watch, PutBack, Stuck})},
      {"it cannot be confirmed",
       kInPlace,
       {{Confirm, Outcome::Failed}},
       then({Upgrade, Watch, Confirm, PutBack, UpgradeBack, Unmark, WatchBack, TakenBack})},
  };
  for (const Case& one : cases) {
    EXPECT_THAT(walk(one.effects, one.happens), ElementsAreArray(one.want)) << one.description;
  }
}

// Every outcome at every step.
// `told`: the agent was ordered to upgrade, and has not refused.
void go_everywhere(const Steps& steps, std::vector<Step> path, bool told, int& ends) {
  path.push_back(steps.now());
  ASSERT_LE(path.size(), 20U) << "it goes round in circles";
  const auto was = [&](Step step) { return std::ranges::count(path, step) > 0; };
  for (const Step step : path) EXPECT_LE(std::ranges::count(path, step), 1) << to_string(step);
  if (is_end(steps.now())) {
    ++ends;
    EXPECT_EQ(steps.now() == Kept, path[path.size() - 2] == Confirm && !was(PutBack));
    EXPECT_EQ(steps.now() == Untouched, !was(Mark));
    if (steps.now() != TakenBack) return;
    EXPECT_TRUE(was(PutBack) && was(Unmark));
    EXPECT_EQ(was(Firewall), was(FirewallBack)) << "who was told is told again";
    EXPECT_EQ(was(Bird), was(BirdBack));
    EXPECT_EQ(told || was(Restart), was(UpgradeBack) || was(RestartBack));
    return;
  }
  for (const Outcome outcome :
       {Outcome::Done, Outcome::Failed, Outcome::Unchanged, Outcome::NeedsRestart, Outcome::Interrupted}) {
    Steps next = steps;
    next.advance(outcome);
    go_everywhere(next, path, told || (steps.now() == Upgrade && outcome != Outcome::Unchanged), ends);
  }
}

TEST(ConfigSteps, EveryWayHasAnEnd) {
  for (const Effects& effects : {kNothing, kInPlace, kAll, kRestart, kFirewall, kAccess}) {
    int ends = 0;
    go_everywhere(Steps(effects), {}, false, ends);
    EXPECT_GT(ends, 10);
  }
}

TEST(ConfigSteps, EachHasAName) {
  for (int step = 0; step <= static_cast<int>(Stuck); ++step) {
    EXPECT_NE(to_string(static_cast<Step>(step)), "unknown") << step;
  }
}

}  // namespace
}  // namespace imrs::ctl
