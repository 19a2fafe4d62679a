// From two looks at the counts to rates.
#include "agent/web/rates.h"

#include <gmock/gmock.h>

#include <cmath>
#include <map>
#include <string>

namespace imrs::web {
namespace {

using counts::Traffic;
using testing::DoubleEq;

constexpr std::int64_t kThen = 1'795'521'600'000;  // Unix time in ms

// The four paths to one address of each family; nothing counted.
Look look_at(std::int64_t time_ms, std::uint64_t epoch = 1) {
  Look look;
  look.time_ms = time_ms;
  look.counts.epoch = epoch;
  for (const Transport transport : kTransports) {
    look.counts.paths.push_back({transport, {Family::V4, "192.0.2.1"}, {}});
    look.counts.paths.push_back({transport, {Family::V6, "2001:db8::1"}, {}});
  }
  return look;
}

std::map<std::string, double> between(const Look& before, const Look& after) {
  std::map<std::string, double> out;
  for (const auto& [name, value] : values_between(before, after)) {
    EXPECT_TRUE(out.emplace(name, value).second) << name << " comes twice";
  }
  return out;
}

std::uint64_t& attribute(Traffic& traffic, QueryAttribute which) {
  return traffic.attributes[static_cast<std::size_t>(which)];
}

TEST(Rates, AreExact) {
  Look before = look_at(kThen), after = look_at(kThen + 2500);
  before.counts.paths[0].traffic.queries = 1000;
  after.counts.paths[0].traffic.queries = 1010;
  before.counts.paths[1].traffic.queries = 7;
  after.counts.paths[1].traffic.queries = 12;
  after.counts.paths[2].traffic.queries = 1;
  before.counts.paths[3].traffic.queries = after.counts.paths[3].traffic.queries = 5;
  after.counts.paths[0].traffic.responses = 1'000'000'000'000;
  auto rates = between(before, after);
  EXPECT_THAT(rates["queries.udp.ipv4"], DoubleEq(4));
  EXPECT_THAT(rates["queries.udp.ipv6"], DoubleEq(2));
  EXPECT_THAT(rates["queries.tcp.ipv4"], DoubleEq(0.4));
  EXPECT_EQ(rates.at("queries.tcp.ipv6"), 0) << "known, and nothing";
  EXPECT_THAT(rates["responses.udp.ipv4"], DoubleEq(4e11));
}

TEST(Rates, AnAddressIsTheSumOfItsTransports) {
  Look before = look_at(kThen), after = look_at(kThen + 1000);
  after.counts.paths[0].traffic.queries = 3;  // UDP
  after.counts.paths[2].traffic.queries = 4;  // TCP
  auto rates = between(before, after);
  EXPECT_EQ(rates["server.192.0.2.1"], 7);
  EXPECT_EQ(rates.at("server.2001:db8::1"), 0);
}

TEST(Rates, KindsOfAllPathsTogether) {
  Look before = look_at(kThen), after = look_at(kThen + 1000);
  before.counts.paths[0].traffic.rcodes[3] = 100;
  for (counts::Path& path : after.counts.paths) {
    Traffic& traffic = path.traffic;
    traffic.rcodes[0] = 1;
    traffic.rcodes[3] = 100;
    traffic.types[28] = 2;
    traffic.types[kTypeOther] = 3;
    attribute(traffic, QueryAttribute::RecursionDesired) = 4;
    attribute(traffic, QueryAttribute::CookieClient) = 1;
    attribute(traffic, QueryAttribute::CookieValid) = 2;
    attribute(traffic, QueryAttribute::CookieInvalid) = 3;
    traffic.chaos[1] = traffic.chaos[5] = 5;
    traffic.malformed[1] = traffic.malformed[6] = 6;
    traffic.truncated = 7;
    traffic.limited = 8;
    traffic.query_bytes = 9;
    traffic.response_bytes = 10;
  }
  auto rates = between(before, after);
  const std::map<std::string, double> wanted = {
      {"rcode.NOERROR", 4}, {"rcode.NXDOMAIN", 300},  {"type.AAAA", 8},        {"type.other", 12},
      {"attribute.rd", 16}, {"attribute.cookie", 24}, {"attribute.chaos", 40}, {"malformed", 48},
      {"truncated", 28},    {"limited", 32},          {"bytes.in", 36},        {"bytes.out", 40}};
  for (const auto& [name, value] : wanted) EXPECT_EQ(rates[name], value) << name;
  EXPECT_EQ(rates.count("rcode.SERVFAIL"), 0U) << "one of 25 that does not occur";
  EXPECT_EQ(rates.count("type.A"), 0U);
  for (const auto& [name, value] : rates) EXPECT_FALSE(name.starts_with("attribute.cookie-")) << name;
}

TEST(Rates, CountsThatBeganAnewAreWhatThereIsNow) {
  Look before = look_at(kThen, 1), after = look_at(kThen + 10'000, 2);
  before.counts.paths[0].traffic.queries = 1'000'000;
  before.counts.times[0].bins[3] = 1'000'000;
  after.counts.paths[0].traffic.queries = 20;
  after.counts.times[0].bins[0] = 20;
  auto rates = between(before, after);
  EXPECT_EQ(rates["queries.udp.ipv4"], 2);
  EXPECT_LE(rates["time.p99"], 1);
  // More than there was before, and still all of it new.
  after.counts.paths[0].traffic.queries = 1'000'020;
  EXPECT_EQ(between(before, after)["queries.udp.ipv4"], 100'002);
}

TEST(Rates, AnotherNumberOfAddressesIsAnotherBeginning) {
  Look before = look_at(kThen), after = look_at(kThen + 1000);
  before.counts.paths.pop_back();
  before.counts.paths[0].traffic.queries = after.counts.paths[0].traffic.queries = 5;
  EXPECT_EQ(between(before, after)["queries.udp.ipv4"], 5);
  after.counts.paths.clear();
  EXPECT_EQ(between(before, after)["queries.udp.ipv4"], 0);
}

TEST(Rates, TimesAreThoseOfTheAnswersInBetween) {
  Look before = look_at(kThen), after = look_at(kThen + 1000);
  before.counts.times[0].bins[15] = 1000;  // slow, long ago
  after.counts.times = before.counts.times;
  auto rates = between(before, after);
  EXPECT_TRUE(std::isnan(rates.at("time.p50"))) << "there was no answer";
  after.counts.times[0].bins[2] = 60;  // 2 to 4 microseconds, by UDP
  after.counts.times[1].bins[5] = 40;  // 16 to 32, by TCP
  rates = between(before, after);
  EXPECT_NEAR(rates["time.p50"], 2 + 2 * 50.0 / 60, 0.01);
  EXPECT_NEAR(rates["time.p90"], 16 + 16 * 30.0 / 40, 0.01);
  EXPECT_NEAR(rates["time.p99"], 16 + 16 * 39.0 / 40, 0.01);
}

TEST(Rates, OpenConnectionsAreAsTheyAre) {
  Look before = look_at(kThen), after = look_at(kThen + 10'000);
  before.counts.tcp_connections = 500;
  after.counts.tcp_connections = 300;
  EXPECT_EQ(between(before, after)["tcp.connections"], 300);
}

TEST(Rates, LinksAreTheirBits) {
  Look before = look_at(kThen), after = look_at(kThen + 2000);
  before.links = {{.device = "a", .receive_bytes = 1000, .transmit_bytes = 5000},
                  {.device = "gone", .receive_bytes = 77, .transmit_bytes = 77}};
  after.links = {{.device = "new", .receive_bytes = 1 << 30, .transmit_bytes = 1 << 30},
                 {.device = "a", .receive_bytes = 1250, .transmit_bytes = 6000}};
  auto rates = between(before, after);
  EXPECT_EQ(rates["link.in"], 1000);
  EXPECT_EQ(rates["link.out"], 4000);
}

TEST(Rates, ALinkThatWasMadeAnewIsNoFlood) {
  Look before = look_at(kThen), after = look_at(kThen + 1000);
  before.links = {{.device = "a", .receive_bytes = 1000, .transmit_bytes = 5000}};
  after.links = {{.device = "a", .receive_bytes = 10, .transmit_bytes = 20}};
  auto rates = between(before, after);
  EXPECT_EQ(rates["link.in"], 0);
  EXPECT_EQ(rates["link.out"], 0);
}

TEST(Rates, NoTimeBetweenOrLessIsNoInfinity) {
  for (const std::int64_t passed : {0, -5000}) {
    Look before = look_at(kThen), after = look_at(kThen + passed);
    after.counts.paths[0].traffic.queries = 3;
    for (const auto& [name, value] : between(before, after)) {
      EXPECT_FALSE(std::isinf(value)) << name;
      EXPECT_FALSE(value < 0) << name;
    }
  }
}

}  // namespace
}  // namespace imrs::web
