// What imrs-zone makes of the zones on its disk when no primary answers: nothing keeps the root from its
// image but the root, and the age of each is told as it is.
#include <gmock/gmock.h>

#include <filesystem>

#include "dns/image/image.h"
#include "dns/pipeline/contents.h"
#include "dns/pipeline/store.h"
#include "dns/pipeline/zone_source.h"
#include "dns/zone/parse.h"
#include "dns/zone/verify.h"
#include "tests/dns/pipeline/program.h"
#include "tests/dns/transfer/messages.h"
#include "tests/dns/transfer/nsd.h"

namespace imrs::pipeline {
namespace {

using test::golden_path;
using test::TempDir;
using test::ZoneChild;
using testing::HasSubstr;
using State = ZoneReport::State;

constexpr std::uint32_t kSerial = 2026010100;  // of the golden zones, whose SOA expire is a week
constexpr std::int64_t kDay = 86400;
// Their signatures end between these.
constexpr std::int64_t kIn2085 = 3'630'000'000, kIn2086 = kIn2085 + 365 * kDay;

std::string file_of(const std::string& origin) {
  return golden_path(origin == "." ? "root.zone" : "arpa.zone");
}
std::string anchor_of(const std::string& origin) {
  return golden_path(origin == "." ? "root.ds" : "arpa.ds");
}

zone::Zone read(const std::string& origin) {
  return zone::parse_file(file_of(origin), test::name(origin)).value();
}

class ChildStored : public testing::Test {
 protected:
  ChildStored() { std::filesystem::create_directories(dir_.path("state/zones")); }

  // As an imrs-zone before this one has left it.
  void store(const std::string& origin, std::int64_t confirmed) {
    const auto anchors = zone::load_trust_anchors(anchor_of(origin)).value();
    const auto zone = zone::verify(read(origin), anchors, {}, TrustedClock().now()).value();
    const std::array one{&zone};
    const auto octets = encode_stored_zone(zone_contents(one), confirmed);
    ASSERT_TRUE(Store(dir_.path("state/zones")).save(Store::file_of(test::name(origin)), octets).ok());
  }
  [[nodiscard]] std::string settings(const std::string& root_anchor = golden_path("root.ds")) const {
    const auto zone = [](const std::string& origin, const std::string& anchor) {
      return R"({"origin": ")" + origin + R"(", "primaries": ["127.0.0.1@)" +
             std::to_string(test::free_port()) + R"("], "trust_anchors": [")" + anchor + R"("]})";
    };
    return R"({"zones": [)" + zone(".", root_anchor) + "," + zone("arpa.", golden_path("arpa.ds")) +
           R"(], "management": {"address": "127.0.0.1"}, "state_directory": ")" + dir_.path("state") +
           R"("})";
  }
  TempDir dir_;
};

TEST_F(ChildStored, AnExpiredZoneKeepsNoImageFromTheRoot) {
  const std::int64_t now = TrustedClock().now();
  store(".", now - 60);
  store("arpa.", now - 8 * kDay);
  ZoneChild child(settings());
  const auto root = child.next_report(State::Loaded);
  ASSERT_TRUE(root) << child.log();
  EXPECT_EQ(root->confirmed_at, now - 60);
  const auto message = child.next_image();
  ASSERT_TRUE(message) << child.log();
  const auto image = image::Image::map(message->fds[0].get());
  ASSERT_TRUE(image.ok());
  EXPECT_EQ((*image)->zones().size(), 2U);
  const auto arpa = child.next_report(State::Loaded, "arpa.");
  ASSERT_TRUE(arpa) << child.log();
  EXPECT_EQ(arpa->confirmed_at, now - 8 * kDay);
  EXPECT_EQ(arpa->confirmed_serial, kSerial);
}

// With nothing that can be served it does not wait for a retry time of 15 minutes.
TEST_F(ChildStored, AnExpiredZoneIsAskedForSoon) {
  const std::int64_t now = TrustedClock().now();
  store(".", now - 60);
  store("arpa.", now - 8 * kDay);
  ZoneChild child(settings());
  const auto arpa = child.next_report(State::Unreachable, "arpa.");
  ASSERT_TRUE(arpa) << child.log();
  EXPECT_LE(arpa->next_ms, 1000U);
}

