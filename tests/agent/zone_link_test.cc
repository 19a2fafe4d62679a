// What the agent makes of imrs-zone's messages, with this test playing launcher and imrs-zone at the other
// ends of the real channels; above all after an upgrade in place, when what is served is not what is
// configured.
#include "agent/zone_link.h"

#include <gmock/gmock.h>

#include <set>

#include "tests/agent/played_child.h"

namespace imrs::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Origins = std::set<std::string>;
using Times = std::map<std::string, std::int64_t>;

constexpr const char* kIdentity = "identity.l.root-servers.org.";
constexpr std::uint32_t kSerial = 2026112400;
constexpr std::int64_t kTime = 1794000000,
                       kDay = 86400;  // the test zones' signatures and SOA expire last longer
const Origins kThree{".", "arpa.", "root-servers.net."};

std::vector<test::ZoneText> texts(const Origins& origins, std::uint32_t serial = kSerial) {
  std::vector<test::ZoneText> all = test::three_zones(serial);
  all.push_back({kIdentity, std::string(kIdentity) + " 0 IN SOA a.example. b.example. 1 3600 600 604800 0\n" +
                                kIdentity + " 0 IN NS a.example.\n"});
  std::erase_if(all, [&](const test::ZoneText& one) { return !origins.contains(one.origin); });
  return all;
}

Origins origins_of(const image::Image& image) {
  Origins all;
  for (const image::ZoneSummary& zone : image.zones()) all.insert(zone.origin);
  return all;
}

// Written down by a clock that was right.
ZoneLink::Confirmed at(const Times& times) {
  ZoneLink::Confirmed all;
  for (const auto& [origin, time] : times) all[origin] = {.time = time};
  return all;
}

class ZoneLinkTest : public PlayedChild {
 protected:
  ZoneLinkTest() : PlayedChild(Program::Zone) { clock_.set_now(kTime); }

  // As after the start: nothing is served.
  void configure(const Origins& origins, std::chrono::milliseconds patience = ZoneLink::kPatience) {
    for (const std::string& origin : origins) {
      config_.zones.emplace_back();
      config_.zones.back().origin = origin;
      if (origin == kIdentity) config_.zones.back().identity = IdentityZoneConfig{};
    }
    link_ = std::make_unique<ZoneLink>(context_.get_executor(), config_, *processes_, clock_,
                                       std::vector<UniqueFd>());
    patience_ = patience;
  }
  // What an agent before this one has served, and when each zone was confirmed.
  void take_over(const Origins& origins, const Times& confirmed) {
    const auto image = test::image_of(texts(origins));
    link_->taken_over(*image, at(confirmed));
    link_->on_served(*image);
  }
  void start() {
    link_->start([this](const Candidate& candidate) { taken_.push_back(candidate.image.image); },
                 [this](std::string line) { notes_.push_back(std::move(line)); }, patience_);
    ASSERT_TRUE(until([this] { return !setup_.empty(); }));
  }

  void hear(const Packet& packet) override {
    if (packet.as<ZoneClock>()) clock_message_ = packet.as<ZoneClock>();
    if (!packet.as<ZoneSetup>()) return;
    const auto mapping = map_sealed(packet.fds.front().get());
    ASSERT_TRUE(mapping.ok());
    setup_.assign(reinterpret_cast<const char*>(mapping->bytes().data()), mapping->size());
  }

