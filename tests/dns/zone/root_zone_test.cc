// The genuine signed root zone of 2020-10-19, against the anchors that Debian ships: it verifies on its
// date and is refused today. Skipped where the zone is not at hand; nothing else needs it.
#include <gmock/gmock.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>

#include "dns/zone/parse.h"
#include "dns/zone/verify.h"
#include "tests/dns/zone/zone_files.h"

namespace imrs::zone {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kItsDate = 1603195200;  // 2020-10-20T12:00:00Z

class RootZone : public testing::Test {
 protected:
  void SetUp() override {
    const char* const shared = std::getenv("IMRS_SHARED");
    const std::string folder = shared != nullptr ? shared : std::string(IMRS_GOLDEN_DIR) + "/../../../shared";
    const std::string packed = folder + "/rootzone/signed-root-2020101902.zone.xz";
    if (!std::filesystem::exists(packed)) {
      GTEST_SKIP() << "SKIPPED: no genuine root zone at " << packed
                   << " (set IMRS_SHARED to the folder that has rootzone/)";
    }
    const std::string command = "xz -dc '" + packed + "' > '" + dir_.path("root.zone") + "'";
    if (std::system(command.c_str()) != 0) GTEST_SKIP() << "SKIPPED: " << command << " failed";
  }

  Result<VerifiedZone> verified(const std::string& anchor_file, std::int64_t now) {
    auto zone = parse_file(dir_.path("root.zone"), wire::Name());
    if (!zone) return zone.error();
    auto anchors = load_trust_anchors(anchor_file);
    if (!anchors) return anchors.error();
    return verify(std::move(*zone), *anchors, {}, now);
  }

  test::TempDir dir_;
};

TEST_F(RootZone, VerifiesOnItsDate) {
  for (const char* anchor : {"/usr/share/dns/root.ds", "/usr/share/dns/root.key"}) {
    SCOPED_TRACE(anchor);
    if (!std::filesystem::exists(anchor)) GTEST_SKIP() << "SKIPPED: install dns-root-data";
    const auto start = std::chrono::steady_clock::now();
    auto zone = verified(anchor, kItsDate);
    ASSERT_TRUE(zone.ok()) << zone.error().message;
    EXPECT_EQ(zone->serial(), 2020101902U);
    EXPECT_EQ(zone->signatures_verified(), 2884U);
    EXPECT_FALSE(zone->zonemd_verified()) << "it predates ZONEMD";
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    std::printf("parsed and verified in %.3f s\n", took.count());
  }
}

TEST_F(RootZone, IsRefusedTodayNamingTheSignature) {
  if (!std::filesystem::exists("/usr/share/dns/root.ds")) {
    GTEST_SKIP() << "SKIPPED: install dns-root-data";
  }
  const std::int64_t now = std::chrono::duration_cast<std::chrono::seconds>(
                               std::chrono::system_clock::now().time_since_epoch())
                               .count();
  auto zone = verified("/usr/share/dns/root.ds", now);
  ASSERT_FALSE(zone.ok());
  EXPECT_THAT(zone.error().message, HasSubstr("RRSIG(DNSKEY) by key 20326 algorithm 8 ended 2020-"));
}

}  // namespace
}  // namespace imrs::zone
