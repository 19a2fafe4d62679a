// What is read of the kernel, of files and of programs: texts as they are, and damaged.
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sstream>

#include "agent/preflight/look_host.h"
#include "agent/preflight/look_network.h"
#include "agent/preflight/look_system.h"
#include "agent/site/firewall.h"
#include "tests/support/temp_directory.h"

namespace imrs::preflight {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Look, DefaultRoutes4) {
  // A second one with a lower metric, a blackhole (RTF_REJECT), and one that is not up.
  const auto routes = default_routes(
      Family::V4,
      "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
      "eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
      "eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
      "eth1\t00000000\t016433C6\t0003\t0\t0\t20\t00000000\t0\t0\t0\n"
      "*\t00000000\t00000000\t0201\t0\t0\t0\t00000000\t0\t0\t0\n"
      "eth2\t00000000\t016433C6\t0002\t0\t0\t1\t00000000\t0\t0\t0\n"
      "ppp0\t00000000\t00000000\t0001\t0\t0\t300\t00000000\t0\t0\t0\n"
      "eth3\t00000000\n\n");
  ASSERT_EQ(routes.size(), 3U);
  EXPECT_EQ(routes[0].interface, "eth1");
  EXPECT_EQ(routes[0].gateway, "198.51.100.1");
  EXPECT_EQ(routes[1].interface, "eth0");
  EXPECT_EQ(routes[1].gateway, "192.0.2.1");
  EXPECT_EQ(routes[2].interface, "ppp0");
  EXPECT_EQ(routes[2].gateway, "");
}

TEST(Look, DefaultRoutes6) {
  const std::string zeros(32, '0');
  const auto routes = default_routes(
      Family::V6, "20010db8000000000000000000000000 20 " + zeros + " 00 " + zeros +
                      " 00000100 00000001 00000000 00000001     eth0\n" + zeros + " 00 " + zeros +
                      " 00 20010db8000100000000000000000001 00000400 00000002 00000000 00000003     eth0\n" +
                      zeros + " 00 " + zeros + " 00 " + zeros +
                      " ffffffff 00000001 00000000 00200200       lo\n" + "cut " + zeros + "\n");
  ASSERT_EQ(routes.size(), 1U);
  EXPECT_EQ(routes[0].interface, "eth0");
  EXPECT_EQ(routes[0].gateway, "2001:db8:1::1");
  EXPECT_EQ(routes[0].metric, 0x400U);
}

TEST(Look, TheLoopbackAddressIsHere) {
  const auto there = own_addresses();
  ASSERT_TRUE(there) << there.error().message;
  EXPECT_THAT(*there, Contains(AllOf(Field(&InterfaceAddress::interface, "lo"),
                                     Field(&InterfaceAddress::address, IpAddress{Family::V4, "127.0.0.1"}))));
}

TEST(Look, Nics) {
  const test::TempDirectory folder;
  const auto make = [&](const std::string& name, const char* speed, const char* duplex) {
    folder.write(name + "/speed", speed);
    folder.write(name + "/duplex", duplex);
    folder.write(name + "/carrier", "1\n");
    folder.write(name + "/mtu", "9000\n");
  };
  make("fast", "10000\n", "full\n");
  make("virtual", "-1\n", "unknown\n");
  make("odd", "a lot\n", "half\n");
  const Nic fast = look_at_nic("fast", folder.path()), lone = look_at_nic("none", folder.path());
  EXPECT_TRUE(fast.there);
  EXPECT_EQ(fast.speed, 10000);
  EXPECT_EQ(fast.duplex, "full");
  EXPECT_TRUE(fast.carrier);
  EXPECT_EQ(fast.mtu, 9000U);
  EXPECT_EQ(look_at_nic("virtual", folder.path()).speed, std::nullopt);
  EXPECT_EQ(look_at_nic("odd", folder.path()).speed, std::nullopt);
  EXPECT_FALSE(lone.there);
  EXPECT_FALSE(lone.carrier);
  EXPECT_TRUE(look_at_nic("lo", folder.path()).there) << "there, though not shown";
}

TEST(Look, Counters) {
  EXPECT_EQ(counter6("Icmp6InMsgs  \t5\nIcmp6InPktTooBigs   \t17\n", "Icmp6InPktTooBigs"), 17U);
  EXPECT_EQ(counter6("Icmp6InPktTooBigs\n", "Icmp6InPktTooBigs"), 0U);
  EXPECT_EQ(counter6("", "Icmp6InPktTooBigs"), 0U);
  const char* const netstat =
      "IpExt: InNoRoutes\nIpExt: 3\nTcpExt: SyncookiesSent IPReversePathFilter\nTcpExt: 1 29\n";
  EXPECT_EQ(counter_of_table(netstat, "TcpExt", "IPReversePathFilter"), 29U);
  EXPECT_EQ(counter_of_table(netstat, "IpExt", "IPReversePathFilter"), 0U);
  EXPECT_EQ(counter_of_table("TcpExt: IPReversePathFilter\nTcpExt:\n", "TcpExt", "IPReversePathFilter"), 0U);
}

