// `imrs-zone audit`, as an operator runs it.
#include <gmock/gmock.h>

#include <chrono>
#include <filesystem>

#include "tests/dns/audit/image_map.h"
#include "tests/dns/pipeline/program.h"

namespace imrs::audit {
namespace {

using test::AuditLab;
using test::golden;
using test::golden_path;
using test::Octets;
using test::Outcome;
using test::replaced;
using test::run_zone_program;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

using Arguments = std::vector<std::string>;

// Zones and trust anchors of the lab, as all commands take them.
Arguments with_zones(Arguments arguments, const AuditLab& lab) {
  for (const test::LabZone& zone : lab.zones()) {
    arguments.insert(arguments.end(), {"--zone", zone.origin + "=" + zone.file});
    if (zone.secure) arguments.insert(arguments.end(), {"--trust-anchor", zone.anchor_file});
    if (!zone.secure) arguments.insert(arguments.end(), {"--unsigned", zone.origin});
  }
  return arguments;
}

class Command : public testing::Test {
 protected:
  // The golden root zone's image.
  [[nodiscard]] std::string image() const {
    const std::string path = dir_.path("image");
    if (std::filesystem::exists(path)) return path;
    const Outcome made = run_zone_program({"compile", "--zone", ".=" + golden_path("root.zone"),
                                           "--trust-anchor", golden_path("root.ds"), "-o", path});
    EXPECT_EQ(made.code, 0) << made.err;
    return path;
  }
  [[nodiscard]] Arguments root(const std::string& file) const {
    return {"audit", image(), "--zone", ".=" + file, "--trust-anchor", golden_path("root.ds")};
  }

