// A primary whose transfer is small on the wire and large in memory, or takes more memory than there is: it
// is refused, and the others are asked and believed as ever.
#include <gmock/gmock.h>

#include "dns/pipeline/pipeline.h"
#include "tests/dns/pipeline/lying_primary.h"

namespace imrs::pipeline {
namespace {

using namespace std::chrono_literals;
using namespace test;
using State = ZoneReport::State;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

// A hundredth of what is shipped, or so; four of the messages below are more.
constexpr std::size_t kMemory = 1'500'000;
constexpr int kMessages = 4;
constexpr const char* kBound = "records, and at most 1500000 are given to them";

// 16 KB: a name of 249 octets, and then name servers below it, each its own target, of 17 octets each on the
// wire and 252 + 252 in memory.
Octets costly(std::uint16_t id, int number) {
  constexpr std::size_t kLastTarget = 0x3fff;
  Octets owner;
  wire::ByteWriter name_writer(owner);
  const std::string digits = std::to_string(number) + std::string(50, 'y'), rest(63, 'x');
  for (const std::string& label : {digits, rest, rest, rest}) {
    name_writer.u8(static_cast<std::uint8_t>(label.size()));
    name_writer.put({reinterpret_cast<const std::uint8_t*>(label.data()), label.size()});
  }
  name_writer.u8(0);
  std::vector<Octets> answers{record(owner, wire::rrtype::A, Octets{192, 0, 2, 1})};
  std::size_t at = wire::kHeaderSize + answers.front().size();
  for (unsigned i = 0; at <= kLastTarget; ++i) {
    Octets& one = answers.emplace_back();
    wire::ByteWriter writer(one);
    writer.put(Octets{2, static_cast<std::uint8_t>(0x80 | i / 64), static_cast<std::uint8_t>(0x80 | i % 64)});
    writer.u16(0xc000 | wire::kHeaderSize);
    writer.u16(wire::rrtype::NS);
    writer.u16(wire::rrclass::IN);
    writer.u32(1);
    writer.u16(2);
    writer.u16(static_cast<std::uint16_t>(0xc000 | at));
    at += one.size();
  }
  return message({.id = id, .question = "", .answers = answers});
}

// `head`, records without number, `last`.
void send_costly(const Query& query, const std::vector<Octets>& head, const Octets& last) {
  query.send(framed(answer(query.id, query.type, head)));
  for (int i = 0; i < kMessages && query.is_open(); ++i) query.send(framed(costly(query.id, i)));
  query.send(framed(answer(query.id, query.type, {last})));
}

Octets soa_of(const char* golden) { return octets_of(lines_of(golden).front()); }

bool is_ixfr(const Query& query) { return query.type == wire::rrtype::IXFR; }

// To both questions. To the first, differences that begin right.
std::optional<Octets> costly_always(const Query& query) {
  const Octets first = soa_of("root.zone"), next = soa_of("root-next.zone");
  send_costly(query, is_ixfr(query) ? std::vector<Octets>{next, first, next} : std::vector<Octets>{next},
              next);
  return std::nullopt;
}

transfer::Limits limits() { return {.connect = 1s, .answer = 1s, .transfer = 10s, .memory = kMemory}; }

TEST(CostlyPrimary, IsSmallOnTheWire) {
  std::size_t octets = 0;
  for (int i = 0; i < kMessages; ++i) octets += costly(kId, i).size();
  EXPECT_LT(octets, transfer::kMaxTransferSize / 200);
}

TEST(CostlyPrimary, IsRefusedAndSaysWhatItWouldHaveTaken) {
  const LyingPrimary primary(kNext, costly_always);
  Secondary secondary({&primary}, limits());
  const auto attempt = secondary.attempt().value();
  EXPECT_FALSE(secondary.taken());
  EXPECT_EQ(attempt.state, State::Refused);
  EXPECT_STREQ(attempt.topic, "transfer");
  EXPECT_THAT(attempt.reason, AllOf(StartsWith("zone .: 150"), HasSubstr(kBound)));
  EXPECT_THAT(attempt.way, AllOf(HasSubstr("IXFR: transfer: differences of .: 150"), HasSubstr(kBound)));
}

TEST(CostlyPrimary, ByDifferencesAloneItIsAskedForTheWholeZone) {
  const auto truth = gives(lines_of("root-next.zone"));
  const LyingPrimary primary(
      kNext, [&](const Query& query) { return is_ixfr(query) ? costly_always(query) : truth(query); });
  Secondary secondary({&primary}, limits());
  const auto attempt = secondary.attempt().value();
  EXPECT_TRUE(secondary.taken()) << attempt.reason;
  EXPECT_THAT(attempt.way, AllOf(StartsWith("AXFR"), HasSubstr(kBound)));
}

TEST(CostlyPrimary, AWholeZoneInsteadOfDifferencesCountsAsOne) {
  const LyingPrimary primary(kNext, [](const Query& query) {
    const Octets next = soa_of("root-next.zone");
    send_costly(query, {next}, next);
    return std::optional<Octets>();
  });
  Secondary secondary({&primary}, limits());
  const auto attempt = secondary.attempt().value();
  EXPECT_EQ(attempt.state, State::Refused);
  EXPECT_THAT(attempt.way, AllOf(HasSubstr("IXFR: zone .: 150"), HasSubstr(kBound)));
}

// Differences that fit, applied to a zone beside which they do not.
TEST(CostlyPrimary, WhatDifferencesMakeCountsToo) {
  const auto size = [](const Lines& lines) {
    std::size_t all = 0;
    for (const Line& line : lines) all += zone::kRecordOverhead + line.owner.size() + line.rdata.size();
    return all;
  };
  const Octets first = soa_of("root.zone"), next = soa_of("root-next.zone");
  const LyingPrimary primary(kNext, [&](const Query& query) {
    if (!is_ixfr(query)) return std::optional<Octets>();
    return std::optional(answer(query.id, query.type, {next, first, next, a("x.", 1), next}));
  });
  transfer::Limits tight = limits();
  tight.memory = size(lines_of("root.zone"));
  Secondary secondary({&primary}, tight);
  const auto attempt = secondary.attempt().value();
  EXPECT_FALSE(secondary.taken());
  EXPECT_THAT(attempt.way,
              HasSubstr("IXFR: zone .: " + std::to_string(tight.memory + zone::kRecordOverhead + 3 + 4)));
}

// Before or after a good one, twice or once.
TEST(CostlyPrimary, DoesNotStarveTheOthers) {
  const LyingPrimary costly(kNext, costly_always), good(kNext, gives(lines_of("root-next.zone")));
  const LyingPrimary unchanged(kFirst, gives(lines_of("root.zone")));
  {
    Secondary secondary({&costly, &costly, &good}, limits());
    const auto attempt = secondary.attempt().value();
    EXPECT_TRUE(secondary.taken()) << attempt.reason;
    EXPECT_EQ(attempt.source, good.text());
    ASSERT_EQ(attempt.asked.size(), 3U);
    EXPECT_THAT(attempt.asked.front().reason, HasSubstr(kBound));
  }
  for (const auto& [first, second] : {std::pair(&costly, &unchanged), std::pair(&unchanged, &costly)}) {
    Secondary secondary({first, second}, limits());
    const auto attempt = secondary.attempt().value();
    EXPECT_EQ(attempt.confirmed, kFirst);
    EXPECT_EQ(attempt.state, State::Refused);
    EXPECT_THAT(attempt.reason, StartsWith(costly.text() + ": zone .: 150"));
  }
}

// Whatever a bound did not foresee: memory runs out somewhere between the connection and the last record of
// the zone that was verified. `at`: how many signs of life before.
class OutOfMemory {
 public:
  explicit OutOfMemory(int at) : left_(at) {}
  void operator()() {
    if (left_-- == 0) throw std::bad_alloc();
  }

