// imrs-zone as the agent's child, the test being the agent: what is sent, and what is not.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "dns/image/image.h"
#include "dns/transfer/client.h"
#include "tests/dns/pipeline/program.h"
#include "tests/dns/transfer/nsd.h"

namespace imrs::pipeline {
namespace {

using namespace std::chrono_literals;
using test::golden;
using test::golden_path;
using test::replaced;
using test::TempDir;
using test::ZoneChild;
using testing::HasSubstr;
using State = ZoneReport::State;

std::string zone_json(const std::string& origin, const std::string& source, const std::string& anchor) {
  return R"({"origin": ")" + origin + R"(", )" + source + R"(, "trust_anchors": [")" + golden_path(anchor) +
         R"("], "refresh_seconds": 1})";
}

std::string from_file(const std::string& path) { return R"("file": ")" + path + "\""; }

std::string settings(const std::string& zones) {
  return R"({"zones": [)" + zones + R"(], "management": {"address": "127.0.0.1"}, "state_directory": ""})";
}

std::string root_from(const std::string& source) { return settings(zone_json(".", source, "root.ds")); }

// The serials in an image message, by origin.
std::map<std::string, std::uint32_t> serials(const std::optional<ZoneChild::Message>& message) {
  std::map<std::string, std::uint32_t> out;
  if (!message || message->fds.size() != 2) return out;  // the image and the records of its zones
  auto image = image::Image::map(message->fds[0].get());
  if (!image || (*image)->digest() != message->image->digest) return out;
  for (const auto& zone : (*image)->zones()) out[zone.origin] = zone.serial;
  return out;
}

using Serials = std::map<std::string, std::uint32_t>;
constexpr std::uint32_t kFirst = 2026010100, kNext = 2026010101;

TEST(Child, SendsAnImageAndThenTheReport) {
  const TempDir dir;
  ZoneChild child(root_from(from_file(dir.write("root.zone", golden("root.zone")))));
  const auto image = child.next_image();
  ASSERT_EQ(serials(image), (Serials{{".", kFirst}})) << child.log();
  EXPECT_EQ(child.passed_over, 0) << "the image comes first";
  EXPECT_THAT(image->image->summary.str(), HasSubstr("zone . serial 2026010100: 18 RRsets, 10 sig"));
  const auto report = child.next_report(State::Loaded);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->serial, kFirst);
  EXPECT_EQ(report->source.str(), dir.path("root.zone"));
  EXPECT_EQ(report->reason.str(), "");
  const auto unchanged = child.next_report(State::Unchanged);
  ASSERT_TRUE(unchanged);
  EXPECT_EQ(unchanged->serial, kFirst);
}

// The first at once, the next long before the agent's patience ends: what lasts long is between two of them.
TEST(Child, GivesSignsOfLife) {
  const TempDir dir;
  ZoneChild child(root_from(from_file(dir.write("root.zone", golden("root.zone")))));
  ASSERT_TRUE(child.next_image()) << child.log();
  const int first = child.signs_of_life;
  EXPECT_GE(first, 1);
  const auto begin = std::chrono::steady_clock::now();
  while (child.signs_of_life == first && std::chrono::steady_clock::now() < begin + 30s) {
    (void)child.next_report(State::Unchanged);
  }
  EXPECT_GT(child.signs_of_life, first);
}

TEST(Child, ABrokenFileChangesNothingAndIsReportedOnce) {
  const TempDir dir;
  ZoneChild child(root_from(from_file(dir.write("root.zone", golden("root.zone")))));
  ASSERT_TRUE(child.next_image()) << child.log();
  dir.write("root.zone", replaced(golden("root-next.zone"), "e2d3c916", "e2d3c917"));
  const auto refused = child.next_report(State::Refused);
  ASSERT_TRUE(refused);
  EXPECT_THAT(refused->reason.str(), HasSubstr("com. RRSIG(DS)"));
  // Two more looks at the same file say nothing; the next thing heard is the good version.
  EXPECT_TRUE(child.quiet(2500ms));
  dir.write("root.zone", golden("root-next.zone"));
  const int before = child.passed_over;
  EXPECT_EQ(serials(child.next_image()), (Serials{{".", kNext}}));
  EXPECT_EQ(child.passed_over, before);
  EXPECT_EQ(child.images_passed_over, 0);
}

struct BadVersion {
  const char* description;
  std::string text;
  const char* want;
  State state = State::Refused;
};

