// All points together: in order, only those asked for, with and without a configuration, against a primary
// that is played.
#include "agent/preflight/checks.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <memory>
#include <set>

#include "../web/sample.h"
#include "played_server.h"

namespace imrs::preflight {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const Error kNoAgent{Errc::Unavailable, "no agent listens there"};
constexpr std::uint16_t kSoa = 6, kDnskey = 48, kAny = 255;

// Everything on the loopback of this machine.
Config local_config(std::uint16_t primary_port) {
  Config config;
  config.instance.identity = "aa01-fr-par.l.dns.icann.org";
  config.service.addresses = {{Family::V4, "127.0.0.1"}};
  config.service.port = primary_port;
  config.management = IpAddress{Family::V4, "127.0.0.1"};
  config.engine.workers = 1;
  NeighbourConfig neighbour;
  neighbour.name = "host4";
  neighbour.address = neighbour.source = {Family::V4, "127.0.0.1"};
  config.bgp.neighbours = {neighbour};
  ZoneConfig zone;
  zone.origin = ".";
  zone.primaries = {{{Family::V4, "127.0.0.1"}, primary_port, ""},
                    {{Family::V4, "127.0.0.1"}, primary_port, ""}};
  config.zones = {zone};
  return config;
}

Given given(Result<Config> config, Result<Snapshot> snapshot = kNoAgent) {
  return {.config_path = "/nowhere/agent.json",
          .config = std::move(config),
          .snapshot = std::move(snapshot),
          .queries = std::nullopt,
          .spoof_target = std::nullopt,
          .bird = "/nowhere/bird",
          .nft = "/nowhere/nft",
          .systemctl = "/nowhere/systemctl"};
}

Finding find(const std::vector<Finding>& all, const std::string& name) {
  const auto found = std::ranges::find(all, name, &Finding::name);
  return found == all.end() ? Finding{} : *found;
}

// By UDP: SOA small, DNSKEY 1139 octets, ANY as large as EDNS lets it.
Messages as_a_primary(const Message& query, Transport transport) {
  if (transport == Transport::Tcp || type_of(query) == kSoa) return {response_to(query, 98)};
  if (type_of(query) == kDnskey) return {response_to(query, 1139)};
  return {response_to(query, edns_size_of(query))};
}

TEST(Checks, AreOneForEachNameInOrder) {
  const auto names = point_names();
  EXPECT_EQ(std::set(names.begin(), names.end()).size(), names.size());
  EXPECT_GE(names.size(), 30U);
  const auto all = run_checks(given(Error{Errc::InvalidInput, "bgp.router_id: is missing"}), {});
  ASSERT_EQ(all.size(), names.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i].name, names[i]);
    EXPECT_NE(all[i].evidence, "") << names[i];
    EXPECT_EQ(all[i].evidence.find('\n'), std::string::npos) << names[i];
    EXPECT_EQ(all[i].remedy.empty(), all[i].verdict == Verdict::Pass) << names[i];
  }
}

TEST(Checks, WithoutAConfigurationTheMachineIsLookedAt) {
  const auto all = run_checks(given(Error{Errc::InvalidInput, "a: is missing\nb: is missing"}), {});
  EXPECT_EQ(find(all, "configuration").verdict, Verdict::Fail);
  EXPECT_EQ(find(all, "configuration").evidence, "a: is missing; b: is missing");
  EXPECT_EQ(find(all, "bgp-sessions").verdict, Verdict::Unknown);
  EXPECT_THAT(find(all, "bgp-sessions").remedy, HasSubstr("configuration"));
  EXPECT_THAT(find(all, "kernel").evidence, HasSubstr("Linux"));
  EXPECT_EQ(find(all, "bird").verdict, Verdict::Fail);
  EXPECT_THAT(find(all, "bird").evidence, HasSubstr("/nowhere/bird"));
}

TEST(Checks, OnlyThoseAskedFor) {
  const auto some = run_checks(given(kNoAgent), {"kernel", "tun", "configuration"});
  std::vector<std::string> names;
  for (const Finding& finding : some) names.push_back(finding.name);
  EXPECT_THAT(names, ElementsAre("configuration", "kernel", "tun"));
}

