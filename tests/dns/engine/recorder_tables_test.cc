// Where the recorder counts names, sources, days and times.
#include <gmock/gmock.h>

#include "dns/engine/recorder.h"
#include "dns/wire/protocol.h"
#include "tests/dns/engine/recording.h"

namespace imrs::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr std::uint32_t kDay = 86400;
constexpr std::array<std::uint8_t, 4> kV4{198, 51, 100, 7};

TEST(RecorderNames, ByDelegationAndByZone) {
  const struct {
    const char* description;
    const char* name;
    std::uint16_t type;
    const char* want;
  } cases[] = {
      {"the delegation itself", "alpha.", 2, "alpha. NS"},
      {"below it", "a.b.c.alpha.", 28, "alpha. AAAA"},
      {"in any case", "WWW.ALPHA.", 1, "alpha. A"},
      {"its DS", "alpha.", 43, "alpha. DS"},
      {"its glue", "ns1.alpha.", 1, "alpha. A"},
      {"deeper than one label", "x.deep.empty.zeta.", 65, "deep.empty.zeta. HTTPS"},
      {"an empty non-terminal is of the zone", "zeta.", 1, ". A"},
      {"the root itself", ".", 6, ". other"},
      {"an apex of its own zone", "arpa.", 2, "arpa. NS"},
      {"a delegation of that zone", "1.in-addr.arpa.", 12, "in-addr.arpa. other"},
      {"a name in a zone of its own", "a.root-servers.net.", 1, "root-servers.net. A"},
      {"no such type there", "a.root-servers.net.", 16, "root-servers.net. TXT"},
      {"no such name there", "q.root-servers.net.", 15, "root-servers.net. MX"},
      {"no such name in arpa", "nowhere.arpa.", 1, "arpa. A"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.description);
    Recording recording;
    recording.ask(c.name, c.type);
    EXPECT_THAT(recording.names(), ElementsAre(Pair(c.want, 1U)));
    EXPECT_THAT(recording.missing(), IsEmpty());
  }
}

TEST(RecorderNames, NameErrorsOfTheRootByTheirLastLabel) {
  Recording recording;
  for (const char* name : {"local.", "printer.local.", "_ldap._tcp.LOCAL.", "home."}) recording.ask(name);
  EXPECT_THAT(recording.missing(), ElementsAre("local 3 0", "home 1 0"));
  EXPECT_THAT(recording.names(), IsEmpty());
}

// "nowhere.net." belongs to net's delegation, and no name error is the root's.
TEST(RecorderNames, BelowADelegationNothingIsMissing) {
  Recording recording;
  recording.ask("nowhere.net.");
  EXPECT_THAT(recording.missing(), IsEmpty());
  EXPECT_THAT(recording.names(), ElementsAre(Pair("net. A", 1U)));
}

TEST(RecorderNames, NoneWhereTheImageHasNoAnswer) {
  const std::vector<ZoneText> zones = three_zones();
  Recording recording({zones[1], zones[2]});  // without the root
  recording.ask("alpha.");
  recording.ask("nowhere.arpa.");
  EXPECT_THAT(recording.names(), ElementsAre(Pair("arpa. A", 1U)));
  EXPECT_THAT(recording.missing(), IsEmpty());
  Recording chaos;
  chaos.respond(query_octets({.name = "version.bind.", .type = 16, .qclass = 3}));
  chaos.respond(query_octets({.name = ".", .type = 252}));
  EXPECT_THAT(chaos.names(), IsEmpty());
}

// 100 octets each, and more than there is room for.
TEST(RecorderNames, WithoutAPlaceOfTheirOwn) {
  const std::string long_name = std::string(60, 'l') + "." + std::string(60, 'l') + ".";
  const std::string text = ". 86400 IN SOA a. b. 1 1800 900 604800 3600\n. 86400 IN NS a.\n" + long_name +
                           " 86400 IN NS a.\n";
  Recording recording({{".", text}});
  recording.ask("www." + long_name);
  EXPECT_THAT(recording.names(), ElementsAre(Pair(" A", 1U)));
}