TEST(Child, RefusesVersionAfterVersion) {
  const TempDir dir;
  ZoneChild child(root_from(from_file(dir.write("root.zone", golden("root-next.zone")))));
  ASSERT_EQ(serials(child.next_image()), (Serials{{".", kNext}})) << child.log();
  const std::string next = golden("root-next.zone");
  const BadVersion versions[] = {
      {"serial goes back", golden("root.zone"), "serial 2026010100 goes back: 2026010101 is served"},
      {"half a file", next.substr(0, next.size() / 2), ""},
      {"empty", "", "SOA"},
      {"signed by a stranger", golden("root-alg15.zone"), "no DNSKEY matches a trust anchor"},
      {"glue altered", replaced(next, "192.0.2.1\n", "192.0.2.9\n"), "ZONEMD"},
  };
  for (const BadVersion& bad : versions) {
    SCOPED_TRACE(bad.description);
    dir.write("root.zone", bad.text);
    const auto report = child.next_report(bad.state);
    ASSERT_TRUE(report);
    EXPECT_THAT(report->reason.str(), HasSubstr(bad.want));
  }
  std::filesystem::remove(dir.path("root.zone"));
  const auto gone = child.next_report(State::Unreachable);
  ASSERT_TRUE(gone);
  EXPECT_THAT(gone->reason.str(), HasSubstr("No such file"));
  EXPECT_EQ(child.images_passed_over, 0);
}

TEST(Child, StartsNoLowerThanWhatIsServed) {
  const TempDir dir;
  const std::string json = root_from(from_file(dir.write("root.zone", golden("root.zone"))));
  ZoneChild child(
      replaced(json, R"("refresh_seconds")", R"("served_serial": 2026010101, "refresh_seconds")"));
  const auto refused = child.next_report(State::Refused);
  ASSERT_TRUE(refused) << child.log();
  EXPECT_THAT(refused->reason.str(), HasSubstr("serial 2026010100 goes back: 2026010101 is served"));
  dir.write("root.zone", golden("root-next.zone"));
  EXPECT_EQ(serials(child.next_image()), (Serials{{".", kNext}}));
}

TEST(Child, WaitsUntilEveryZoneIsGood) {
  const TempDir dir;
  dir.write("root.zone", golden("root.zone"));
  ZoneChild child(settings(zone_json(".", from_file(dir.path("root.zone")), "root.ds") + "," +
                           zone_json("arpa.", from_file(dir.path("arpa.zone")), "arpa.ds")));
  ASSERT_TRUE(child.next_report(State::Loaded)) << child.log();
  ASSERT_TRUE(child.next_report(State::Unreachable, "arpa."));
  dir.write("arpa.zone", replaced(golden("arpa.zone"), "192.0.2.5", "192.0.2.6"));
  ASSERT_TRUE(child.next_report(State::Refused, "arpa."));
  EXPECT_EQ(child.images_passed_over, 0);
  dir.write("arpa.zone", golden("arpa.zone"));
  EXPECT_EQ(serials(child.next_image()), (Serials{{".", kFirst}, {"arpa.", kFirst}}));
}

// A socket that accepts connections and never answers.
class SilentPrimary {
 public:
  SilentPrimary() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), size);
    ::listen(fd_.get(), 8);
    ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  [[nodiscard]] std::string text() const { return "127.0.0.1@" + std::to_string(port_); }
  [[nodiscard]] bool wait_for_connection() const {
    pollfd watch{fd_.get(), POLLIN, 0};
    return ::poll(&watch, 1, 10000) == 1;
  }

 private:
  UniqueFd fd_;
  std::uint16_t port_ = 0;
};

TEST(Child, EndsWhenTheAgentGoes) {
  const TempDir dir;
  ZoneChild idle(root_from(from_file(dir.write("root.zone", golden("root.zone")))));
  ASSERT_TRUE(idle.next_image()) << idle.log();
  idle.close_channel();
  EXPECT_EQ(idle.wait_for_exit(30s), 0);
}

TEST(Child, EndsWhenTheAgentGoesAlsoWhileItWaitsForAPrimary) {
  using Clock = std::chrono::steady_clock;
  bool at_once = false;  // long before the primary is given up; a busy machine may be late, but not each time
  for (int i = 0; i < 5 && !at_once; ++i) {
    const SilentPrimary silent;
    ZoneChild waiting(root_from(R"("primaries": [")" + silent.text() + "\"]"));
    ASSERT_TRUE(silent.wait_for_connection()) << waiting.log();
    const auto begin = Clock::now();
    waiting.close_channel();
    ASSERT_EQ(waiting.wait_for_exit(30s), 0);
    at_once = Clock::now() - begin < transfer::Limits().answer / 2;
  }
  EXPECT_TRUE(at_once);
}