  test::TempDir dir_;
};

TEST_F(Command, SaysThatEveryAnswerIsRight) {
  const Outcome outcome = run_zone_program(root(golden_path("root.zone")));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  EXPECT_THAT(outcome.out, StartsWith(image() + ": every answer is right: "));
  EXPECT_THAT(outcome.out, HasSubstr(", 10 signatures, "));
  EXPECT_EQ(std::ranges::count(outcome.out, '\n'), 1);
}

TEST_F(Command, TakesSeveralZonesSignedAndNot) {
  const AuditLab lab;
  const Outcome made = run_zone_program(with_zones({"compile", "-o", dir_.path("three")}, lab));
  ASSERT_EQ(made.code, 0) << made.err;
  const Outcome audited = run_zone_program(with_zones({"audit", dir_.path("three")}, lab));
  EXPECT_EQ(audited.code, 0) << audited.err;
  EXPECT_THAT(audited.out, HasSubstr("every answer is right"));
}

TEST_F(Command, RefusesWithTheReason) {
  const std::string good = golden("root.zone");
  const std::string unlike = dir_.write("other", replaced(good, "192.0.2.1\n", "192.0.2.9\n"));
  const struct {
    const char* description;
    Arguments arguments;
    const char* want;
  } cases[] = {
      {"another version", root(golden_path("root-next.zone")),
       ": zone .: the image says serial 2026010100, and it is 2026010101"},
      {"altered glue", root(unlike), "zone .: no ZONEMD record matches its content"},
      {"altered DS", root(dir_.write("ds", replaced(good, "e2d3c916", "e2d3c917"))), "com. DS: RRSIG"},
      {"no file", root("/nonexistent"), "/nonexistent: No such file"},
      {"a file that is no zone", root(golden_path("root.ds")), "root.ds"},
      {"syntax", root(dir_.write("syntax", good + "a. IN A x\n")), "syntax line 31: "},
      {"no trust anchor",
       {"audit", image(), "--zone", ".=" + golden_path("root.zone")},
       "no DNSKEY matches a trust anchor"},
      {"an anchor of another key",
       {"audit", image(), "--zone", ".=" + golden_path("root.zone"), "--trust-anchor",
        golden_path("arpa.ds")},
       "no DNSKEY matches a trust anchor"},
      {"no such anchor file",
       {"audit", image(), "--zone", ".=" + golden_path("root.zone"), "--trust-anchor", "/nonexistent"},
       "/nonexistent: No such file"},
      {"verified zone taken as unsigned",
       {"audit", image(), "--zone", ".=" + golden_path("root.zone"), "--unsigned", "."},
       "the image says first signature end 3660681600, and it is 0"},
      {"unsigned zone that is not given", {"audit", image(), "--zone", ".=x", "--unsigned", "arpa"}, "x"},
      {"a zone argument without file", {"audit", image(), "--zone", "."}, "write ORIGIN=FILE"},
      {"no image",
       {"audit", "/nonexistent", "--zone", ".=" + golden_path("root.zone")},
       "/nonexistent: No such"},
      {"a file that is no image",
       {"audit", golden_path("root.zone"), "--zone", ".=" + golden_path("root.zone")},
       "answer image refused"},
  };
  for (const auto& c : cases) {
    const Outcome outcome = run_zone_program(c.arguments);
    EXPECT_EQ(outcome.code, 1) << c.description;
    EXPECT_EQ(outcome.out, "") << c.description;
    EXPECT_THAT(outcome.err, StartsWith("imrs-zone: ")) << c.description;
    EXPECT_THAT(outcome.err, HasSubstr(c.want)) << c.description;
  }
}

TEST_F(Command, JudgesSignaturesAsOfTheGivenTime) {
  Arguments arguments = root(golden_path("root.zone"));
  arguments.insert(arguments.end(), {"--now", "2085-12-31T00:00:00Z"});
  EXPECT_EQ(run_zone_program(arguments).code, 0);
  arguments.back() = "2086-01-02T00:00:00Z";
  const Outcome late = run_zone_program(arguments);
  EXPECT_EQ(late.code, 1);
  EXPECT_THAT(late.err, HasSubstr(". DNSKEY: RRSIG ended 2086-01-01T00:00:00Z"));
  arguments.back() = "2019-12-31T00:00:00Z";
  EXPECT_THAT(run_zone_program(arguments).err, HasSubstr("RRSIG not valid before 2020-01-01T00:00:00Z"));
  arguments.back() = "soon";
  EXPECT_THAT(run_zone_program(arguments).err, HasSubstr("--now"));
}

TEST_F(Command, FindsAWrongAnswer) {
  const AuditLab lab;
  const test::ImageMap map(lab.image());
  Octets wrong = lab.image();
  test::put(wrong, map.slot(".", "net."), image::Slot{0, 0});
  map.refresh(wrong);
  const std::string path = dir_.write("wrong", {reinterpret_cast<const char*>(wrong.data()), wrong.size()});
  const Outcome outcome = run_zone_program(with_zones({"audit", path}, lab));
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.err,
            "imrs-zone: " + path + ": net. A, EDNS, by TCP: flags and rcode are 8403 and should be 8000\n");
}

// The genuine root zone of 2020-10-19, on its date.
TEST_F(Command, AuditsTheGenuineRootZone) {
  const char* const shared = std::getenv("IMRS_SHARED");
  const std::string folder = shared != nullptr ? shared : std::string(IMRS_GOLDEN_DIR) + "/../../../shared";
  const std::string packed = folder + "/rootzone/signed-root-2020101902.zone.xz";
  const std::string zone = dir_.path("root.zone"), anchor = "/usr/share/dns/root.ds";
  if (!std::filesystem::exists(packed) || !std::filesystem::exists(anchor)) {
    GTEST_SKIP() << "SKIPPED: no genuine root zone at " << packed << ", or no " << anchor
                 << " (set IMRS_SHARED to the folder that has rootzone/, install dns-root-data)";
  }
  const std::string unpack = "xz -dc '" + packed + "' > '" + zone + "'";
  ASSERT_EQ(std::system(unpack.c_str()), 0) << unpack;
  const Arguments common{"--zone", ".=" + zone, "--trust-anchor", anchor, "--now", "2020-10-20T12:00:00Z"};
  Arguments compile{"compile", "-o", dir_.path("root.image")}, audit{"audit", dir_.path("root.image")};
  compile.insert(compile.end(), common.begin(), common.end());
  audit.insert(audit.end(), common.begin(), common.end());
  const auto start = std::chrono::steady_clock::now();
  const Outcome made = run_zone_program(compile);
  const auto between = std::chrono::steady_clock::now();
  ASSERT_EQ(made.code, 0) << made.err;
  const Outcome audited = run_zone_program(audit);
  const auto end = std::chrono::steady_clock::now();
  ASSERT_EQ(audited.code, 0) << audited.err;
  EXPECT_THAT(audited.out, HasSubstr(", 2884 signatures, "));
  const std::chrono::duration<double> compiling = between - start, auditing = end - between;
  std::printf("compiled in %.2f s, audited in %.2f s: %s", compiling.count(), auditing.count(),
              audited.out.c_str());
#ifndef IMRS_SANITIZED
  EXPECT_LT((compiling + auditing).count(), 5);
#endif
}

}  // namespace
}  // namespace imrs::audit
