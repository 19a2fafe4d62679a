// imrs-zone when the agent sets its clock: nothing that the old time was the reason for stays as it was.
#include <gmock/gmock.h>

#include <filesystem>

#include "dns/pipeline/contents.h"
#include "dns/pipeline/store.h"
#include "dns/zone/parse.h"
#include "dns/zone/verify.h"
#include "tests/dns/pipeline/fake_primary.h"
#include "tests/dns/pipeline/program.h"
#include "tests/dns/transfer/nsd.h"

namespace imrs::pipeline {
namespace {

using test::FakePrimary;
using test::TempDir;
using test::ZoneChild;
using State = ZoneReport::State;

constexpr const char* kClockZone = "example.";
constexpr std::int64_t kYear = 365 * 86400;
constexpr std::chrono::milliseconds kQuiet{2500};  // more than two looks at the clock

std::string settings(std::uint16_t port, const std::string& state_directory) {
  return R"({"zones": [{"origin": "example.", "primaries": ["127.0.0.1@)" + std::to_string(port) +
         R"("], "dnssec": "none", "zonemd": "none"}], "management": {"address": "127.0.0.1"}, )" +
         R"("state_directory": ")" + state_directory + R"("})";
}

// As an imrs-zone before this one has left it; its SOA expire is a week.
void store_zone(const std::string& state_directory, std::int64_t confirmed) {
  zone::ZoneBuilder builder(test::name(kClockZone));
  ASSERT_TRUE(builder.add(test::name(kClockZone), 6, 3600, test::soa_rdata(6)).ok());
  ASSERT_TRUE(builder.add(test::name(kClockZone), 2, 3600, test::name("ns.example.").wire()).ok());
  const zone::VerifyPolicy none{zone::VerifyPolicy::Dnssec::None, zone::VerifyPolicy::Zonemd::None};
  const auto zone = zone::verify(std::move(builder).finish().value(), {}, none, 0).value();
  const std::array one{&zone};
  const Store store(state_directory + "/zones");
  ASSERT_TRUE(
      store.save(Store::file_of(test::name(kClockZone)), encode_stored_zone(zone_contents(one), confirmed))
          .ok());
}

class ChildClock : public testing::Test {
 protected:
  ChildClock() { std::filesystem::create_directories(state() + "/zones"); }
  [[nodiscard]] std::string state() const { return dir_.path("state"); }
  TempDir dir_;
};

// The refresh of the test's zone is half an hour.
TEST_F(ChildClock, APrimaryIsAskedAtOnceWhenItIsSet) {
  const FakePrimary primary({7});
  ZoneChild child(settings(primary.port(), state()));
  ASSERT_TRUE(child.next_report(State::Loaded, kClockZone)) << child.log();
  child.set_clock(2);
  EXPECT_TRUE(child.quiet(kQuiet)) << "nothing is judged otherwise by two seconds";
  child.set_clock(600);
  EXPECT_TRUE(child.next_report(State::Unchanged, kClockZone)) << child.log();
  child.set_clock(-600);
  EXPECT_TRUE(child.next_report(State::Unchanged, kClockZone)) << child.log();
}

TEST_F(ChildClock, WhatWasRefusedIsLookedAtAgain) {
  const FakePrimary primary({.announced = 7, .damaged = true});
  ZoneChild child(settings(primary.port(), state()));
  ASSERT_TRUE(child.next_report(State::Refused, kClockZone)) << child.log();
  EXPECT_TRUE(child.quiet(kQuiet)) << "not for a minute";
  child.set_clock(600);
  EXPECT_TRUE(child.next_report(State::Refused, kClockZone)) << child.log();
}

TEST_F(ChildClock, AZoneThatIsNotGoodYetIsLookedForOnDiskAgain) {
  ZoneChild child(settings(test::free_port(), state()));
  ASSERT_TRUE(child.next_report(State::Unreachable, kClockZone)) << child.log();
  store_zone(state(), TrustedClock().now() - kYear);
  child.set_clock(60);
  EXPECT_TRUE(child.next_image()) << child.log();
  const auto restored = child.next_report(State::Loaded, kClockZone);
  ASSERT_TRUE(restored) << child.log();
  EXPECT_EQ(restored->serial, 6U);
  EXPECT_LE(restored->confirmed_at, child.clock().now() - kYear);
}

TEST_F(ChildClock, OnlyATimeThatIsSynchronisedIsWrittenDownAndThatAtOnce) {
  const FakePrimary primary({7});
  ZoneChild child(settings(primary.port(), state()));
  ASSERT_TRUE(child.next_report(State::Loaded, kClockZone)) << child.log();
  EXPECT_TRUE(child.quiet(kQuiet));
  const std::string file = state() + "/zones/clock";
  EXPECT_FALSE(std::filesystem::exists(file));
  for (const std::int64_t by : {3600, -3600}) {
    child.set_clock(by);
    ASSERT_TRUE(child.next_report(State::Unchanged, kClockZone)) << child.log();
    const std::int64_t least = child.clock().now() + by - 10;
    for (int i = 0; i < 500; ++i) {
      const std::int64_t written = std::filesystem::exists(file) ? std::stoll(test::read_text(file)) : 0;
      if (written >= least && written <= least + 20) break;
      ASSERT_LT(i, 499) << written;
      ::poll(nullptr, 0, 10);
    }
  }
}

}  // namespace
}  // namespace imrs::pipeline