TEST(Child, EndsWhenTheAgentTalksNonsense) {
  const TempDir dir;
  ZoneChild child(root_from(from_file(dir.write("root.zone", golden("root.zone")))));
  ASSERT_TRUE(child.next_image());
  ASSERT_TRUE(child.channel().send_message(EngineServing{}).ok());
  EXPECT_EQ(child.wait_for_exit(30s), 1);
  EXPECT_THAT(child.log(), HasSubstr("unexpected message of type 0x4511"));
}

TEST(Child, SettingsThatCannotBeUsedEndItWithAReason) {
  ZoneChild child(R"({"zones": [{"origin": "."}], "colour": 1})");
  EXPECT_EQ(child.wait_for_exit(30s), 1);
  EXPECT_THAT(child.log(), HasSubstr("settings from the agent"));
}

TEST(Child, IsCaged) {
  const TempDir dir;
  ZoneChild child(root_from(from_file(dir.write("root.zone", golden("root.zone")))));
  ASSERT_TRUE(child.next_image());
  const std::string status = test::read_text("/proc/" + std::to_string(child.pid()) + "/status");
  EXPECT_THAT(status, HasSubstr("NoNewPrivs:\t1"));
#ifndef IMRS_SANITIZED
  EXPECT_THAT(status, HasSubstr("Seccomp:\t2"));
  const std::string limits = test::read_text("/proc/" + std::to_string(child.pid()) + "/limits");
  EXPECT_THAT(limits, testing::ContainsRegex("Max data size +1073741824 +1073741824"));
#endif
}

class FromPrimary : public testing::Test {
 protected:
  void SetUp() override {
    if (!test::Nsd::installed()) GTEST_SKIP() << "SKIPPED: nsd is not installed";
    nsd_ = std::make_unique<test::Nsd>(golden_path("root.zone"));
    ASSERT_TRUE(nsd_->wait_until_serving()) << nsd_->log();
  }
  [[nodiscard]] std::string primary() const { return "127.0.0.1@" + std::to_string(nsd_->port()); }
  std::unique_ptr<test::Nsd> nsd_;
};

TEST_F(FromPrimary, FollowsTheSerialAndRefusesWhatDoesNotVerify) {
  ZoneChild child(root_from(R"("primaries": [")" + primary() + "\"]"));
  ASSERT_EQ(serials(child.next_image()), (Serials{{".", kFirst}})) << child.log();
  const auto loaded = child.next_report(State::Loaded);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->source.str(), "127.0.0.1 port " + std::to_string(nsd_->port()) + " (AXFR)");
  ASSERT_TRUE(child.next_report(State::Unchanged));

  nsd_->set_zone(golden("root-next.zone"));
  nsd_->reload();
  ASSERT_EQ(serials(child.next_image()), (Serials{{".", kNext}})) << child.log();

  nsd_->set_zone(replaced(golden("root-next.zone"), "2026010101 1800", "2026010102 1800"));
  nsd_->reload();
  const auto refused = child.next_report(State::Refused);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->serial, 2026010102U);
  EXPECT_THAT(refused->reason.str(), HasSubstr(". RRSIG(SOA)"));
  EXPECT_TRUE(child.quiet(2500ms)) << "the refused version is not transferred again";

  nsd_.reset();
  const auto silent = child.next_report(State::Unreachable);
  ASSERT_TRUE(silent);
  // Refused, or cut off in the middle if the last question was on its way.
  EXPECT_THAT(silent->reason.str(), testing::AnyOf(HasSubstr("onnection "), HasSubstr("Broken pipe")));
  EXPECT_EQ(child.images_passed_over, 0);
}

TEST_F(FromPrimary, TriesPrimariesInOrder) {
  const test::Nsd* const good = nsd_.get();
  std::uint16_t closed = 0;
  {
    const SilentPrimary gone;
    closed = static_cast<std::uint16_t>(std::stoi(gone.text().substr(gone.text().find('@') + 1)));
  }
  ZoneChild child(
      root_from(R"("primaries": ["127.0.0.1@)" + std::to_string(closed) + R"(", ")" + primary() + "\"]"));
  ASSERT_EQ(serials(child.next_image()), (Serials{{".", kFirst}})) << child.log();
  const auto loaded = child.next_report(State::Loaded);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->source.str(), "127.0.0.1 port " + std::to_string(good->port()) + " (AXFR)");
  nsd_.reset();
  const auto silent = child.next_report(State::Unreachable);
  ASSERT_TRUE(silent);
  EXPECT_THAT(silent->reason.str(), HasSubstr("port " + std::to_string(closed) + ": connect"));
  EXPECT_THAT(silent->reason.str(), HasSubstr("; 127.0.0.1 port "));
}

}  // namespace
}  // namespace imrs::pipeline
