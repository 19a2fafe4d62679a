// The image that an instance starts with: which file is taken, and every reason why one is not.
#include "agent/kept_image.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>

#include "dns/image/kept.h"
#include "tests/dns/zone/zone_files.h"
#include "tests/support/test_zones.h"

namespace imrs::agent {
namespace {

using testing::HasSubstr;
using Octets = std::vector<std::uint8_t>;

constexpr std::int64_t kAudited = 1764150000;

class KeptImageTest : public testing::Test {
 protected:
  void SetUp() override {
    config_.state_directory = dir_.path("state");
    std::filesystem::create_directories(config_.state_directory + "/image");
    for (const char* origin : {".", "arpa.", "root-servers.net."}) {
      ZoneConfig zone;
      zone.origin = origin;
      zone.trust_anchors = {dir_.write("anchor.ds", "the anchor")};
      config_.zones.push_back(zone);
    }
  }

  [[nodiscard]] Digest basis() const {
    const std::vector<std::string> anchors(config_.zones.size(), dir_.path("anchor.ds"));
    return image::basis_of(audit_settings_json(config_), anchors, IMRS_VERSION).value();
  }
  [[nodiscard]] Octets kept(std::uint32_t serial, std::int64_t audited = kAudited) const {
    return kept(test::three_zones(serial), audited);
  }
  [[nodiscard]] Octets kept(const std::vector<test::ZoneText>& zones, std::int64_t audited) const {
    const auto image = test::image_of(zones);
    Octets out = image::encode_kept_header({.audited = audited, .basis = basis(), .image = image->digest()});
    out.insert(out.end(), image->bytes().begin(), image->bytes().end());
    return out;
  }
  void write(const std::string& name, const Octets& octets) {
    dir_.write("state/image/" + name, {reinterpret_cast<const char*>(octets.data()), octets.size()});
  }
  std::string refusal(std::int64_t now = kAudited + 10, std::optional<SharedCheck> waived = {}) {
    auto got = load_kept_image(config_, now, waived);
    return got ? "taken" : got.error().message;
  }

  test::TempDir dir_;
  Config config_;
};

TEST_F(KeptImageTest, TheNewestThatIsGoodIsTaken) {
  EXPECT_EQ(load_kept_image(config_, kAudited).error().code, Errc::Unavailable);
  write("image", kept(2));
  write("image.before", kept(1, kAudited - 5));
  auto got = load_kept_image(config_, kAudited + 10);
  ASSERT_TRUE(got.ok()) << got.error().message;
  EXPECT_EQ(got->image.image->zones().back().serial, 2U);
  EXPECT_EQ(got->audited, kAudited);
  EXPECT_TRUE(map_sealed(got->image.memfd->get()).ok()) << "the engine gets it sealed";

  Octets damaged = kept(2);
  damaged[damaged.size() / 2] ^= 1;
  write("image", damaged);
  got = load_kept_image(config_, kAudited + 10);
  ASSERT_TRUE(got.ok()) << got.error().message;
  EXPECT_EQ(got->image.image->zones().back().serial, 1U) << "the generation before";
}

TEST_F(KeptImageTest, EveryOctetOfItsHeaderCounts) {
  const Octets good = kept(1);
  for (std::size_t at = 0; at < image::kKeptHeaderSize; ++at) {
    Octets damaged = good;
    damaged[at] ^= 0x40;
    write("image", damaged);
    EXPECT_NE(refusal(), "taken") << at;
  }
  for (const std::size_t size : {std::size_t{0}, std::size_t{50}, image::kKeptHeaderSize,
                                 image::kKeptHeaderSize + 10, good.size() - 1}) {
    write("image", {good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)});
    EXPECT_NE(refusal(), "taken") << size;
  }
}

TEST_F(KeptImageTest, AnotherImageBehindTheHeader) {
  Octets mixed = kept(1);
  const Octets other = kept(2);
  mixed.resize(image::kKeptHeaderSize);
  mixed.insert(mixed.end(), other.begin() + image::kKeptHeaderSize, other.end());
  write("image", mixed);
  EXPECT_THAT(refusal(), HasSubstr("it is not the image that was audited"));
}

TEST_F(KeptImageTest, WhatItWasJudgedByHasToHoldStill) {
  write("image", kept(1));
  EXPECT_EQ(refusal(), "taken");
  dir_.write("anchor.ds", "another anchor");
  EXPECT_THAT(refusal(), HasSubstr("judged by other settings, trust anchors or another version"));
  dir_.write("anchor.ds", "the anchor");
  EXPECT_EQ(refusal(), "taken");
  config_.zones[0].zonemd = ZoneConfig::Zonemd::Required;
  EXPECT_THAT(refusal(), HasSubstr("judged by other settings"));
  config_.zones[0].zonemd = ZoneConfig::Zonemd::IfPresent;
  std::filesystem::remove(dir_.path("anchor.ds"));
  EXPECT_THAT(refusal(), HasSubstr("anchor.ds"));
}

TEST_F(KeptImageTest, OtherZonesOrExpiredOnes) {
  config_.zones.pop_back();
  write("image", kept(1));
  EXPECT_THAT(refusal(), HasSubstr("exactly the configured zones"));
  config_.zones.push_back(config_.zones[0]);
  config_.zones.back().origin = "example.";
  write("image", kept(1));
  EXPECT_THAT(refusal(), HasSubstr("holds zone root-servers.net., which is not configured"));
  config_.zones.back().origin = "root-servers.net.";
  write("image", kept(1));
  EXPECT_EQ(refusal(), "taken");
  EXPECT_THAT(refusal(kAudited + 100'000'000), HasSubstr("has expired"));
  EXPECT_EQ(refusal(kAudited - 100'000), "taken") << "a clock behind makes it no older";
}

// The instance would announce nothing for a zone that nobody's routes depend on.
TEST_F(KeptImageTest, AZoneThatHasExpiredCostsTheRootNothing) {
  auto zones = test::three_zones(1);
  zones[1].text = test::replaced(zones[1].text, " 1800 900 604800 ", " 1800 900 1000 ");
  ASSERT_EQ(zones[1].origin, "arpa.");
  write("image", kept(zones, kAudited));
  EXPECT_EQ(refusal(kAudited + 2000), "taken");
  zones[0].text = test::replaced(zones[0].text, " 1800 900 604800 ", " 1800 900 1000 ");
  write("image", kept(zones, kAudited));
  EXPECT_THAT(refusal(kAudited + 2000), HasSubstr("zone . has expired"));
}

TEST_F(KeptImageTest, AWaiverHoldsFromTheStart) {
  write("image", kept(1));
  constexpr std::int64_t kLater = kAudited + 604800;
  EXPECT_THAT(refusal(kLater), HasSubstr("zone . has expired"));
  EXPECT_THAT(refusal(kLater, SharedCheck::SignatureDates), HasSubstr("zone . has expired"));
  EXPECT_EQ(refusal(kLater, SharedCheck::SoaExpire), "taken");
}

TEST_F(KeptImageTest, WhatIsNoFile) {
  std::filesystem::create_directory(config_.state_directory + "/image/image");
  EXPECT_THAT(refusal(), HasSubstr("no regular file"));
  std::filesystem::remove(config_.state_directory + "/image/image");
  std::filesystem::create_symlink(dir_.write("elsewhere", "x"), config_.state_directory + "/image/image");
  EXPECT_THAT(refusal(), HasSubstr("symbolic link"));
}

}  // namespace
}  // namespace imrs::agent