// What may be announced of it decides the agent, and its operator.
TEST_F(ChildStored, AnExpiredRootIsTakenToo) {
  const std::int64_t now = TrustedClock().now();
  store(".", now - 8 * kDay);
  store("arpa.", now - 60);
  ZoneChild child(settings());
  EXPECT_TRUE(child.next_image()) << child.log();
}

// The agent may serve that very version, and knows its age from nobody else.
TEST_F(ChildStored, TheAgeOfWhatIsRefusedIsToldToo) {
  const std::int64_t confirmed = TrustedClock().now() - 6 * kDay;
  store(".", confirmed);
  ZoneChild child(settings(golden_path("root-alg15.ds")));
  const auto refused = child.next_report(State::Refused);
  ASSERT_TRUE(refused) << child.log();
  EXPECT_THAT(refused->reason.str(), HasSubstr("no DNSKEY matches a trust anchor"));
  EXPECT_EQ(refused->confirmed_at, confirmed);
  EXPECT_EQ(refused->confirmed_serial, kSerial);
  EXPECT_EQ(refused->confirmed, 0U);
}

// What comes of restoring `zone` at `now`, and of reading it from a file then.
struct Kept {
  Attempt restored;
  std::optional<Attempt> fresh;
  std::int64_t first_signature_end = 0;  // of the restored one
};
Kept outcome(const std::string& origin, zone::Zone zone, std::int64_t now) {
  ZoneConfig config;
  config.origin = origin;
  config.file = file_of(origin);
  config.trust_anchors = {anchor_of(origin)};
  ZoneSource source(config, test::name(origin), "", [now] { return now; });
  Kept out;
  const auto accept = [&](const zone::VerifiedZone& verified, const Phases&) {
    out.first_signature_end = verified.first_signature_end();
    return Result<void>();
  };
  out.restored = source.restore(std::move(zone), accept);
  out.fresh = source.attempt(nullptr,
                             [](const zone::VerifiedZone&, const Phases&) { return Result<void>(); });
  return out;
}

TEST(Restored, AZoneButTheRootOutlivesItsSignatures) {
  const Kept before = outcome("arpa.", read("arpa."), kIn2085),
             after = outcome("arpa.", read("arpa."), kIn2086);
  EXPECT_EQ(before.restored.state, State::Loaded) << before.restored.reason;
  EXPECT_EQ(before.fresh->state, State::Loaded) << before.fresh->reason;
  EXPECT_EQ(after.restored.state, State::Loaded) << after.restored.reason;
  EXPECT_EQ(after.first_signature_end, before.first_signature_end) << "by which it is answered with SERVFAIL";
  EXPECT_LT(after.first_signature_end, kIn2086);
  EXPECT_EQ(after.fresh->state, State::Refused);
  EXPECT_THAT(after.fresh->reason, HasSubstr("ended 2086-01-01"));
}

TEST(Restored, TheRootDoesNot) {
  EXPECT_EQ(outcome(".", read("."), kIn2085).restored.state, State::Loaded);
  const Kept after = outcome(".", read("."), kIn2086);
  EXPECT_EQ(after.restored.state, State::Refused);
  EXPECT_THAT(after.restored.reason, HasSubstr("ended 2086-01-01"));
}

TEST(Restored, SignaturesThatHaveEndedAreVerifiedAllTheSame) {
  zone::Zone forged = read("arpa.");
  forged.nodes.at(test::name("arpa.")).at(6).signatures.front().back() ^= 1;
  const Kept after = outcome("arpa.", std::move(forged), kIn2086);
  EXPECT_EQ(after.restored.state, State::Refused);
  EXPECT_THAT(after.restored.reason, HasSubstr("arpa. RRSIG(SOA)"));
}

}  // namespace
}  // namespace imrs::pipeline
