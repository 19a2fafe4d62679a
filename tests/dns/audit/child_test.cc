// The auditor as the agent's child, the test being the agent.
#include "dns/audit/child.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>

#include "agent/base/messages.h"
#include "agent/base/trusted_clock.h"
#include "dns/audit/zone_contents.h"
#include "dns/image/kept.h"
#include "dns/pipeline/contents.h"
#include "tests/dns/audit/image_map.h"
#include "tests/dns/pipeline/program.h"

namespace imrs::audit {
namespace {

using namespace std::chrono_literals;
using test::AuditLab;
using test::Octets;
using testing::HasSubstr;

UniqueFd sealed(std::span<const std::uint8_t> octets) {
  auto memfd = make_sealed_memfd("audit-test", octets);
  if (!memfd) std::abort();
  return std::move(*memfd);
}

std::string settings_of(const AuditLab& lab, const std::string& state_directory = "") {
  std::string zones;
  for (const test::LabZone& zone : lab.zones()) {
    const std::string judged = zone.secure ? R"("trust_anchors": [")" + zone.anchor_file + "\"]"
                                           : std::string(R"("dnssec": "none")");
    zones += (zones.empty() ? "" : ", ") + (R"({"origin": ")" + zone.origin + R"(", "file": ")" + zone.file) +
             "\", " + judged + "}";
  }
  return R"({"zones": [)" + zones + R"(], "management": {"address": "127.0.0.1"}, "state_directory": ")" +
         state_directory + "\"}";
}

class AuditChild {
 public:
  explicit AuditChild(const std::string& settings) {
    auto pair = Channel::make_pair();
    channel_ = std::move(pair->first);
    pid_ = test::start_zone_program(dir_, {"--audit-child"}, pair->second.fd());
    pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    const UniqueFd memfd = sealed({reinterpret_cast<const std::uint8_t*>(settings.data()), settings.size()});
    send(AuditSetup{}, {memfd.get()});
  }
  AuditChild(const AuditChild&) = delete;
  AuditChild& operator=(const AuditChild&) = delete;
  ~AuditChild() {
    if (pid_ > 0) ::kill(pid_, SIGKILL), ::waitpid(pid_, nullptr, 0);
  }

  template <typename T>
  void send(const T& message, const std::vector<int>& fds) {
    if (auto sent = channel_.send_message(message, fds); !sent) ADD_FAILURE() << sent.error().message;
  }
  // The verdict on an image announced by that digest; nothing within ten seconds if there is none.
  std::optional<AuditVerdict> audit(const Octets& image, std::span<const std::uint8_t> contents,
                                    const Digest& digest) {
    const UniqueFd image_fd = sealed(image), contents_fd = sealed(contents);
    AuditRequest request;
    request.digest = digest;
    request.now = TrustedClock().now();
    send(request, {image_fd.get(), contents_fd.get()});
    auto packet = channel_.wait(10000);
    return packet ? packet->as<AuditVerdict>() : std::nullopt;
  }
  std::optional<int> wait_for_exit() {
    pollfd watch{pidfd_.get(), POLLIN, 0};
    if (::poll(&watch, 1, 10000) != 1) return std::nullopt;
    int status = 0;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  void close_channel() { channel_.close(); }
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] std::string log() const { return test::read_text(dir_.path("stderr")); }

 private:
  test::TempDir dir_;
  Channel channel_;
  pid_t pid_ = -1;
  UniqueFd pidfd_;
};

Digest digest_in(const Octets& image) {
  return test::get<Digest>(image, offsetof(image::FileHeader, digest));
}

class Child : public testing::Test {
 protected:
  std::optional<AuditVerdict> audit(const Octets& image, const Octets& contents) {
    return child_.audit(image, contents, digest_in(image));
  }
  void expect_refused(const std::optional<AuditVerdict>& verdict, const char* reason) {
    ASSERT_TRUE(verdict) << child_.log();
    EXPECT_EQ(verdict->passed, 0U);
    EXPECT_THAT(verdict->text.str(), HasSubstr(reason));
  }
  AuditLab lab_;
  AuditChild child_{settings_of(lab_)};
};

