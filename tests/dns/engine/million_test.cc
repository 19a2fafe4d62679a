// A million queries of known composition through the answerer, as three instances: the counts are exact, and
// the RSSAC002 day of the three merged is that of all.
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <set>
#include <vector>

#include "agent/counts/counts.h"
#include "agent/rssac002/day.h"
#include "dns/engine/answerer.h"
#include "dns/engine/name_registry.h"
#include "tests/dns/engine/test_engine.h"
#include "tests/support/answers.h"
#include "tests/support/test_zones.h"

namespace imrs::test {
namespace {

constexpr std::uint32_t kDay = 20784, kNow = kDay * 86400 + 5;
constexpr std::size_t kInstances = 3, kRounds = 25000;  // of each instance
constexpr counts::SketchKey kKey{17, 4};

// What one round asks: each line so many times.
struct Line {
  const char* description;
  Octets query;
  Transport transport;
  std::size_t service;  // 0: IPv4, 1: IPv6
  std::size_t times;
};

std::vector<Line> round_of_queries() {
  const Octets referral = query_octets({.name = "alpha.", .type = 28, .dnssec_ok = true});
  const Octets missing = query_octets({.name = "x.Nope.", .type = 1, .udp_size = -1});
  const Octets apex = query_octets({.name = ".", .type = 6});
  const Octets refused = query_octets({.name = "version.bind.", .type = 1, .qclass = 3});
  return {{"referrals", referral, Transport::Udp, 0, 5},
          {"names that do not exist", missing, Transport::Udp, 1, 4},
          {"the apex", apex, Transport::Tcp, 0, 2},
          {"refused", refused, Transport::Tcp, 1, 1},
          {"too short", Octets{1, 2, 3}, Transport::Udp, 0, 1},
          {"truncated", query_octets({.name = "bb.", .type = 1, .dnssec_ok = true, .udp_size = 512}),
           Transport::Udp, 0, 1}};
}

// Who asks: others every time, a third of them the same at two instances.
std::uint64_t client_number(std::size_t instance, std::size_t round) {
  return round + instance * kRounds * 2 / 3;
}

class Instance {
 public:
  Instance() : pages_(new_pages(1)), names_(engine::NameRegistry(pages_.names()).places_of(*image_)) {}

  void ask(std::size_t instance) {
    const std::vector<Line> lines = round_of_queries();
    engine::Answerer answerer({pages_.workers()[0], pages_.tables()[0], identity_, nullptr, {}, kKey}, 0);
    const engine::Published published{image_.get(), 1, {}, {}, 0, &names_};
    answerer.begin(published, kNow, 0);
    for (std::size_t round = 0; round < kRounds; ++round) {
      const std::uint64_t number = client_number(instance, round);
      for (const Line& line : lines) ask(answerer, line, number);
    }
  }
  [[nodiscard]] counts::Counts counts() const {
    return counts::read_counts(pages_, {{Family::V4, "192.0.2.1"}, {Family::V6, "2001:db8::1"}});
  }
  [[nodiscard]] rssac002::Day day(std::size_t instance) const {
    rssac002::Day day;
    day.service = "l.root-servers.net";
    day.prefix = "l-root";
    day.day = kDay;
    day.instances = {"instance" + std::to_string(instance)};
    day.volumes = rssac002::volumes_of(counts());
    day.sources = counts::read_sources(pages_, kDay);
    return day;
  }
  [[nodiscard]] const counts::Pages& pages() const { return pages_; }

 private:
  void ask(engine::Answerer& answerer, const Line& line, std::uint64_t number) {
    std::array<std::uint8_t, 16> address{10, 0};
    const std::size_t size = line.service == 0 ? 4 : 16;
    for (std::size_t i = 0; i < 4; ++i) address[size - 1 - i] = static_cast<std::uint8_t>(number >> 8 * i);
    if (size == 16) address[7] = static_cast<std::uint8_t>(number);  // of other networks /64 too
    TrafficCounters& counters =
        pages_.workers()[0].traffic[static_cast<std::size_t>(line.transport)][line.service];
    const answer::Client client{line.transport, std::span(address).first(size)};
    for (std::size_t i = 0; i < line.times; ++i) (void)answerer.answer(client, line.query, room_, &counters);
  }