  void send_image(const std::vector<test::ZoneText>& zones) {
    auto memfd = make_sealed_memfd("image", test::image_octets(zones));
    auto contents = make_sealed_memfd("contents", std::vector<std::uint8_t>(10));
    ASSERT_TRUE(memfd.ok() && contents.ok());
    ZoneImage message;
    message.digest = (*image::Image::map(memfd->get()))->digest();
    const std::array fds{memfd->get(), contents->get()};
    ASSERT_TRUE(child_.send_message(message, fds).ok());
  }
  // The same, and whether it is taken.
  bool takes(const std::vector<test::ZoneText>& zones) {
    const std::size_t before = taken_.size();
    send_image(zones);
    confirm(".", 0);  // it is handled after the image
    const int seen = ++asked_;
    EXPECT_TRUE(until([&] { return state(".").last_reason == std::to_string(seen); }));
    return taken_.size() > before;
  }
  // A primary has that version; 0: no zone has it.
  void confirm(const std::string& origin, std::uint32_t serial) {
    ZoneReport report;
    report.origin = origin;
    report.serial = report.confirmed_serial = serial;
    report.confirmed = serial != 0 ? 1 : 0;
    report.reason = serial != 0 ? "" : std::to_string(asked_ + 1);
    ASSERT_TRUE(child_.send_message(report).ok());
  }
  // Of what is on imrs-zone's disk, whether it can be used or not.
  void tell_stored(const std::string& origin, std::uint32_t serial, std::int64_t confirmed_at) {
    ZoneReport report;
    report.state = ZoneReport::State::Refused;
    report.origin = origin;
    report.confirmed_serial = serial;
    report.confirmed_at = confirmed_at;
    report.reason = std::to_string(++asked_) + " stored";
    ASSERT_TRUE(child_.send_message(report).ok());
    ASSERT_TRUE(until([&] { return state(origin).last_reason == report.reason.str(); }));
  }
  ZoneState state(const std::string& origin) {
    for (const ZoneState& one : link_->states()) {
      if (one.origin == origin) return one;
    }
    return {};
  }
  Origins states() {
    Origins all;
    for (const ZoneState& one : link_->states()) all.insert(one.origin);
    return all;
  }

  Config config_;
  TrustedClock clock_;
  std::unique_ptr<ZoneLink> link_;
  std::chrono::milliseconds patience_{};
  std::string setup_;  // the last one
  std::optional<ZoneClock> clock_message_;
  std::vector<std::shared_ptr<const image::Image>> taken_;
  std::vector<std::string> notes_;
  int asked_ = 0;
};

// Were an image of the configured zones refused, "." would be confirmed no more, and all routes would go a
// week after an upgrade in place.
struct Change {
  const char* description;
  Origins served, configured;
};
void PrintTo(const Change& change, std::ostream* out) { *out << change.description; }

class AfterAChange : public ZoneLinkTest, public testing::WithParamInterface<Change> {};

INSTANTIATE_TEST_SUITE_P(OfZones, AfterAChange,
                         testing::Values(Change{"one less", kThree, {".", "root-servers.net."}},
                                         Change{"one more", {".", "root-servers.net."}, kThree},
                                         Change{"another one", {".", "arpa."}, {".", "root-servers.net."}},
                                         Change{"the last ones but the root", kThree, {"."}},
                                         Change{"identity_zone off", {".", kIdentity}, {"."}},
                                         Change{"identity_zone on", {"."}, {".", kIdentity}}));

TEST_P(AfterAChange, WhatIsConfiguredIsTakenAndConfirmed) {
  const auto& [description, served, configured] = GetParam();
  configure(configured);
  Times confirmed;
  for (const std::string& origin : served) confirmed[origin] = kTime - kDay;
  take_over(served, confirmed);
  EXPECT_EQ(states(), configured) << "what is not configured is told of nowhere";
  EXPECT_EQ(link_->expired_zones(), 0U);
  EXPECT_FALSE(link_->root_expired({}));
  EXPECT_EQ(link_->confirmed(), at(confirmed)) << "of what is served, for the next upgrade";
  start();
  for (const std::string& origin : served) {
    const std::string named = "\"origin\":\"" + origin + "\",";
    EXPECT_EQ(setup_.find(named) != std::string::npos, configured.contains(origin)) << setup_;
  }
  confirm(".", kSerial);
  ASSERT_TRUE(until([this] { return state(".").confirmed >= kTime; })) << "what is served is confirmed";
  EXPECT_FALSE(takes(texts(served))) << "the zones of before";

  ASSERT_TRUE(takes(texts(configured))) << "the same serials, the zones of now";
  EXPECT_EQ(origins_of(*taken_.back()), configured);
  link_->on_served(*taken_.back());
  EXPECT_EQ(link_->expired_zones(), 0U);
  ASSERT_TRUE(takes(texts(configured, kSerial + 1))) << "the next version";
  link_->on_served(*taken_.back());
  clock_.set_now(kTime + kDay);
  confirm(".", kSerial + 1);
  ASSERT_TRUE(until([this] { return state(".").confirmed >= kTime + kDay; }));
  EXPECT_EQ(state(".").serial, kSerial + 1);
}