 private:
  int left_;
};

TEST(OutOfMemory, IsARefusalOfThatPrimaryAndTheNextIsAsked) {
  for (const int at : {0, 1, 2}) {
    SCOPED_TRACE(at);
    const LyingPrimary one(kNext, gives(lines_of("root-next.zone"))),
        other(kNext, gives(lines_of("root-next.zone")));
    Secondary secondary({&one, &other}, limits(), {}, OutOfMemory(at));
    const auto attempt = secondary.attempt().value();
    EXPECT_TRUE(secondary.taken()) << attempt.reason;
    EXPECT_EQ(attempt.source, other.text());
    ASSERT_EQ(attempt.asked.size(), 2U);
    EXPECT_EQ(attempt.asked.front().state, State::Refused);
    EXPECT_EQ(attempt.asked.front().primary, one.text());
    EXPECT_EQ(attempt.asked.front().serial, at == 0 ? 0 : kNext);
    EXPECT_THAT(attempt.asked.front().reason, StartsWith("more memory than this program may have"));
  }
}

TEST(OutOfMemory, LosesNobodysConfirmationAndIsNotTriedAgainAtOnce) {
  const LyingPrimary unchanged(kFirst, gives(lines_of("root.zone")));
  const LyingPrimary one(kNext, gives(lines_of("root-next.zone")));
  Secondary secondary({&unchanged, &one}, limits(), {}, OutOfMemory(3));
  const auto attempt = secondary.attempt().value();
  EXPECT_EQ(attempt.state, State::Refused);
  EXPECT_STREQ(attempt.topic, "transfer");
  EXPECT_EQ(attempt.confirmed, kFirst);
  EXPECT_FALSE(secondary.attempt()) << "the same serial is left alone for a minute";
  EXPECT_FALSE(secondary.taken());
}

// A version counts as served only if its image was sent.
TEST(OutOfMemory, BetweenAVersionAndItsImageItEndsThePipeline) {
  const LyingPrimary primary(kNext, gives(lines_of("root-next.zone")));
  TrustedClock clock;
  clock.set_now(kGoldenTime);
  ZoneSettings settings;
  settings.zones = {config_of({&primary})};
  const auto taken = [](const auto&) { return Result<void>(); };
  const auto never = [](const ZoneImage&, int, int) -> Result<void> { throw std::bad_alloc(); };
  auto pipeline = Pipeline::make(
      settings, clock, {.image = never, .primary = taken, .report = taken, .trouble = taken, .alive = [] {}});
  ASSERT_TRUE(pipeline.ok()) << pipeline.error().message;
  const auto stepped = pipeline->step(std::chrono::steady_clock::now());
  ASSERT_FALSE(stepped.ok());
  EXPECT_THAT(stepped.error().message, HasSubstr("no memory to send its image"));
}

}  // namespace
}  // namespace imrs::pipeline