  std::shared_ptr<const image::Image> image_ = image_of(three_zones());
  counts::Pages pages_;
  engine::NamePlaces names_;
  const answer::Identity identity_{"lab01", "IMRS"};
  Octets room_ = Octets(answer::kMaxResponse);
};

class Million : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    instances_ = std::make_unique<std::vector<Instance>>(kInstances);
    for (std::size_t i = 0; i < kInstances; ++i) (*instances_)[i].ask(i);
  }
  static void TearDownTestSuite() { instances_.reset(); }

  static std::unique_ptr<std::vector<Instance>> instances_;
};
std::unique_ptr<std::vector<Instance>> Million::instances_;

TEST_F(Million, IsCountedExactly) {
  std::size_t asked = 0;
  for (const Line& line : round_of_queries()) asked += line.times * kRounds * kInstances;
  EXPECT_GE(asked, 1'000'000U);
  for (const Instance& instance : *instances_) {
    const counts::Counts counts = instance.counts();
    const auto udp4 = counts::sum_of(counts, Transport::Udp, Family::V4);
    const auto udp6 = counts::sum_of(counts, Transport::Udp, Family::V6);
    EXPECT_EQ(udp4.queries, 7 * kRounds);
    EXPECT_EQ(udp4.responses, 6 * kRounds);
    EXPECT_EQ(udp4.malformed[static_cast<std::size_t>(Malformed::Short)], kRounds);
    EXPECT_EQ(udp4.attributes[static_cast<std::size_t>(QueryAttribute::DnssecOk)], 6 * kRounds);
    EXPECT_EQ(udp4.types[28], 5 * kRounds);
    EXPECT_EQ(udp4.types[1], kRounds);
    EXPECT_EQ(udp6.rcodes[3], 4 * kRounds);
    EXPECT_EQ(udp6.attributes[static_cast<std::size_t>(QueryAttribute::Edns)], 0U);
    EXPECT_EQ(counts::sum_of(counts, Transport::Tcp, Family::V4).rcodes[0], 2 * kRounds);
    EXPECT_EQ(counts::sum_of(counts, Transport::Tcp, Family::V6).rcodes[5], kRounds);
    EXPECT_EQ(counts::sum_of(counts, Transport::Tcp, Family::V6)
                  .chaos[static_cast<std::size_t>(ChaosName::VersionBind)],
              kRounds);
    const auto missing = counts::read_missing(instance.pages(), kDay, 10);
    ASSERT_EQ(missing.size(), 2U);
    EXPECT_EQ(missing[0].label, "nope");
    EXPECT_EQ(missing[0].count, 4 * kRounds);
    EXPECT_EQ(missing[1].label, "bb");
    EXPECT_EQ(missing[1].count, kRounds);
  }
}

TEST_F(Million, ThreeInstancesMergedAreTheirUnion) {
  std::vector<rssac002::Day> days;
  std::set<std::uint64_t> clients;
  for (std::size_t i = 0; i < kInstances; ++i) {
    days.push_back((*instances_)[i].day(i));
    for (std::size_t round = 0; round < kRounds; ++round) clients.insert(client_number(i, round));
  }
  const auto whole = rssac002::merge(days);
  ASSERT_TRUE(whole.ok()) << whole.error().message;
  EXPECT_EQ(whole->volumes[0][0].queries, kInstances * 7 * kRounds);
  EXPECT_EQ(whole->volumes[0][1].rcodes[3], kInstances * 4 * kRounds);
  const auto want = static_cast<double>(clients.size());
  EXPECT_LT(want, kInstances * kRounds);  // they overlap
  EXPECT_NEAR(whole->sources.ipv4.estimate(), want, want * 0.013);
  EXPECT_NEAR(whole->sources.ipv6.estimate(), want, want * 0.013);
  EXPECT_NEAR(whole->sources.ipv6_aggregate.estimate(), 256, 256 * 0.013);
  EXPECT_NE(rssac002::yaml(*whole, "traffic-volume")
                .find("dns-udp-queries-received-ipv4: " + std::to_string(kInstances * 7 * kRounds) + "\n"),
            std::string::npos);
}

}  // namespace
}  // namespace imrs::test