// The image on disk is judged by the configuration before it is taken; should it hold other zones even so, it
// holds up nothing.
TEST_P(AfterAChange, TheSameHoldsForAnImageFromTheDisk) {
  const auto& [description, served, configured] = GetParam();
  configure(configured);
  const auto image = test::image_of(texts(served));
  link_->restored(*image, kTime - kDay);
  link_->on_served(*image);
  start();
  EXPECT_EQ(states(), configured);
  EXPECT_EQ(state(".").confirmed, kTime - kDay);
  EXPECT_TRUE(takes(texts(configured)));
}

TEST_F(ZoneLinkTest, AZoneThatIsOnlyServedGrowsOldAndTheRootDoesNotWithIt) {
  configure({".", "root-servers.net."});
  take_over(kThree, {{".", kTime}, {"arpa.", kTime - 8 * kDay}, {"root-servers.net.", kTime}});
  EXPECT_EQ(link_->expired_zones(), 0b010U) << "arpa., as the image has it";
  EXPECT_FALSE(link_->root_expired({}));
  EXPECT_THAT(link_->expiry_alarms(), IsEmpty());
  start();
  link_->on_offered(*test::image_of(texts(kThree, kSerial + 1)));
  EXPECT_EQ(link_->expired_zones(), 0b010U) << "the same zones in the same places";
  ASSERT_TRUE(takes(texts({".", "root-servers.net."})));
  link_->on_offered(*taken_.back());
  EXPECT_EQ(link_->expired_zones(), 0U) << "in that image it would be the root";
  link_->on_served(*taken_.back());
  EXPECT_EQ(link_->expired_zones(), 0U);
  EXPECT_THAT(link_->confirmed(), testing::SizeIs(2));
}

TEST_F(ZoneLinkTest, AReportOnAZoneThatIsOnlyServedEndsTheReporter) {
  configure({"."});
  take_over({".", "arpa."}, {{".", kTime}, {"arpa.", kTime}});
  start();
  PrimaryReport report;
  report.origin = "arpa.";
  ASSERT_TRUE(child_.send_message(report).ok());
  EXPECT_TRUE(until([this] { return killed_ == pid_; }));
}

TEST_F(ZoneLinkTest, NoSerialGoesBackButOneThatIsMadeHere) {
  configure({".", kIdentity});
  const auto image = test::image_of({texts({"."})[0],
                                     {kIdentity, std::string(kIdentity) +
                                                     " 0 IN SOA a.example. b.example. 7 3600 600 604800 "
                                                     "0\n" +
                                                     kIdentity + " 0 IN NS a.example.\n"}});
  link_->taken_over(*image, at({{".", kTime}, {kIdentity, kTime}}));
  link_->on_served(*image);
  start();
  EXPECT_TRUE(takes(texts({".", kIdentity}))) << "from a primary before, and made here now";
  EXPECT_FALSE(takes(texts({".", kIdentity}, kSerial - 1)));
  config_.zones.front().accept_serial = kSerial - 1;
  EXPECT_TRUE(takes(texts({".", kIdentity}, kSerial - 1)));
}

TEST_F(ZoneLinkTest, TellsTheNextOneWhatIsServed) {
  configure({".", "arpa."});
  take_over({"."}, {{".", kTime}});
  start();
  const std::uint32_t delegations = test::image_of(texts({"."}))->zones().front().delegations;
  ASSERT_GT(delegations, 0U);
  const auto settings = parse_zone_settings(setup_);
  ASSERT_TRUE(settings.ok()) << settings.error().message;
  for (const ZoneConfig& zone : settings->zones) {
    const bool is_served = zone.origin == ".";
    EXPECT_EQ(zone.served_serial, is_served ? std::optional(kSerial) : std::nullopt);
    EXPECT_EQ(zone.served_delegations, is_served ? std::optional(delegations) : std::nullopt);
  }
}