TEST_F(Child, PassesAGoodImageAndNamesItsDigest) {
  for (int round = 0; round < 2; ++round) {
    const auto verdict = audit(lab_.image(), lab_.contents());
    ASSERT_TRUE(verdict) << child_.log();
    EXPECT_EQ(verdict->passed, 1U) << verdict->text.str();
    EXPECT_EQ(verdict->digest, digest_in(lab_.image()));
    EXPECT_THAT(verdict->text.str(), HasSubstr(" questions, "));
    EXPECT_LT(verdict->audit_ms, 5000U);
  }
}

// Twice, so that there are two generations; what has not passed is not kept.
TEST_F(Child, KeepsWhatHasPassedOnDisk) {
  const test::TempDir state;
  std::filesystem::create_directory(state.path("image"));
  const std::string settings = settings_of(lab_, state.path("").substr(0, state.path("").size() - 1));
  AuditChild child(settings);
  const Octets& image = lab_.image();
  for (int i = 0; i < 2; ++i) {
    const auto verdict = child.audit(image, lab_.contents(), digest_in(image));
    ASSERT_TRUE(verdict) << child.log();
    ASSERT_EQ(verdict->passed, 1U) << verdict->text.str();
  }
  const std::string path = state.path("image/image");
  // Between the two renames of a generation there is the one before only.
  const auto both = [&] {
    return std::filesystem::exists(path + ".before") && std::filesystem::exists(path);
  };
  for (int i = 0; i < 3000 && !both(); ++i) ::poll(nullptr, 0, 10);
  std::vector<std::string> anchors;
  for (const test::LabZone& zone : lab_.zones()) {
    if (zone.secure) anchors.push_back(zone.anchor_file);
  }
  const auto basis = image::basis_of(settings, anchors, IMRS_VERSION);
  ASSERT_TRUE(basis.ok());
  for (const std::string& file : {path, path + ".before"}) {
    const std::string kept = test::read_text(file);
    const std::span octets(reinterpret_cast<const std::uint8_t*>(kept.data()), kept.size());
    auto header = image::decode_kept_header(octets);
    ASSERT_TRUE(header.ok()) << header.error().message << child.log();
    EXPECT_EQ(header->image, digest_in(image));
    EXPECT_EQ(header->basis, *basis);
    EXPECT_NEAR(static_cast<double>(header->audited), static_cast<double>(TrustedClock().now()), 20);
    EXPECT_EQ(Octets(octets.begin() + image::kKeptHeaderSize, octets.end()), image);
  }
  const auto written = std::filesystem::last_write_time(path);
  const test::ImageMap map(image);
  Octets wrong = image;
  test::put(wrong, map.slot(".", "beta."), image::Slot{0, 0});
  map.refresh(wrong);
  const auto verdict = child.audit(wrong, lab_.contents(), digest_in(wrong));
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->passed, 0U);
  EXPECT_EQ(std::filesystem::last_write_time(path), written);
}

TEST_F(Child, ADiskThatIsNotThereKeepsNoImageFromGoingLive) {
  AuditChild child(settings_of(lab_, "/nowhere/state"));
  const auto verdict = child.audit(lab_.image(), lab_.contents(), digest_in(lab_.image()));
  ASSERT_TRUE(verdict) << child.log();
  EXPECT_EQ(verdict->passed, 1U) << verdict->text.str();
}

TEST_F(Child, RefusesAWrongImageAndGoesOn) {
  const test::ImageMap map(lab_.image());
  Octets wrong = lab_.image();
  test::put(wrong, map.slot(".", "beta."), image::Slot{0, 0});
  map.refresh(wrong);
  const auto verdict = audit(wrong, lab_.contents());
  expect_refused(verdict, "beta. A, EDNS, by TCP: flags and rcode");
  EXPECT_EQ(verdict->digest, digest_in(wrong));
  wrong.back() ^= 1;
  expect_refused(audit(wrong, lab_.contents()), "digest differs");
  const auto good = audit(lab_.image(), lab_.contents());
  ASSERT_TRUE(good);
  EXPECT_EQ(good->passed, 1U);
}