TEST(Look, Memory) {
  const auto memory = memory_of(
      "MemTotal:       16310004 kB\nMemFree:  1 kB\nMemAvailable:   8000000 kB\nSwapTotal: 1024 kB\n");
  ASSERT_TRUE(memory) << memory.error().message;
  EXPECT_EQ(memory->total, 16310004ULL << 10);
  EXPECT_EQ(memory->available, 8000000ULL << 10);
  EXPECT_EQ(memory->swap, 1ULL << 20);
  for (const char* text : {"", "MemTotal: 5 kB\n", "MemTotal:\nMemAvailable: 5 kB\n", "MemAvailable: 5 kB"}) {
    EXPECT_FALSE(memory_of(text)) << text;
  }
  EXPECT_TRUE(memory_of(small_file("/proc/meminfo"))) << "this machine's own";
}

TEST(Look, Disk) {
  const test::TempDirectory folder;
  const auto disk = look_at_disk(folder.path());
  ASSERT_TRUE(disk) << disk.error().message;
  EXPECT_TRUE(disk->there);
  EXPECT_EQ(disk->write_error, "");
  EXPECT_GE(disk->total, disk->available);
  EXPECT_GT(disk->total, 0U);
  EXPECT_THAT(folder.files(), IsEmpty()) << "what was written is gone";
  const auto later = look_at_disk(folder.path("not/made/yet"));
  ASSERT_TRUE(later) << later.error().message;
  EXPECT_FALSE(later->there);
  EXPECT_EQ(later->total, disk->total);
  EXPECT_FALSE(look_at_disk(""));
  const auto shm = look_at_disk("/dev/shm");
  if (shm && shm->there) {
    EXPECT_TRUE(shm->in_memory);
  }
}

TEST(Look, TheKernelAndTheClockSaySomething) {
  EXPECT_TRUE(version_of(kernel_release()));
  EXPECT_GE(processors(), 1U);
  const auto clock = look_at_clock();
  ASSERT_TRUE(clock) << clock.error().message;
  EXPECT_GE(clock->max_error_us, 0);
}

TEST(Look, WhatProgramsSay) {
  const test::TempDirectory folder;
  const auto script = [&](const char* name, const char* text) {
    const std::string file = folder.write(name, std::string("#!/bin/sh\n") + text);
    ::chmod(file.c_str(), 0755);
    return file;
  };
  const auto version = [&](const char* text) { return version_said_by(script("program", text)); };
  EXPECT_EQ(*version("echo BIRD version 2.0.12 >&2; echo more"), "BIRD version 2.0.12");
  EXPECT_EQ(*version("echo \"$1\""), "--version");
  EXPECT_FALSE(version("exit 0"));
  EXPECT_FALSE(version_said_by(folder.path("none")));
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(version("exec sleep 60")) << "it is not waited for";
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
  const auto much = said_by({script("loud", "exec cat /dev/zero")});
  ASSERT_TRUE(much);
  EXPECT_LT(much->size(), 1U << 20);
}

// As `nft -j list chain inet imrs early` gives them.
std::string rules(const std::string& own, const std::string& nobody) {
  const auto rule = [](const std::string& packets, const std::string& comment) {
    return R"({"rule": {"family": "inet", "chain": "early", "comment": ")" + comment +
           R"(", "expr": [{"match": {}}, {"counter": {"packets": )" + packets +
           R"(, "bytes": 9}}, {"drop": null}]}})";
  };
  return R"({"nftables": [{"metainfo": {"version": "1.0.6"}}, {"chain": {"name": "early"}}, )" +
         rule(own, "own address from outside, IPv4") + "," + rule(own, "own address from outside, IPv6") +
         "," + rule(nobody, "nobody's address, IPv6") + R"(, {"rule": {"expr": [{"accept": null}]}},)" +
         R"( {"rule": {"chain": "early", "expr": [{"match": {}}, {"drop": null}]}}]})";
}

TEST(Look, ForgedSourcesInTheFirewall) {
  const auto seen = forged_seen(rules("3", "5"));
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->own, 6U);
  EXPECT_EQ(seen->nobody, 5U);
  for (const std::string& text :
       {std::string(), std::string("Error: No such file or directory"), rules("\"x\"", "5"),
        std::string(R"({"nftables": []})"), std::string("[]"), std::string("5")}) {
    EXPECT_FALSE(forged_seen(text)) << text;
  }
}

