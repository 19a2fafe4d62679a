// A primary that does everything wrong that it can: each lie is refused with a reason of its own, and what is
// served stays.
#include "tests/dns/pipeline/lying_primary.h"

#include <gmock/gmock.h>

#include <functional>
#include <random>

#include "dns/zone/canonical.h"

namespace imrs::pipeline {
namespace {

using namespace std::chrono_literals;
using namespace test;
using State = ZoneReport::State;
using testing::HasSubstr;

constexpr const char* kSecret = "MTIzNDU2Nzg5MDEyMzQ1Ng==";

struct Tried {
  Attempt attempt;
  bool taken = false;
};

// A busy machine may need some of it for what is said at once.
constexpr std::chrono::milliseconds kPatience{10'000};

// `time`: for the transfer.
Tried attempt_at(const LyingPrimary& primary, const std::optional<transfer::TsigKey>& key = {},
                 std::chrono::milliseconds time = kPatience) {
  const transfer::Limits limits{.connect = kPatience, .answer = kPatience, .transfer = time, .size = 100'000};
  Secondary secondary({&primary}, limits, key);
  auto attempt = secondary.attempt();
  return {std::move(attempt).value(), secondary.taken()};
}

Lines next_without(const std::function<bool(const Line&)>& unwanted) {
  Lines lines = lines_of("root-next.zone");
  std::erase_if(lines, unwanted);
  return lines;
}

Lines next_with(const Line& more) {
  Lines lines = lines_of("root-next.zone");
  lines.push_back(more);
  return lines;
}

bool is_rrsig_over(const Line& line, std::uint16_t type) {
  return line.type == wire::rrtype::RRSIG && wire::load_u16(line.rdata.data()) == type;
}

TEST(LyingPrimary, TheTruthIsTaken) {
  const LyingPrimary primary(kNext, gives(lines_of("root-next.zone")));
  const Tried tried = attempt_at(primary);
  EXPECT_TRUE(tried.taken) << tried.attempt.reason;
}

struct Case {
  const char* description;
  LyingPrimary::Lie lie;
  const char* reason;
  const char* topic;
  State state = State::Refused;
  std::uint32_t announced = kNext;
  std::chrono::milliseconds time = kPatience;
};

void drip(const Query& query) {
  for (int i = 0; i < 100 && query.is_open(50ms); ++i) query.send({0xff});
}

void without_end(const Query& query) {
  Lines soa{lines_of("root-next.zone").front()};
  query.send(test::framed(answer(query.id, query.type, {octets_of(soa.front())})));
  for (std::uint32_t i = 0; i < 100'000 && query.is_open(); ++i) {
    const auto owner = wire::Name::parse("x" + std::to_string(i) + ".").value();
    query.send(test::framed(
        answer(query.id, query.type, {octets_of({owner, wire::rrtype::TXT, 60, zone::Rdata(201, 200)})})));
  }
}

TEST(LyingPrimary, EachLieHasItsReason) {
  const auto silent = [](const auto& speak) {
    return [speak](const Query& query) {
      speak(query);
      return std::optional<Octets>();
    };
  };
  const wire::Name evil = wire::Name::parse("evil.").value();
  const auto target = wire::Name::parse("ns.evil.").value();
  const zone::Rdata ns(target.wire().begin(), target.wire().end());
  const std::vector<Case> cases{
      {"truncated", silent([](const Query& query) {
         const Octets whole = test::framed(
             answer(query.id, query.type, transfer_of(lines_of("root-next.zone"))));
         query.send({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(whole.size() / 2)});
       }),
       "ended before the last SOA", "", State::Unreachable},
      {"stalled", silent([](const Query& query) { (void)query.is_open(5000ms); }), "no answer in time", "",
       State::Unreachable, kNext, 300ms},
      {"an octet now and then", silent(drip), "no answer in time", "", State::Unreachable, kNext, 300ms},
      {"endless", silent(without_end), "larger than the 100000 octets", "transfer"},
      {"another zone", [](const Query& query) { return answer(query.id, query.type, {}, "example."); },
       "the question is example.", "transfer"},
      {"another ID",
       [](const Query& query) {
         return answer(static_cast<std::uint16_t>(query.id + 1), query.type,
                       transfer_of(lines_of("root.zone")));
       },
       "the ID is not the query's", "transfer"},
      {"no RRSIG over the DS of com.",
       gives(next_without([](const Line& line) { return is_rrsig_over(line, wire::rrtype::DS); })), "com. DS",
       "dnssec"},
      {"an unsigned delegation more", gives(next_with({evil, wire::rrtype::NS, 60, ns})), "evil.", "dnssec"},
      {"glue more",
       gives(next_with({wire::Name::parse("ns2.example.").value(), wire::rrtype::A, 172800, {192, 0, 2, 9}})),
       "the digest is not the zone's", "zonemd"},
      {"ZONEMD removed", gives(next_without([](const Line& line) {
         return line.type == wire::rrtype::ZONEMD || is_rrsig_over(line, wire::rrtype::ZONEMD);
       })),
       "ZONEMD", "dnssec"},
      {"older than announced", gives(lines_of("root-next.zone")), "announced 2026010109", "serial",
       State::Refused, 2026010109},
      {"an older serial", gives(lines_of("root-next.zone")), "serial 2026010099 goes back: 2026010100",
       "serial", State::Refused, 2026010099},
      {"a serial half way round", gives(lines_of("root-next.zone")), "goes back", "serial", State::Refused,
       kFirst + 0x80000000U},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.description);
    const LyingPrimary primary(test.announced, test.lie);
    const Tried tried = attempt_at(primary, {}, test.time);
    EXPECT_FALSE(tried.taken);
    EXPECT_EQ(tried.attempt.state, test.state);
    EXPECT_THAT(tried.attempt.reason, HasSubstr(test.reason));
    EXPECT_STREQ(tried.attempt.topic, test.topic);
    ASSERT_EQ(tried.attempt.asked.size(), 1U);
    EXPECT_EQ(tried.attempt.asked.front().reason, tried.attempt.reason);
  }
}

TEST(LyingPrimary, WithoutTheKeyNothingItSaysIsTaken) {
  const auto key = transfer::make_tsig_key("lab.", "hmac-sha256", kSecret).value();
  const auto other = transfer::make_tsig_key("lab.", "hmac-sha256", "MTIzNDU2Nzg5MDEyMzQ1Nw==").value();
  const auto truth = gives(lines_of("root-next.zone"));
  {
    const LyingPrimary honest(kNext, truth, key);
    const Tried tried = attempt_at(honest, key);
    EXPECT_TRUE(tried.taken) << tried.attempt.reason;
  }
  for (const auto& wrong : {std::optional(other), std::optional<transfer::TsigKey>()}) {
    const LyingPrimary primary(kNext, truth, wrong);
    const Tried tried = attempt_at(primary, key);
    EXPECT_FALSE(tried.taken);
    EXPECT_EQ(tried.attempt.state, State::Refused);
    EXPECT_STREQ(tried.attempt.topic, "tsig");
  }
}

Octets canonical_octets(const zone::Zone& zone) {
  Octets out;
  for (const auto& [owner, node] : zone.nodes) {
    for (const auto& [type, set] : node) {
      for (const zone::Rdata& rdata : set.rdata) {
        zone::append_canonical_rr(out, owner, type, set.ttl, zone::canonical_rdata(type, rdata));
      }
      for (const zone::Rdata& rdata : set.signatures) {
        zone::append_canonical_rr(out, owner, wire::rrtype::RRSIG, set.signature_ttl,
                                  zone::canonical_rdata(wire::rrtype::RRSIG, rdata));
      }
    }
  }
  return out;
}

// One bit of one record, anywhere in it. Only what changes nothing but the case of letters may be taken.
TEST(LyingPrimary, NoBitCanBeFlipped) {
  const auto anchors = zone::load_trust_anchors(test::golden_path("root.ds")).value();
  const zone::VerifyPolicy policy{zone::VerifyPolicy::Dnssec::Required, zone::VerifyPolicy::Zonemd::Required};
  const std::vector<Octets> records = transfer_of(lines_of("root-next.zone"));
  const auto read = [&](const std::vector<Octets>& sent) -> Result<zone::VerifiedZone> {
    transfer::AxfrReader reader(wire::Name(), test::kId);
    auto fed = reader.feed(test::framed(answer(test::kId, wire::rrtype::AXFR, sent)));
    if (!fed) return fed.error();
    auto zone = std::move(reader).finish();
    return zone ? zone::verify(std::move(*zone), anchors, policy, kGoldenTime)
                : Result<zone::VerifiedZone>(zone.error());
  };
  auto truth = read(records);
  ASSERT_TRUE(truth.ok()) << truth.error().message;
  const Octets right = canonical_octets(truth->zone());
  std::mt19937 random(1);
  int refused = 0, harmless = 0;
  for (int i = 0; i < 2000; ++i) {
    std::vector<Octets> sent = records;
    Octets& record = sent[random() % sent.size()];
    const std::size_t bit = random() % (record.size() * 8);
    record[bit / 8] = static_cast<std::uint8_t>(record[bit / 8] ^ 1U << bit % 8);
    auto zone = read(sent);
    if (!zone) {
      ++refused;
      continue;
    }
    ++harmless;
    EXPECT_EQ(canonical_octets(zone->zone()), right) << "record " << &record - sent.data() << " bit " << bit;
  }
  std::printf("%d flips refused, %d changed only the case of letters\n", refused, harmless);
  EXPECT_GT(refused, 1900);
}

}  // namespace
}  // namespace imrs::pipeline
