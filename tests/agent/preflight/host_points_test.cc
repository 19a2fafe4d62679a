// The points about the machine, each by a table of facts, at the limits.
#include "agent/preflight/host_points.h"

#include <gmock/gmock.h>

namespace imrs::preflight {
namespace {

using testing::HasSubstr;

constexpr Appliance kCalypso = Appliance::Calypso, kPandora = Appliance::Pandora;
constexpr std::uint64_t kMi = 1 << 20, kGi = 1 << 30;

void expect(const Finding& finding, Verdict want, const char* evidence, const char* description) {
  EXPECT_EQ(finding.verdict, want) << description << ": " << finding.evidence;
  EXPECT_THAT(finding.evidence, HasSubstr(evidence)) << description;
  EXPECT_EQ(finding.remedy.empty(), want == Verdict::Pass) << description << ": " << finding.remedy;
}

TEST(HostPoints, Clock) {
  const struct {
    const char* description;
    Result<ClockFacts> facts;
    Verdict want;
    const char* evidence;
  } cases[] = {
      {"good", ClockFacts{true, -1500, 20'000}, Verdict::Pass,
       "synchronised, -1.5 ms off, error at most 20.0 ms"},
      {"not synchronised", ClockFacts{false, 0, 16'000'000}, Verdict::Fail, "not synchronised"},
      {"timesyncd, before it asks again", ClockFacts{true, 0, 1'024'000}, Verdict::Pass, "1024.0 ms"},
      {"at the limit", ClockFacts{true, 100'000, 4'000'000}, Verdict::Pass, "100.0 ms"},
      {"ahead", ClockFacts{true, 100'001, 0}, Verdict::Fail, "100.0 ms off"},
      {"behind", ClockFacts{true, -5'000'000, 0}, Verdict::Fail, "-5000.0 ms off"},
      {"nobody knows how wrong", ClockFacts{true, 0, 4'000'001}, Verdict::Fail, "4000.0 ms"},
      {"it is not said", Error{Errc::System, "adjtimex: Operation not permitted"}, Verdict::Unknown,
       "adjtimex"},
  };
  for (const auto& c : cases) expect(judge_clock(c.facts), c.want, c.evidence, c.description);
}

Nic nic(std::optional<std::int64_t> speed, const char* duplex = "full") {
  return {.name = "eth1", .there = true, .speed = speed, .duplex = duplex, .carrier = true, .mtu = 1500};
}

Nic without(bool there, bool carrier, std::uint32_t mtu) {
  Nic out = nic(10000);
  out.there = there;
  out.carrier = carrier;
  out.mtu = mtu;
  return out;
}

TEST(HostPoints, Speed) {
  const struct {
    const char* description;
    std::vector<Nic> nics;
    Appliance appliance;
    Verdict want;
    const char* evidence;
  } cases[] = {
      {"calypso", {nic(1000)}, kCalypso, Verdict::Pass, "eth1: 1000 Mbit/s, duplex full"},
      {"calypso, faster", {nic(10000)}, kCalypso, Verdict::Pass, "10000"},
      {"calypso, slow", {nic(100)}, kCalypso, Verdict::Fail, "a calypso needs 1000 Mbit/s"},
      {"pandora", {nic(10000)}, kPandora, Verdict::Pass, "10000"},
      {"pandora, slow", {nic(1000)}, kPandora, Verdict::Fail, "a pandora needs 10000 Mbit/s"},
      {"half duplex", {nic(1000, "half")}, kCalypso, Verdict::Fail, "duplex half"},
      {"virtual", {nic({}, "")}, kCalypso, Verdict::Unknown, "its driver does not say"},
      {"one of two", {nic(1000), nic(10)}, kCalypso, Verdict::Fail, "10 Mbit/s"},
      {"unplugged", {without(true, false, 1500)}, kCalypso, Verdict::Fail, "has no carrier"},
      {"not there", {without(false, false, 0)}, kCalypso, Verdict::Fail, "is not there"},
      {"not shown", {without(true, false, 0)}, kCalypso, Verdict::Unknown, "not shown"},
      {"none", {}, kCalypso, Verdict::Unknown, "no interface"},
  };
  for (const auto& c : cases) expect(judge_speed(c.nics, c.appliance), c.want, c.evidence, c.description);
}

TEST(HostPoints, Mtu) {
  const struct {
    const char* description;
    std::vector<Nic> nics;
    Verdict want;
    const char* evidence;
  } cases[] = {
      {"usual", {without(true, true, 1500)}, Verdict::Pass, "eth1: 1500"},
      {"a tunnel's", {without(true, true, 1280)}, Verdict::Pass, "1500 would be usual"},
      {"too small for IPv6", {without(true, true, 1279)}, Verdict::Fail, "eth1: 1279"},
      {"not there", {without(false, false, 0)}, Verdict::Unknown, "is not there"},
      {"none", {}, Verdict::Unknown, "no interface"},
  };
  for (const auto& c : cases) expect(judge_mtu(c.nics), c.want, c.evidence, c.description);
}

DiskFacts disk(std::uint64_t available = 5 * kGi) {
  return {.directory = "/var/lib/imrs",
          .there = true,
          .total = 20 * kGi,
          .available = available,
          .total_files = 1'000'000,
          .available_files = 900'000,
          .in_memory = false,
          .read_only = false,
          .write_error = ""};
}

template <typename Change>
DiskFacts disk_but(Change change) {
  DiskFacts facts = disk();
  change(facts);
  return facts;
}

TEST(HostPoints, Disk) {
  const struct {
    const char* description;
    Result<DiskFacts> facts;
    Verdict want;
    const char* evidence;
  } cases[] = {
      {"good", disk(), Verdict::Pass,
       "/var/lib/imrs: 5.0 GiB of 20.0 GiB free, a file was written and synced"},
      {"not made yet", disk_but([](DiskFacts& d) { d.there = false; }), Verdict::Pass, "not made yet"},
      {"just enough", disk(kGi), Verdict::Pass, "1.0 GiB"},
      {"full", disk(kGi - 1), Verdict::Fail, "1023 MiB"},
      {"in memory", disk_but([](DiskFacts& d) { d.in_memory = true; }), Verdict::Fail, "in memory"},
      {"read-only", disk_but([](DiskFacts& d) { d.read_only = true; }), Verdict::Fail, "read-only"},
      {"cannot be written",
       disk_but([](DiskFacts& d) { d.write_error = "a file cannot be synced: Input/output error"; }),
       Verdict::Fail, "Input/output error"},
      {"too many files", disk_but([](DiskFacts& d) { d.available_files = 12; }), Verdict::Fail,
       "room for 12 files"},
      {"files are not counted", disk_but([](DiskFacts& d) { d.total_files = d.available_files = 0; }),
       Verdict::Pass, "free"},
      {"none configured", Error{Errc::InvalidInput, "no \"state_directory\" is configured"}, Verdict::Fail,
       "no \"state_directory\""},
  };
  for (const auto& c : cases) expect(judge_disk(c.facts), c.want, c.evidence, c.description);
}

TEST(HostPoints, Memory) {
  const struct {
    const char* description;
    Result<MemoryFacts> facts;
    Appliance appliance;
    Verdict want;
    const char* evidence;
  } cases[] = {
      {"calypso", MemoryFacts{4 * kGi, 3 * kGi, 0}, kCalypso, Verdict::Pass,
       "4.0 GiB, 3.0 GiB available, no swap"},
      {"2 GiB less the kernel's", MemoryFacts{1950 * kMi, kGi, 0}, kCalypso, Verdict::Pass, "1.9 GiB"},
      {"calypso, small", MemoryFacts{kGi, kGi, 0}, kCalypso, Verdict::Fail, "1.0 GiB"},
      {"pandora, small", MemoryFacts{4 * kGi, 3 * kGi, 0}, kPandora, Verdict::Fail, "4.0 GiB"},
      {"pandora", MemoryFacts{16 * kGi, 12 * kGi, 0}, kPandora, Verdict::Pass, "16.0 GiB"},
      {"used up", MemoryFacts{4 * kGi, 511 * kMi, 0}, kCalypso, Verdict::Fail, "511 MiB available"},
      {"swap is noted", MemoryFacts{4 * kGi, 3 * kGi, kGi}, kCalypso, Verdict::Pass, "1.0 GiB of swap"},
      {"it is not said", Error{Errc::InvalidInput, "/proc/meminfo"}, kCalypso, Verdict::Unknown,
       "/proc/meminfo"},
  };
  for (const auto& c : cases) expect(judge_memory(c.facts, c.appliance), c.want, c.evidence, c.description);
}

TEST(HostPoints, Processors) {
  expect(judge_processors(2, 2, kCalypso), Verdict::Pass, "2 processors, 2 workers", "calypso");
  expect(judge_processors(1, 1, kCalypso), Verdict::Fail, "1 processors", "one is not enough");
  expect(judge_processors(4, 4, kPandora), Verdict::Fail, "4 processors", "pandora needs more");
  expect(judge_processors(16, 16, kPandora), Verdict::Pass, "16 processors", "pandora");
  expect(judge_processors(4, 5, kCalypso), Verdict::Fail, "5 workers", "more workers than processors");
}

}  // namespace
}  // namespace imrs::preflight
