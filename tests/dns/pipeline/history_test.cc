// Twelve days of the real root zone, from NSD and from Knot, driven by NOTIFY alone: each version goes live
// in its turn, as the very image that its file makes; keys roll, and a roll to a key that nobody has told
// this appliance of is refused. Skipped where the zones are not at hand; nothing else needs them.
#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "agent/base/dns_sockets.h"
#include "dns/image/compile.h"
#include "dns/image/image.h"
#include "dns/image/lookup.h"
#include "dns/zone/parse.h"
#include "dns/zone/verify.h"
#include "tests/dns/pipeline/history_primary.h"
#include "tests/dns/pipeline/program.h"

namespace imrs::pipeline {
namespace {

using test::HistoryPrimary;
using testing::HasSubstr;
using Kind = HistoryPrimary::Kind;
using State = ZoneReport::State;
using Steady = std::chrono::steady_clock;

// The signed versions, made once for all tests.
class History {
 public:
  // Empty: as it should be.
  const std::string& trouble() const { return trouble_; }
  const std::vector<std::string>& serials() const { return serials_; }
  std::string zone(const std::string& serial) const { return dir_.path("root-" + serial + ".zone"); }
  std::string anchors(const char* name) const { return dir_.path(name); }

  static const History& get() {
    static const History one;
    return one;
  }

 private:
  History() {
    const char* const shared = std::getenv("IMRS_SHARED");
    const std::string folder = (shared != nullptr ? std::string(shared) : IMRS_SHARED_DEFAULT) + "/rootzone";
    if (!std::filesystem::exists(folder + "/root-2024061000.zone.xz")) {
      trouble_ = "no root zones in " + folder + " (set IMRS_SHARED to the folder that has rootzone/)";
      return;
    }
    const std::string command = std::string(IMRS_ROOT_HISTORY) + " '" + folder + "' '" + dir_.path(".") + "'";
    if (std::system(command.c_str()) != 0) {
      trouble_ = command + " failed (is ldnsutils installed?)";
      return;
    }
    std::ifstream file(dir_.path("serials"));
    for (std::string line; std::getline(file, line);) serials_.push_back(line);
  }

  test::TempDir dir_;
  std::vector<std::string> serials_;
  std::string trouble_;
};

// UDP and TCP at one port of the loopback.
struct NotifySockets {
  std::uint16_t port = test::free_port();
  std::vector<UniqueFd> fds;

  NotifySockets() {
    for (const Transport transport : kTransports) {
      auto fd = open_dns_socket(Family::V4, transport, "127.0.0.1", port, {});
      EXPECT_TRUE(fd.ok());
      fds.push_back(std::move(*fd));
    }
  }
};

std::string settings(std::uint16_t port, const std::string& anchors) {
  return R"({"zones": [{"origin": ".", "primaries": [{"address": "127.0.0.1@)" + std::to_string(port) +
         R"(", "key": ")" + test::kHistoryKey + R"("}], "trust_anchors": [")" + anchors +
         R"("], "refresh_seconds": 3600}], "tsig_keys": [{"name": ")" + test::kHistoryKey +
         R"(", "algorithm": "hmac-sha256", "secret": ")" + test::kHistorySecret +
         R"("}], "management": {"address": "127.0.0.1"}, "state_directory": ""})";
}

// As imrs-zone makes it of the file alone.
std::vector<std::uint8_t> from_scratch(const std::string& file, const std::string& anchor_file) {
  auto anchors = zone::load_trust_anchors(anchor_file);
  auto zone = zone::parse_file(file, wire::Name());
  if (!zone || !anchors) return {};
  const zone::VerifyPolicy policy{zone::VerifyPolicy::Dnssec::Required, zone::VerifyPolicy::Zonemd::Required};
  auto verified = zone::verify(std::move(*zone), *anchors, policy, TrustedClock().now());
  if (!verified) return {};
  const std::array all{&*verified};
  auto octets = image::compile(all);
  return octets ? *octets : std::vector<std::uint8_t>();
}

