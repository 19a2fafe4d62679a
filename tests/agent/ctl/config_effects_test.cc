// Who has to be told of which change.
#include "agent/ctl/config_effects.h"

#include <gmock/gmock.h>

#include <functional>

#include "agent/hand_over.h"
#include "tests/agent/ctl/config_samples.h"

namespace imrs::ctl {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

struct Case {
  const char* path;  // of the difference
  std::function<void(Config&)> change;
  const char* restart;  // the key; nullptr: none is needed
  bool bird = false, firewall = false;
};

const Case kCases[] = {
    {"instance.identity", [](Config& c) { c.instance.identity = "lab02.example"; }, "instance.identity"},
    {"instance.appliance", [](Config& c) { c.instance.appliance = InstanceConfig::Appliance::Pandora; },
     nullptr},
    {"instance.cluster",
     [](Config& c) {
       c.instance.cluster = ClusterConfig{"a", {std::string(32, '0')}};
     },
     "instance.cluster.cookie_secrets"},
    {"service.device", [](Config& c) { c.service.device = "any1"; }, "service.device", true},
    {"service.addresses", [](Config& c) { c.service.addresses.pop_back(); }, "service.addresses", false,
     true},
    {"service.port", [](Config& c) { c.service.port = 5353; }, "service.port", false, true},
    {"prefixes", [](Config& c) { c.prefixes[0].role = PrefixRole::Covering; }, nullptr, true, false},
    {"management", [](Config& c) { c.management->text = "198.51.100.9"; }, "management", false, true},
    {"management.notify_port", [](Config& c) { c.notify_port = 0; }, "management", false, true},
    {"bgp.neighbours[host4].as", [](Config& c) { c.bgp.neighbours[0].as = 1; }, nullptr, true},
    {"bgp.neighbours[host4].address", [](Config& c) { c.bgp.neighbours[0].address.text = "192.0.2.3"; },
     nullptr, true, true},
    {"bgp.neighbours[host6]", [](Config& c) { c.bgp.neighbours.pop_back(); }, nullptr, true, true},
    {"secrets.bgp_passwords.host4", [](Config& c) { c.bgp.neighbours[0].password = "x"; }, nullptr, true},
    {"bgp.drain_seconds", [](Config& c) { c.bgp.drain_time = std::chrono::seconds(1); }, nullptr},
    {"zones[.].primaries", [](Config& c) { c.zones[0].primaries[0].key = "k."; }, nullptr},
    {"zones[.].primaries", [](Config& c) { c.zones[0].primaries[0].address.text = "198.51.100.3"; }, nullptr,
     false, true},
    {"tsig_keys",
     [](Config& c) {
       c.tsig_keys.push_back({"k.", "hmac-sha256", "s"});
     },
     nullptr},
    {"state_directory", [](Config& c) { c.state_directory = "/x"; }, "state_directory"},
    {"control_socket", [](Config& c) { c.control_socket = "/x"; }, "control_socket"},
    {"health.rise", [](Config& c) { c.health.rise = 9; }, nullptr},
    {"engine.workers", [](Config& c) { c.engine.workers = 3; }, "engine.workers"},
    {"engine.rate_limit", [](Config& c) { c.engine.rate_limit = 3; }, "engine.rate_limit"},
    {"web.noc", [](Config& c) { c.web.noc[0].port = 81; }, "web.noc", false, true},
    {"web.ops", [](Config& c) { c.web.ops.clear(); }, "web.ops"},
    {"web.contact", [](Config& c) { c.web.contact = "x"; }, nullptr},
    {"rssac002.source_key", [](Config& c) { c.rssac002.source_key = std::string(32, '1'); },
     "rssac002.source_key"},
    {"users.engine", [](Config& c) { c.users.engine_uid = 7; }, "users", false, true},
};

TEST(ConfigEffects, OfEachKey) {
  for (const Case& one : kCases) {
    SCOPED_TRACE(one.path);
    Config after = sample_config();
    one.change(after);
    const Effects effects = effects_of(sample_config(), after,
                                       {{Difference::Kind::Changed, one.path, "", ""}});
    EXPECT_TRUE(effects.agent);
    EXPECT_EQ(effects.bird, one.bird);
    EXPECT_EQ(effects.firewall, one.firewall);
    const std::vector<std::string> want = one.restart == nullptr ? std::vector<std::string>()
                                                                 : std::vector<std::string>{one.restart};
    EXPECT_EQ(effects.restart, want);
  }
}

// What the agent after does not take over must have been foreseen.
TEST(ConfigEffects, WhateverTheAgentRefusesToTakeOverNeedsARestart) {
  int refused = 0;
  for (const Case& one : kCases) {
    Config after = sample_config();
    one.change(after);
    if (agent::shape_of(after) == agent::shape_of(sample_config())) continue;
    ++refused;
    EXPECT_FALSE(effects_of(sample_config(), after, {}).restart.empty()) << one.path;
  }
  EXPECT_GE(refused, 9);
}

TEST(ConfigEffects, OfAccessTheFirewallAlone) {
  Config after = sample_config();
  after.access.icann = {{Family::V4, "192.0.2.0/24"}};
  const Effects effects = effects_of(sample_config(), after,
                                     {{Difference::Kind::Added, "access.icann", "", "\"192.0.2.0/24\""}});
  EXPECT_FALSE(effects.agent);
  EXPECT_TRUE(effects.firewall);
  EXPECT_FALSE(effects.bird);
  EXPECT_THAT(effects.restart, IsEmpty());
  EXPECT_EQ(
      effects_text(effects),
      "the firewall is loaded anew\n"
      "who may reach SSH and the ops listener changes: it has to be confirmed from a new SSH login, or at "
      "the console\n"
      "the agent need not be told\n");
}

TEST(ConfigEffects, TheFirstPrimariesNeedARestart) {
  Config before = sample_config();
  before.zones[0].primaries.clear();
  before.zones[0].file = "/z";
  const Effects effects = effects_of(before, sample_config(), {});
  EXPECT_THAT(
      effects_text(
          {.agent = true, .restart = effects.restart, .bird = true, .firewall = false, .access = false}),
      HasSubstr("RESTARTED, for some seconds nothing is announced: zones: the first primaries"));
}

}  // namespace
}  // namespace imrs::ctl