TEST(Look, TheFirewallHasTheRulesThatAreLookedFor) {
  EXPECT_THAT(site::firewall_rules(Config()),
              AllOf(HasSubstr("chain early"), HasSubstr("comment \"own address from outside, IPv4\""),
                    HasSubstr("comment \"nobody's address, IPv6\"")));
}

TEST(Look, WhoAsksForAnAddressIsNotTakenForForged) {
  std::istringstream rules(site::firewall_rules(Config()));
  std::vector<std::string> matching;  // those that see DHCP and IGMP of who has no address
  for (std::string line; std::getline(rules, line);) {
    if (line.find("ip saddr 0.0.0.0 ") != std::string::npos || line.find(" 0.0.0.0/8") != std::string::npos) {
      matching.push_back(line);
    }
  }
  ASSERT_EQ(matching.size(), 2U);
  EXPECT_EQ(matching[0], "        ip saddr 0.0.0.0 ip daddr { 255.255.255.255, 224.0.0.0/4 } drop");
  EXPECT_THAT(matching[1], HasSubstr("counter drop comment \"nobody's address, IPv4\""));
}

TEST(Look, Users) {
  Config config;
  config.users.agent_uid = 0;
  config.users.web_uid = 4'000'000'000;
  const auto users = look_at_users(&config);
  ASSERT_EQ(users.size(), 7U);
  EXPECT_EQ(users[0].name, "root");
  EXPECT_EQ(users[0].uid, 0U);
  EXPECT_EQ(users[4].name, "imrs-web's user");
  EXPECT_EQ(users[4].uid, 4'000'000'000);
  EXPECT_EQ(users[6].name, "imrs-bird");
  EXPECT_EQ(look_at_users(nullptr)[0].name, "imrs-agent");
}

TEST(Look, Files) {
  const test::TempDirectory folder;
  Config config;
  config.secrets_file = folder.write("secrets.json", "{}");
  config.web.tls = TlsConfig{"", folder.path("none.key"), ""};
  config.users.web_uid = 995;
  config.users.web_gid = 997;
  config.users.agent_gid = 993;
  ZoneConfig zone;
  zone.trust_anchors = {folder.write("anchors/root", "")};
  ::chmod(zone.trust_anchors[0].c_str(), 0604);
  config.users.zone_uid = 994;
  config.users.audit_gid = 996;
  config.zones = {zone};
  ::chmod(config.secrets_file.c_str(), 0640);
  const auto files = look_at_files(folder.write("agent.json", "{}"), &config);
  ASSERT_EQ(files.size(), 4U);
  EXPECT_EQ(files[1].access.mode, 0640U);
  for (int i : {0, 1}) {
    ASSERT_EQ(files[i].readers.size(), 1U);
    EXPECT_EQ(files[i].readers[0].name, "imrs-agent");
    EXPECT_EQ(files[i].readers[0].group, 993U);
    EXPECT_EQ(files[i].folders[0].access.mode, 0700U);
  }
  EXPECT_EQ(files[1].forbidden, 037U);
  EXPECT_EQ(files[1].folder_mode, 0700U);
  EXPECT_THAT(files[2].error, HasSubstr("none.key"));
  EXPECT_EQ(files[2].owners, std::vector<uid_t>{995});
  EXPECT_EQ(files[3].forbidden, 022U);
  EXPECT_EQ(files[3].access.mode, 0604U);
  EXPECT_EQ(files[3].access.group, ::getegid());
  ASSERT_EQ(files[3].readers.size(), 2U);
  EXPECT_EQ(files[3].readers[0].uid, 994U);
  EXPECT_EQ(files[3].readers[1].group, 996U);
  ASSERT_GE(files[3].folders.size(), 3U);
  EXPECT_THAT(files[3].folders[0].path, testing::EndsWith("/anchors"));
  EXPECT_EQ(files[3].folders[1].access.mode, 0700U);
  EXPECT_EQ(files[3].folders.back().path, "/");
  EXPECT_EQ(look_at_files("/nowhere/agent.json", nullptr).size(), 1U);
  folder.write("none.key", "");
  const FileSeen key = look_at_files(folder.path("agent.json"), &config)[2];
  ASSERT_EQ(key.readers.size(), 1U);
  EXPECT_EQ(key.readers[0].name, "imrs-web");
  EXPECT_EQ(key.readers[0].group, 997U);
}

// As who puts them there by hand, or by a tool, leaves them.
TEST(Look, FilesOfRootAloneAreNotTheAgents) {
  if (::geteuid() != 0) GTEST_SKIP() << "SKIPPED: only root has such files";
  const test::TempDirectory folder;
  ASSERT_EQ(::chmod(folder.path().c_str(), 0755), 0);
  Config config;
  config.users.agent_uid = config.users.agent_gid = 64001;
  config.secrets_file = folder.write("secrets.json", "{}");
  const std::string agent_json = folder.write("agent.json", "{}");
  ASSERT_EQ(::chmod(config.secrets_file.c_str(), 0600), 0);
  ASSERT_EQ(::chmod(agent_json.c_str(), 0640), 0);
  const Finding bad = judge_files(look_at_files(agent_json, &config));
  EXPECT_EQ(bad.verdict, Verdict::Fail);
  EXPECT_THAT(bad.evidence, HasSubstr("agent.json cannot be read by imrs-agent (mode 0640, owner 0"));
  EXPECT_THAT(bad.evidence, HasSubstr("secrets.json cannot be read by imrs-agent (mode 0600, owner 0"));
  for (const std::string& file : {agent_json, config.secrets_file}) {
    ASSERT_EQ(::chown(file.c_str(), 0, 64001), 0);
    ASSERT_EQ(::chmod(file.c_str(), 0640), 0);
  }
  const Finding good = judge_files(look_at_files(agent_json, &config));
  EXPECT_EQ(good.verdict, Verdict::Pass) << good.evidence;
}

TEST(Look, StatesOfUnits) {
  const test::TempDirectory folder;
  const auto state = [&](const std::string& text) {
    const std::string file = folder.write("systemctl", "#!/bin/sh\n" + text);
    ::chmod(file.c_str(), 0755);
    return unit_state(file, "imrs-firewall.service");
  };
  EXPECT_EQ(state("[ \"$*\" = 'is-active imrs-firewall.service' ] && echo active"), "active");
  EXPECT_EQ(state("echo activating; exit 3"), "activating");
  EXPECT_EQ(state("echo inactive; exit 3"), "inactive");
  EXPECT_EQ(state("echo 'System has not been booted with systemd as init system' >&2; exit 1"), "");
  EXPECT_EQ(state("exit 0"), "");
  EXPECT_EQ(unit_state(folder.path("none"), "x"), "");
}

TEST(Look, TheFirewallsTable) {
  const auto text = [](const std::string& tables) {
    return R"({"nftables": [{"metainfo": {"version": "1.0.6"}})" + tables + "]}";
  };
  const std::string ours = R"(, {"table": {"family": "inet", "name": "imrs", "handle": 7}})";
  const std::string other = R"(, {"table": {"family": "inet", "name": "filter", "handle": 1}})";
  EXPECT_EQ(has_our_table(text(other + ours)), true);
  EXPECT_EQ(has_our_table(text(other)), false);
  EXPECT_EQ(has_our_table(text("")), false);
  EXPECT_EQ(has_our_table(text(R"(, {"table": {"family": "ip", "name": "imrs"}})")), false);
  for (const char* none : {"", "Operation not permitted (you must be root)", "[]", R"({"nftables": 5})",
                           R"({"nftables": [{"table": 5}]})"}) {
    EXPECT_EQ(has_our_table(none), std::nullopt) << none;
  }
}

TEST(Look, FilesWithSecretsThatReplacingHasLeft) {
  const test::TempDirectory folder;
  Config config;
  config.users.web_uid = 995;
  config.secrets_file = folder.path("secrets.json");
  config.web.tls = TlsConfig{folder.path("server.pem"), folder.path("server.key"), folder.path("ca.pem")};
  const std::vector<std::string> secret{"agent.json",
                                        "agent.json.previous",
                                        "secrets.json",
                                        "secrets.json.before",
                                        "secrets.json.before.new-a1B2c3",
                                        "secrets.json.new-a1B2c3",
                                        "secrets.json.previous",
                                        "secrets.json.previous.before",
                                        "secrets.json.previous.new",
                                        "server.key",
                                        "server.key.before",
                                        "server.key.new-ZZZZZZ",
                                        "server.key.previous"};
  const std::vector<std::string> others{"secrets.json.new-a1B2c", "secrets.json.new-a1B2c_",
                                        "secrets.jsonX",          "secrets.json.previous-of-all",
                                        "server.pem.previous",    "server.keys",
                                        "secrets.json.txt",       "mysecrets.json.before",
                                        "agent.json.pending",     "secrets.json.Xy12ab"};
  for (const auto& names : {secret, others}) {
    for (const std::string& name : names) ::chmod(folder.write(name, "").c_str(), 0644);
  }
  std::vector<std::string> seen;
  for (const FileSeen& file : look_at_files(folder.path("agent.json"), &config)) {
    seen.push_back(file.path.substr(folder.path().size() + 1));
    EXPECT_EQ(file.forbidden, 037U) << file.path;
    EXPECT_EQ(file.access.mode, 0644U) << file.path;
    EXPECT_EQ(file.owners.empty(), file.path.find("server.key") == std::string::npos) << file.path;
  }
  EXPECT_THAT(seen, testing::UnorderedElementsAreArray(secret));
}

}  // namespace
}  // namespace imrs::preflight
