// `imrs-zone compile` and `inspect`, as an operator runs them.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "dns/image/image.h"
#include "tests/dns/pipeline/program.h"

namespace imrs::pipeline {
namespace {

using test::golden;
using test::golden_path;
using test::Outcome;
using test::replaced;
using test::run_zone_program;
using test::TempDir;
using testing::HasSubstr;
using testing::StartsWith;

class Compile : public testing::Test {
 protected:
  [[nodiscard]] std::string image() const { return out_.path("image"); }

  Outcome compile(const std::string& zone_file, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{
        "compile", "--zone", ".=" + zone_file, "--trust-anchor", golden_path("root.ds"), "-o", image()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_zone_program(arguments);
  }

  TempDir in_, out_;
};

TEST_F(Compile, WritesAnImageAndSaysWhatIsInIt) {
  const Outcome outcome = compile(golden_path("root.zone"));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  EXPECT_THAT(outcome.out, StartsWith("zone . serial 2026010100: 18 RRsets, 10 signatures verified "
                                      "(first ends 2086-01-01T00:00:00Z), ZONEMD verified, "));
  EXPECT_EQ(std::ranges::count(outcome.out, '\n'), 1);
  EXPECT_EQ(out_.files(), 1U);
  struct stat status {};
  ASSERT_EQ(::stat(image().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U & ~0644U, 0U);
  EXPECT_NE(status.st_mode & 0400U, 0U);
}

TEST_F(Compile, TakesSeveralZonesSignedAndNot) {
  const Outcome outcome = compile(golden_path("root.zone"),
                                  {"--zone", "arpa=" + golden_path("arpa.zone"), "--trust-anchor",
                                   golden_path("arpa.ds"), "--zone",
                                   "root-servers.net=" + golden_path("rfc8976-a5-root-servers.net.zone"),
                                   "--unsigned", "root-servers.net"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("zone arpa. serial 2026010100"));
  EXPECT_THAT(outcome.out, HasSubstr("zone root-servers.net. serial 2018091100: "));
  EXPECT_THAT(outcome.out, HasSubstr("signatures not verified, ZONEMD verified"));
  auto loaded = image::Image::load_file(image());
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ((*loaded)->zones().size(), 3U);
}

struct Refusal {
  const char* description;
  std::string zone_text;
  std::vector<std::string> more;
  std::vector<const char*> want;
};

TEST_F(Compile, RefusesWithReasonAndLeavesNothing) {
  const std::string good = golden("root.zone");
  const std::string cname = good + "alias. 60 IN CNAME com.\n";
  const Refusal cases[] = {
      {"altered record", replaced(good, "e2d3c916", "e2d3c917"), {}, {"com. RRSIG(DS)"}},
      {"altered glue", replaced(good, "192.0.2.1\n", "192.0.2.9\n"), {}, {"ZONEMD"}},
      {"syntax", good + "a. IN A x\n", {}, {"line 31"}},
      {"expired", good, {"--now", "2086-01-02T00:00:00Z"}, {"RRSIG(DNSKEY)", "ended 2086-01-01T00:00:00Z"}},
      {"expired, in seconds", good, {"--now", "3660768000"}, {"now is 2086-01-02T00:00:00Z"}},
      {"a CNAME", cname, {"--insecure-no-verify"}, {"alias.", "CNAME"}},
      {"another zone",
       golden("rfc8976-a5-root-servers.net.zone"),
       {},
       {"line 2: root-servers.net. SOA: lies below the apex"}},
      {"second zone not signed",
       good,
       {"--zone", "root-servers.net=" + golden_path("rfc8976-a5-root-servers.net.zone")},
       {"root-servers.net.", "no DNSKEY"}},
      {"a zone twice", good, {"--zone", ".=" + golden_path("root.zone")}, {"twice"}},
      {"no such file", good, {"--zone", "arpa=/nonexistent"}, {"/nonexistent: No such file"}},
      {"no such anchor", good, {"--trust-anchor", "/nonexistent"}, {"/nonexistent: No such file"}},
      {"not ORIGIN=FILE", good, {"--zone", "arpa"}, {"ORIGIN=FILE"}},
      {"not a time", good, {"--now", "yesterday"}, {"--now", "2020-10-20T12:00:00Z"}},
      {"no such day", good, {"--now", "2026-02-31T00:00:00Z"}, {"not a time"}},
      {"a zone that is not there", good, {"--unsigned", "arpa"}, {"no such --zone"}},
  };
  for (const Refusal& refusal : cases) {
    SCOPED_TRACE(refusal.description);
    const Outcome outcome = compile(in_.write("zone", refusal.zone_text), refusal.more);
    EXPECT_EQ(outcome.code, 1);
    EXPECT_EQ(outcome.out, "");
    for (const char* part : refusal.want) EXPECT_THAT(outcome.err, HasSubstr(part));
    EXPECT_EQ(out_.files(), 0U);
  }
}

TEST_F(Compile, AnImageThatWasThereStays) {
  ASSERT_EQ(compile(golden_path("root.zone")).code, 0);
  const std::string before = test::read_text(image());
  ASSERT_EQ(compile(in_.write("zone", replaced(golden("root.zone"), "small", "smell"))).code, 1);
  EXPECT_EQ(test::read_text(image()), before);
  EXPECT_EQ(out_.files(), 1U);
}

TEST_F(Compile, WithoutAnAnchorNothingIsTrusted) {
  const Outcome outcome = run_zone_program(
      {"compile", "--zone", ".=" + golden_path("root.zone"), "-o", image()});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("trust anchor"));
  EXPECT_EQ(out_.files(), 0U);
}

TEST_F(Compile, NoVerifyIsMarkedInTheImage) {
  const Outcome outcome = compile(in_.write("zone", replaced(golden("root.zone"), "small", "smell")),
                                  {"--insecure-no-verify"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("signatures not verified, ZONEMD not verified"));
  const Outcome inspected = run_zone_program({"inspect", image()});
  EXPECT_THAT(inspected.out, HasSubstr("DNSSEC               not verified"));
}

TEST_F(Compile, SaysWhenItCannotWrite) {
  const Outcome outcome = run_zone_program({"compile", "--zone", ".=" + golden_path("root.zone"),
                                            "--trust-anchor", golden_path("root.ds"), "-o",
                                            "/nonexistent/image"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("/nonexistent/image"));
}

TEST_F(Compile, TheSameZonesGiveTheSameImage) {
  ASSERT_EQ(compile(golden_path("root.zone")).code, 0);
  const std::string first = test::read_text(image());
  ASSERT_EQ(compile(golden_path("root.zone")).code, 0);
  EXPECT_EQ(test::read_text(image()), first);
}

TEST_F(Compile, InspectTellsPeopleAndPrograms) {
  ASSERT_EQ(compile(golden_path("root.zone")).code, 0);
  const Outcome text = run_zone_program({"inspect", image()});
  ASSERT_EQ(text.code, 0) << text.err;
  for (const char* part : {"digest ", "zone     .", "2026010100", "1800 s / 900 s / 604800 s",
                           "2086-01-01T00:00:00Z", "delegations          3"}) {
    EXPECT_THAT(text.out, HasSubstr(part));
  }
  const Outcome json = run_zone_program({"inspect", "--json", image()});
  ASSERT_EQ(json.code, 0) << json.err;
  const auto parsed = nlohmann::json::parse(json.out);
  EXPECT_EQ(parsed.at("octets"), std::filesystem::file_size(image()));
  EXPECT_EQ(parsed.at("digest").get<std::string>().size(), 64U);
  const auto& zone = parsed.at("zones").at(0);
  EXPECT_EQ(zone.at("origin"), ".");
  EXPECT_EQ(zone.at("serial"), 2026010100U);
  EXPECT_EQ(zone.at("delegations"), 3);
  EXPECT_EQ(zone.at("dnssec_verified"), true);
  EXPECT_EQ(zone.at("first_signature_end"), "2086-01-01T00:00:00Z");
}

TEST_F(Compile, InspectRefusesADamagedImage) {
  ASSERT_EQ(compile(golden_path("root.zone")).code, 0);
  std::string damaged = test::read_text(image());
  damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 1);
  const Outcome outcome = run_zone_program({"inspect", in_.write("damaged", damaged)});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, HasSubstr("damaged"));
}

TEST(CommandLine, WrongUseIsNotZero) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{}, {"compile"}, {"inspect"}, {"compile", "--no-such-flag"}, {"unknown"}}) {
    const Outcome outcome = run_zone_program(arguments);
    EXPECT_GT(outcome.code, 0);
    EXPECT_NE(outcome.err, "");
  }
  EXPECT_EQ(run_zone_program({"--help"}).code, 0);
}

}  // namespace
}  // namespace imrs::pipeline