TEST(RecorderSources, AddressesAndPrefixes) {
  constexpr std::array<std::uint8_t, 16> kV6{0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1};
  const auto with = [](auto address, std::size_t at, std::uint8_t value) {
    address[at] = value;
    return address;
  };
  Recording recording;
  recording.note_from(kV4);
  recording.note_from(kV4);
  EXPECT_THAT(recording.sources(), ElementsAre(1, 0, 0)) << "the same one twice";
  recording.note_from(with(kV4, 3, 8));
  recording.note_from(with(kV4, 0, 8));
  EXPECT_THAT(recording.sources(), ElementsAre(3, 0, 0));
  recording.note_from(kV6);
  recording.note_from(kV6);
  EXPECT_THAT(recording.sources(), ElementsAre(3, 1, 1));
  recording.note_from(with(kV6, 15, 2));
  recording.note_from(with(kV6, 8, 2));
  EXPECT_THAT(recording.sources(), ElementsAre(3, 3, 1)) << "one /64";
  recording.note_from(with(kV6, 7, 2));
  recording.note_from(with(kV6, 0, 2));
  EXPECT_THAT(recording.sources(), ElementsAre(3, 5, 3)) << "other prefixes, the same host part";
}

// By the functions that others have to use to get the same registers.
TEST(RecorderSources, RegistersAreThoseOfTheKeyedHash) {
  constexpr std::array<std::uint8_t, 16> kV6{0x20, 1, 0xd, 0xb8, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 1, 2};
  Recording recording;
  recording.note_from(kV4);
  recording.note_from(kV6);
  const auto sketch_of = [](std::uint64_t hash) {
    const auto live = std::make_unique<counts::LiveSketch>();
    live->add(hash);
    counts::Sketch out;
    out.merge(*live);
    return out;
  };
  const std::span octets(kV6);
  const std::uint64_t prefix = counts::source_hash(kSomeKey, octets.first(8));
  const counts::Sources sources = counts::read_sources(recording.pages(), kSomeDay);
  EXPECT_EQ(sources.ipv4, sketch_of(counts::source_hash(kSomeKey, kV4)));
  EXPECT_EQ(sources.ipv6_aggregate, sketch_of(prefix));
  EXPECT_EQ(sources.ipv6, sketch_of(counts::source_hash(kSomeKey, octets.subspan(8), prefix)));
}

TEST(RecorderDays, TheDayBeforeIsKeptAndTheOneBeforeThatIsNot) {
  Recording recording;
  recording.note_from(kV4);
  recording.ask("first.");
  recording.begin(kSomeTime + kDay);
  EXPECT_THAT(recording.sources(kSomeDay + 1), ElementsAre(0, 0, 0)) << "a new day";
  recording.ask("second.");
  EXPECT_THAT(recording.sources(kSomeDay), ElementsAre(2, 0, 0)) << "the test's own client and that one";
  EXPECT_THAT(recording.missing(kSomeDay), ElementsAre("first 1 0"));
  EXPECT_THAT(recording.sources(kSomeDay + 1), ElementsAre(1, 0, 0));
  EXPECT_THAT(recording.missing(kSomeDay + 1), ElementsAre("second 1 0"));
  recording.begin(kSomeTime + 2 * kDay);
  recording.ask("third.");
  EXPECT_THAT(recording.sources(kSomeDay), ElementsAre(0, 0, 0)) << "its memory is used again";
  EXPECT_THAT(recording.missing(kSomeDay), IsEmpty());
  EXPECT_THAT(recording.missing(kSomeDay + 1), ElementsAre("second 1 0"));
  EXPECT_THAT(recording.missing(kSomeDay + 2), ElementsAre("third 1 0"));
  EXPECT_EQ(seen_in(recording.counters()).at("queries"), 4U) << "these go on";
}