TEST_F(Child, RefusesAnImageThatWasNotAnnounced) {
  const Digest other{1, 2, 3};
  const auto verdict = child_.audit(lab_.image(), lab_.contents(), other);
  expect_refused(verdict, "not the one that was announced");
  EXPECT_EQ(verdict->digest, other);
}

TEST_F(Child, RefusesContentsThatAreNotTheConfiguredZones) {
  const Octets contents = lab_.contents();
  expect_refused(audit(lab_.image(), {}), "zone contents");
  expect_refused(audit(lab_.image(), Octets(100, 0xEE)), "zone contents: origin of a zone");
  expect_refused(audit(lab_.image(), Octets(contents.begin(), contents.end() - 1)),
                 "root-servers.net. record 5: ends within the record");
  Octets twice = contents;
  twice.insert(twice.end(), contents.begin(), contents.end());
  expect_refused(audit(lab_.image(), twice), "6 zones, and 3 are configured");
  Octets renamed = contents;
  const std::array<std::uint8_t, 6> arpa{4, 'a', 'r', 'p', 'a', 0};
  const auto origin = std::span(lab_.contents_of("arpa.")).first(arpa.size() + 4);
  // Not std::ranges::search: clang 14 cannot compile that of this standard library.
  const auto found = std::search(renamed.begin(), renamed.end(), origin.begin(), origin.end());
  ASSERT_NE(found, renamed.end());
  found[1] = 'x';
  expect_refused(audit(lab_.image(), renamed), "zone xrpa. is not configured");
}

TEST_F(Child, EndsWithTheAgent) {
  child_.close_channel();
  EXPECT_EQ(child_.wait_for_exit(), 0) << child_.log();
}

TEST_F(Child, EndsWhenTheAgentTalksNonsense) {
  const UniqueFd memfd = sealed(lab_.image());
  child_.send(AuditRequest{}, {memfd.get()});  // one descriptor is missing
  EXPECT_EQ(child_.wait_for_exit(), 1);
  EXPECT_THAT(child_.log(), HasSubstr("unexpected message of type 0x4102"));
}

TEST_F(Child, IsCaged) {
  ASSERT_TRUE(audit(lab_.image(), lab_.contents()));
  const std::string status = test::read_text("/proc/" + std::to_string(child_.pid()) + "/status");
  EXPECT_THAT(status, HasSubstr("NoNewPrivs:\t1"));
#ifndef IMRS_SANITIZED
  EXPECT_THAT(status, HasSubstr("Seccomp:\t2"));
  const std::string limits = test::read_text("/proc/" + std::to_string(child_.pid()) + "/limits");
  EXPECT_THAT(limits, testing::ContainsRegex("Max data size +1073741824 +1073741824"));
#endif
}

TEST(ChildSetup, AnchorsThatCannotBeReadEndItWithAReason) {
  AuditChild child(R"({"zones": [{"origin": ".", "file": "/x", "trust_anchors": ["/nonexistent"]}],
                       "management": {"address": "127.0.0.1"}, "state_directory": ""})");
  EXPECT_EQ(child.wait_for_exit(), 1);
  EXPECT_THAT(child.log(), HasSubstr("/nonexistent: No such file"));
}

// Each algorithm that a zone may be signed with must work in the cage, which opens no file.
TEST(ChildSetup, VerifiesEveryAlgorithmInTheCage) {
  for (const char* name : {"root-alg8", "root-alg13", "root-alg14", "root-alg15"}) {
    SCOPED_TRACE(name);
    const auto made = test::compile_golden(name);
    AuditChild child(R"({"zones": [{"origin": ".", "file": "/x", "trust_anchors": [")" +
                     test::golden_path(std::string(name) + ".ds") +
                     R"("]}], "management": {"address": "127.0.0.1"}, "state_directory": ""})");
    const auto verdict = child.audit(made.image, made.contents, digest_in(made.image));
    ASSERT_TRUE(verdict) << child.log();
    EXPECT_EQ(verdict->passed, 1U) << verdict->text.str();
  }
}

}  // namespace
}  // namespace imrs::audit