// The root was confirmed by a clock that was ahead, arpa.'s confirmation was written down by a right one.
TEST_F(ZoneLinkTest, AClockThatIsSetBackMakesNoZoneYounger) {
  constexpr std::int64_t kAhead = 30 * kDay;
  configure({".", "arpa."});
  take_over({".", "arpa."}, {{".", kTime - kDay}, {"arpa.", kTime - kDay - kAhead}});
  EXPECT_EQ(link_->root_zone().confirmed, kTime - kDay);
  start();
  confirm(".", kSerial);
  ASSERT_TRUE(until([this] { return link_->root_zone().confirmed >= kTime; }));
  const auto set_by = [this](std::int64_t seconds) {
    clock_.set_now(clock_.now() + seconds);
    link_->on_clock_set();
  };
  set_by(5 * kDay);
  EXPECT_NEAR(static_cast<double>(link_->root_zone().confirmed), static_cast<double>(kTime), 5);
  ZoneLink next(context_.get_executor(), config_, *processes_, clock_, {});  // after an upgrade in place
  const auto image = test::image_of(texts({".", "arpa."}));
  next.taken_over(*image, link_->confirmed());
  next.on_served(*image);
  set_by(-kAhead);
  next.on_clock_set();
  EXPECT_NEAR(static_cast<double>(link_->root_zone().confirmed), static_cast<double>(kTime - kAhead), 5);
  EXPECT_EQ(next.confirmed(), link_->confirmed());
  EXPECT_EQ(state("arpa.").confirmed, kTime - kDay - kAhead) << "as it was written down";
  ASSERT_TRUE(until([this] { return clock_message_ && clock_message_->clock_offset == clock_.offset(); }));
  EXPECT_EQ(clock_message_->clock_synchronised, 1U);

  EXPECT_FALSE(link_->root_expired({}));
  set_by(3 * kDay);
  EXPECT_TRUE(link_->root_expired({})) << "it may have stood still for as long";
}

// An audit looks at what is there, and each start makes one.
TEST_F(ZoneLinkTest, TheTimeOfAnAuditIsNoConfirmation) {
  configure({".", "arpa."});
  const auto image = test::image_of(texts({".", "arpa."}));
  link_->restored(*image, kTime - kDay);
  link_->on_served(*image);
  start();
  EXPECT_EQ(state(".").confirmed, kTime - kDay) << "until it is known better";
  tell_stored(".", kSerial - 1, kTime - 7 * kDay);
  EXPECT_EQ(state(".").confirmed, kTime - kDay) << "that is another version";
  tell_stored(".", kSerial, kTime - 6 * kDay);
  EXPECT_EQ(state(".").confirmed, kTime - 6 * kDay);
  tell_stored(".", kSerial, kTime - 5 * kDay);
  EXPECT_EQ(state(".").confirmed, kTime - 5 * kDay);
  confirm(".", kSerial);
  ASSERT_TRUE(until([this] { return state(".").confirmed >= kTime; }));
  tell_stored(".", kSerial, kTime - 5 * kDay);
  EXPECT_GE(state(".").confirmed, kTime) << "a primary had it meanwhile";
  EXPECT_EQ(state("arpa.").confirmed, kTime - kDay);
  EXPECT_TRUE(link_->confirmed().at("arpa.").at_most) << "for the next agent too";
}

TEST_F(ZoneLinkTest, AnImageFromTheDiskIsAsOldAsTheReportAfterItSays) {
  configure({"."});
  start();
  link_->on_served(*test::image_of(texts({"."})));
  EXPECT_FALSE(link_->root_expired({}));
  tell_stored(".", kSerial, kTime - 8 * kDay);
  EXPECT_TRUE(link_->root_expired({}));
}

TEST_F(ZoneLinkTest, OneThatSaysNothingIsKilledAndStartedAgain) {
  configure(kThree, std::chrono::milliseconds(2000));
  take_over(kThree, {{".", kTime}, {"arpa.", kTime}, {"root-servers.net.", kTime}});
  start();
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(child_.send_message(ZoneAlive{}).ok());
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(50);
    ASSERT_TRUE(until([&] { return std::chrono::steady_clock::now() > end; }));
  }
  EXPECT_EQ(killed_, 0) << "it has been alive for longer than that";
  ASSERT_TRUE(until([this] { return killed_ == pid_; }));
  EXPECT_THAT(notes_, ElementsAre(HasSubstr("imrs-zone hangs")));
  setup_.clear();
  die();
  ASSERT_TRUE(until([this] { return !setup_.empty(); })) << "the next one is set up";
  EXPECT_FALSE(link_->root_expired({}));
  EXPECT_EQ(state(".").serial, kSerial) << "what is served stays";
  ASSERT_TRUE(until([this] { return killed_ == pid_; })) << "this one hangs, too";
}

}  // namespace
}  // namespace imrs::agent