TEST(RecorderDays, StartAtMidnightUtc) {
  Recording recording;
  const std::uint32_t midnight = (kSomeDay + 1) * kDay;
  recording.begin(midnight - 1);
  recording.ask("before.");
  recording.begin(midnight);
  recording.ask("after.");
  EXPECT_THAT(recording.missing(kSomeDay), ElementsAre("before 1 0"));
  EXPECT_THAT(recording.missing(kSomeDay + 1), ElementsAre("after 1 0"));
}

TEST(RecorderDays, GoOnWithinADayAndAfterARestart) {
  Recording recording;
  recording.note_from(kV4);
  recording.ask("local.");
  recording.begin(kSomeTime + 600);
  recording.ask("local.");
  recording.restart();
  recording.ask("local.");
  EXPECT_THAT(recording.missing(), ElementsAre("local 3 0"));
  EXPECT_THAT(recording.sources(), ElementsAre(2, 0, 0));
  EXPECT_EQ(seen_in(recording.counters()).at("queries"), 4U);
}

TEST(RecorderDays, ARestartAfterTwoDaysFindsNothingOfTheOldOne) {
  Recording recording;
  recording.ask("old.");
  recording.restart();
  recording.begin(kSomeTime + 2 * kDay);
  EXPECT_THAT(recording.missing(kSomeDay + 2), IsEmpty());
  EXPECT_THAT(recording.missing(kSomeDay), IsEmpty());
}

TEST(RecorderDays, AClockThatIsSetBackOverMidnightLosesNothing) {
  Recording recording;
  recording.ask("one.");
  recording.begin(kSomeTime + kDay);
  recording.ask("two.");
  recording.begin(kSomeTime);
  recording.ask("one.");
  recording.begin(kSomeTime + kDay);
  recording.ask("two.");
  EXPECT_THAT(recording.missing(kSomeDay), ElementsAre("one 2 0"));
  EXPECT_THAT(recording.missing(kSomeDay + 1), ElementsAre("two 2 0"));
}

// The time that the call itself takes is part of it: an answer may fall into a later bin, never into one
// before.
TEST(RecorderTimes, BinsAndSums) {
  using std::chrono::microseconds;
  const std::pair<microseconds, std::size_t> cases[] = {{microseconds(5), 3},
                                                        {microseconds(1500), 11},
                                                        {microseconds(100'000), 17},
                                                        {microseconds(1'500'000), 21},
                                                        {microseconds(10'000'000), 21}};
  for (const auto& [taken, bin] : cases) {
    Recording recording;
    recording.recorder().note_time(Transport::Tcp, 3, engine::Recorder::now() - taken);
    std::size_t first = 0;
    std::uint64_t sum = 0;
    for (std::size_t i = kTimes; i-- > 0;) {
      const std::uint64_t here = recording.page().times[1].bins[i].load();
      if (here != 0) first = i;
      sum += here;
    }
    EXPECT_EQ(sum, 3U) << "each query of the batch for itself";
    EXPECT_GE(first, bin);
    EXPECT_GE(recording.page().times[1].total_ns.load(),
              3U * 1000U * static_cast<std::uint64_t>(taken.count()));
    for (const Counter& other : recording.page().times[0].bins) EXPECT_EQ(other.load(), 0U);
  }
}

TEST(RecorderTimes, NothingForAnEmptyBatchAndNoTimeForOneFromTheFuture) {
  Recording recording;
  recording.recorder().note_time(Transport::Udp, 0, engine::Recorder::now());
  for (const Counter& bin : recording.page().times[0].bins) EXPECT_EQ(bin.load(), 0U);
  recording.recorder().note_time(Transport::Udp, 2, engine::Recorder::now() + std::chrono::hours(1));
  EXPECT_EQ(recording.page().times[0].bins[0].load(), 2U);
  EXPECT_EQ(recording.page().times[0].total_ns.load(), 0U);
}

}  // namespace
}  // namespace imrs::test