bool has_name(const image::Image& image, const char* name) {
  const image::View view(image);
  const auto wire_name = wire::Name::parse(name).value();
  return view.find(view.zones().front(), wire_name.wire()) != nullptr;
}

class HistoryTest : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    if (::access(HistoryPrimary::program(GetParam()), X_OK) != 0) {
      GTEST_SKIP() << "SKIPPED: " << HistoryPrimary::program(GetParam()) << " is not installed";
    }
    if (!history_.trouble().empty()) GTEST_SKIP() << "SKIPPED: " << history_.trouble();
    ASSERT_GE(history_.serials().size(), 5U);
  }
  const History& history_ = History::get();
};

TEST_P(HistoryTest, EachVersionGoesLiveInItsTurn) {
  const std::string anchors = history_.anchors("trust-anchor.ds");
  const auto& serials = history_.serials();
  const NotifySockets notify;
  HistoryPrimary primary(GetParam(), history_.zone(serials.front()), notify.port);
  ASSERT_TRUE(primary.wait_until_serving()) << primary.log();
  test::ZoneChild child(settings(primary.port(), anchors), notify.fds);
  std::map<std::string, int> ways;
  std::vector<double> took;
  for (const std::string& serial : serials) {
    SCOPED_TRACE(serial);
    const auto start = Steady::now();
    if (serial != serials.front()) primary.publish(history_.zone(serial));
    const auto message = child.next_image();
    ASSERT_TRUE(message) << child.log() << primary.log();
    took.push_back(std::chrono::duration<double>(Steady::now() - start).count());
    const auto image = image::Image::map(message->fds.front().get());
    ASSERT_TRUE(image.ok()) << image.error().message;
    EXPECT_EQ(std::to_string((*image)->zones().front().serial), serial);
    EXPECT_TRUE(std::ranges::equal((*image)->bytes(), from_scratch(history_.zone(serial), anchors)));
    EXPECT_EQ(has_name(**image, "natura."), serial < "2024061202");
    const auto report = child.next_report(State::Loaded);
    ASSERT_TRUE(report);
    const std::string source = report->source.str();
    ++ways[source.substr(source.find('('))];
  }
  EXPECT_EQ(child.images_passed_over, 0);
  for (const auto& [way, count] : ways) std::printf("%d versions by %.100s\n", count, way.c_str());
  std::ranges::sort(took);
  std::printf("from the primary's reload to the image: median %.0f ms, max %.0f ms\n",
              took[took.size() / 2] * 1000, took.back() * 1000);
  if (GetParam() == Kind::Knot) {
    EXPECT_EQ(ways["(IXFR)"], static_cast<int>(serials.size()) - 1) << "Knot gives differences";
  }
}

// The last version is signed by the second key alone.
TEST_P(HistoryTest, ARollToAnUnknownKeyIsRefused) {
  const auto& serials = history_.serials();
  const std::string& known = serials[serials.size() - 2];
  const NotifySockets notify;
  HistoryPrimary primary(GetParam(), history_.zone(known), notify.port);
  ASSERT_TRUE(primary.wait_until_serving()) << primary.log();
  test::ZoneChild child(settings(primary.port(), history_.anchors("old-anchor.ds")), notify.fds);
  ASSERT_TRUE(child.next_image()) << child.log();
  primary.publish(history_.zone(serials.back()));
  const auto refused = child.next_report(State::Refused);
  ASSERT_TRUE(refused) << child.log() << primary.log();
  EXPECT_EQ(refused->topic.str(), "dnssec");
  EXPECT_THAT(refused->reason.str(), HasSubstr("no DNSKEY matches a trust anchor"));
  EXPECT_THAT(refused->reason.str(), HasSubstr("install the new anchor"));
  EXPECT_EQ(child.images_passed_over, 0) << "what was served is served on";
}

INSTANTIATE_TEST_SUITE_P(Primaries, HistoryTest, testing::Values(Kind::Nsd, Kind::Knot),
                         [](const auto& kind) { return kind.param == Kind::Nsd ? "Nsd" : "Knot"; });

}  // namespace
}  // namespace imrs::pipeline