TEST(Checks, PrimariesAreAskedOnceEach) {
  const PlayedServer server({Family::V4, "127.0.0.1"}, as_a_primary);
  const auto all = run_checks(given(local_config(server.port())),
                              {"primaries-udp", "primaries-tcp", "edns", "fragments"});
  EXPECT_EQ(server.queries(), 4);
  for (const Finding& finding : all)
    EXPECT_EQ(finding.verdict, Verdict::Pass) << finding.name << finding.evidence;
  EXPECT_THAT(find(all, "edns").evidence, HasSubstr("1139 octets"));
  EXPECT_THAT(find(all, "fragments").evidence, HasSubstr("4096 octets, in fragments"));
}

TEST(Checks, PrimariesThatAreNotAskedAreTold) {
  const struct {
    const char* description;
    std::size_t primaries, dead;  // `dead`: the first so many, whose port is closed
    Verdict want;
    const char* evidence;
    bool last_asked;
  } cases[] = {
      {"as many as are asked", 8, 0, Verdict::Pass, "NOERROR", true},
      {"one more", 9, 0, Verdict::Unknown, "8 primaries were asked, 1 more was not asked; ", false},
      {"three more, and a dead one", 11, 1, Verdict::Fail, "3 more were not asked; ", false},
  };
  const std::vector<std::string> points{"primaries-udp", "primaries-tcp", "edns", "fragments"};
  for (const auto& c : cases) {
    std::vector<std::unique_ptr<PlayedServer>> servers;
    for (std::size_t i = 0; i < c.primaries; ++i) {
      servers.push_back(std::make_unique<PlayedServer>(IpAddress{Family::V4, "127.0.0.1"}, as_a_primary));
    }
    Config config = local_config(53);
    config.zones[0].primaries.clear();
    for (const auto& server : servers) {
      config.zones[0].primaries.push_back({{Family::V4, "127.0.0.1"}, server->port(), ""});
    }
    for (std::size_t i = 0; i < c.dead; ++i) servers[i].reset();
    config.zones.push_back(config.zones[0]);  // the same ones again are not more
    for (const Finding& finding : run_checks(given(config), points)) {
      const bool one_is_enough = finding.name == "edns" || finding.name == "fragments";
      const Verdict want = one_is_enough && c.dead > 0 ? Verdict::Unknown : c.want;
      EXPECT_EQ(finding.verdict, want) << c.description << ", " << finding.name << ": " << finding.evidence;
      EXPECT_THAT(finding.evidence, HasSubstr(c.evidence)) << c.description << ", " << finding.name;
    }
    EXPECT_EQ(servers.back()->queries() > 0, c.last_asked) << c.description;
  }
}

TEST(Checks, LostFragmentsAreTold) {
  const PlayedServer server({Family::V4, "127.0.0.1"}, [](const Message& query, Transport transport) {
    const bool lost = type_of(query) == kAny && edns_size_of(query) > 1232;
    return lost ? Messages{} : as_a_primary(query, transport);
  });
  const auto all = run_checks(given(local_config(server.port())), {"edns", "fragments"});
  EXPECT_EQ(find(all, "edns").verdict, Verdict::Pass);
  EXPECT_EQ(find(all, "fragments").verdict, Verdict::Fail) << find(all, "fragments").evidence;
}

TEST(Checks, TheServiceIsAskedHereOnly) {
  const PlayedServer server({Family::V4, "127.0.0.1"}, as_a_primary);
  Config config = local_config(server.port());
  const auto answered = run_checks(given(config, web::healthy()), {"service-answers"});
  EXPECT_EQ(answered[0].verdict, Verdict::Pass) << answered[0].evidence;
  EXPECT_EQ(server.queries(), 2);
  // An address that is not on this machine would be asked of whoever has it.
  config.service.addresses = {{Family::V4, "199.7.83.42"}};
  const auto elsewhere = run_checks(given(config, web::healthy()), {"service-answers"});
  EXPECT_EQ(elsewhere[0].verdict, Verdict::Fail);
  EXPECT_THAT(elsewhere[0].evidence, HasSubstr("199.7.83.42 by UDP: is on no interface of this machine"));
  EXPECT_EQ(run_checks(given(config), {"service-answers"})[0].verdict, Verdict::Unknown) << "no agent";
}

TEST(Checks, NothingForgedIsSentUnasked) {
  const auto quiet = run_checks(given(local_config(53)), {"source-filter"});
  EXPECT_EQ(quiet[0].verdict, Verdict::Unknown);
  EXPECT_THAT(quiet[0].evidence, HasSubstr("nothing forged was sent: that is only done when asked for"));
}

}  // namespace
}  // namespace imrs::preflight
