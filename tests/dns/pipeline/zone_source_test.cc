// One attempt with several primaries: who is asked, what is taken, what is said of it.
#include "dns/pipeline/zone_source.h"

#include <gmock/gmock.h>

#include <memory>

#include "dns/zone/parse.h"
#include "dns/zone/verify.h"
#include "tests/dns/pipeline/fake_primary.h"
#include "tests/dns/zone/zone_files.h"

namespace imrs::pipeline {
namespace {

using State = ZoneReport::State;
using Says = test::FakePrimary::Says;
using testing::HasSubstr;

zone::VerifiedZone zone_with(std::uint32_t serial) {
  zone::ZoneBuilder builder(test::name("example."));
  const auto target = test::name("ns.example.");
  EXPECT_TRUE(builder.add(test::name("example."), 6, 3600, test::soa_rdata(serial)).ok());
  EXPECT_TRUE(builder.add(test::name("example."), 2, 3600, target.wire()).ok());
  const zone::VerifyPolicy none{zone::VerifyPolicy::Dnssec::None, zone::VerifyPolicy::Zonemd::None};
  return zone::verify(std::move(builder).finish().value(), {}, none, 0).value();
}

ZoneConfig unverified() {
  ZoneConfig config;
  config.origin = "example.";
  config.dnssec = ZoneConfig::Dnssec::None;
  config.zonemd = ZoneConfig::Zonemd::None;
  return config;
}

// A source with its primaries.
class Rig {
 public:
  explicit Rig(const std::vector<Says>& all, ZoneConfig config = unverified()) {
    for (const Says& says : all) {
      primaries_.push_back(std::make_unique<test::FakePrimary>(says));
      config.primaries.push_back({{Family::V4, "127.0.0.1"}, primaries_.back()->port(), {}});
    }
    source_.emplace(
        config, test::name("example."), "", [] { return std::int64_t{0}; },
        std::span<const transfer::TsigKey>(), transfer::Limits(), [this] { ++alive_; });
  }

  std::optional<Attempt> attempt(std::optional<std::uint32_t> current) {
    taken_.reset();
    std::optional<zone::VerifiedZone> good;
    if (current) good = zone_with(*current);
    return source_->attempt(good ? &*good : nullptr, [this](zone::VerifiedZone zone, const Phases&) {
      taken_ = zone.serial();
      return Result<void>();
    });
  }
  void forget_refused() { source_->forget_refused(); }
  [[nodiscard]] std::string source(std::size_t primary) const {
    return "127.0.0.1 port " + std::to_string(primaries_[primary]->port());
  }
  [[nodiscard]] std::optional<std::uint32_t> taken() const { return taken_; }
  [[nodiscard]] int signs_of_life() const { return alive_; }

 private:
  std::vector<std::unique_ptr<test::FakePrimary>> primaries_;
  std::optional<ZoneSource> source_;
  int alive_ = 0;
  std::optional<std::uint32_t> taken_;
};

struct Case {
  const char* description;
  std::optional<std::uint32_t> current;
  std::vector<Says> primaries;
  State want;
  std::size_t from;  // which primary the report names
  std::optional<std::uint32_t> taken;
  std::vector<const char*> reasons = {};
};

constexpr std::uint32_t kHalf = 0x80000000U;

const Case kCases[] = {
    {"the first that has one", {}, {{7}, {8}}, State::Loaded, 0, 7},
    {"A's copy is damaged, B's of the same serial is not", 6, {{7, {}, true}, {7}}, State::Loaded, 1, 7},
    {"A has nothing new, B has", 6, {{6}, {7}}, State::Loaded, 1, 7},
    {"A is behind, B has a newer one", 6, {{5}, {7}}, State::Loaded, 1, 7},
    {"nobody has anything new", 6, {{6}, {6}}, State::Unchanged, 0, {}},
    {"A is behind, B has nothing new", 6, {{5}, {6}}, State::Unchanged, 1, {}},
    {"both are behind",
     6,
     {{5}, {4}},
     State::Refused,
     0,
     {},
     {"serial 5 goes back: 6", "serial 4 goes back"}},
    {"the newer one is damaged", 6, {{6}, {7, {}, true}}, State::Refused, 1, {}, {"has no apex NS"}},
    {"serials go round", 0xffffffff, {{0xffffffff}, {3}}, State::Loaded, 1, 3},
    {"newer than announced", 6, {{7, 8}}, State::Loaded, 0, 8},
    {"older than announced, though newer",
     6,
     {{9, 8}},
     State::Refused,
     0,
     {},
     {"has serial 8", "announced 9"}},
    {"what is served, though newer was announced", 6, {{7, 6}}, State::Refused, 0, {}, {"has serial 6"}},
    {"newer than announced, by so much that it is what is served",
     6,
     {{5 + kHalf, 6}},
     State::Refused,
     0,
     {},
     {"has serial 6"}},
    {"older than what is served", 6, {{7, 5}}, State::Refused, 0, {}, {"serial 5 goes back"}},
    {"older than announced at the start", {}, {{9, 8}}, State::Refused, 0, {}, {"announced 9"}},
};

TEST(ZoneSource, AsksThePrimariesUntilOneHasAGoodNewerVersion) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.description);
    Rig rig(c.primaries);
    const auto attempt = rig.attempt(c.current);
    ASSERT_TRUE(attempt);
    EXPECT_EQ(attempt->state, c.want) << attempt->reason;
    EXPECT_EQ(attempt->source, rig.source(c.from));
    EXPECT_EQ(rig.taken(), c.taken);
    for (const char* reason : c.reasons) EXPECT_THAT(attempt->reason, HasSubstr(reason));
    EXPECT_EQ(attempt->reason.empty(), c.reasons.empty()) << attempt->reason;
  }
}

struct WayCase {
  const char* description;
  Says says;
  const char* way;
};

TEST(ZoneSource, TakesDifferencesAndElseTheWholeZone) {
  using test::soa;
  const auto there = test::ns(), not_there = test::a("x.example.", 1);
  const WayCase cases[] = {
      {"differences", {7, {}, {}, {soa(7), soa(6), soa(7), soa(7)}}, "IXFR"},
      {"the whole zone at once", {7}, "IXFR: the whole zone"},
      {"the primary has no differences", {.announced = 7, .knows_ixfr = false}, "AXFR; IXFR: answers NOTIMP"},
      {"of another version",
       {7, {}, {}, {soa(7), soa(5), soa(7), soa(7)}},
       "AXFR; IXFR: transfer: differences start at serial 5, not at our 6"},
      {"removes what is not there",
       {7, {}, {}, {soa(7), soa(6), not_there, soa(7), soa(7)}},
       "AXFR; IXFR: differences: x.example. A is to be removed"},
      {"the outcome cannot be served",
       {7, {}, {}, {soa(7), soa(6), there, soa(7), soa(7)}},
       "AXFR; IXFR: zone example.: has no apex NS"},
      {"one SOA, though newer was announced", {7, {}, {}, {soa(6)}}, "AXFR; IXFR: the transfer has serial 6"},
  };
  for (const WayCase& c : cases) {
    SCOPED_TRACE(c.description);
    Rig rig({c.says});
    const auto attempt = rig.attempt(6);
    ASSERT_TRUE(attempt);
    EXPECT_EQ(attempt->state, State::Loaded) << attempt->reason;
    EXPECT_EQ(rig.taken(), 7U);
    EXPECT_THAT(attempt->way, HasSubstr(c.way));
  }
  Rig first({Says{7}});
  EXPECT_EQ(first.attempt({})->way, "AXFR") << "there is nothing yet that differences could be applied to";
}

// Between any two of them nothing may last longer than one transfer.
TEST(ZoneSource, GivesASignOfLifeBeforeAllThatMayLast) {
  Rig silent({Says{.announced = 5}, Says{.announced = 5}, Says{.announced = 5}});
  (void)silent.attempt(5);
  EXPECT_EQ(silent.signs_of_life(), 3) << "each primary's connection";
  Rig first({Says{.announced = 5}});
  (void)first.attempt(std::nullopt);
  EXPECT_EQ(first.signs_of_life(), 3) << "connection, transfer, verification";
  Rig next({Says{.announced = 6}});
  (void)next.attempt(5);
  EXPECT_EQ(next.taken(), 6U);
  EXPECT_EQ(next.signs_of_life(), 3) << "connection, differences, verification";
  Rig refused({Says{.announced = 6, .damaged = true}});
  (void)refused.attempt(5);
  EXPECT_EQ(refused.signs_of_life(), 5) << "after the differences the whole zone";
}

// A primary that lies does not make a zone expire that another one confirms.
TEST(ZoneSource, OnePrimaryWithTheCurrentVersionConfirmsIt) {
  const auto confirmed = [](const std::vector<Says>& primaries) {
    Rig rig(primaries);
    return rig.attempt(6)->confirmed;
  };
  EXPECT_EQ(confirmed({{6}}), 6U);
  EXPECT_EQ(confirmed({{6}, {7, {}, true}}), 6U);
  EXPECT_EQ(confirmed({{7, {}, true}, {6}}), 6U);
  EXPECT_EQ(confirmed({{5}, {6}}), 6U);
  EXPECT_EQ(confirmed({{5}}), std::nullopt);
  EXPECT_EQ(confirmed({{7, {}, true}}), std::nullopt);
}

TEST(ZoneSource, ARefusedVersionIsNotReadAgainFromThere) {
  Rig rig({{7, {}, true}, {6}});
  EXPECT_EQ(rig.attempt(6)->state, State::Refused);
  EXPECT_FALSE(rig.attempt(6));
  EXPECT_EQ(rig.attempt(7)->state, State::Unchanged) << "7 has come from elsewhere meanwhile";
}

TEST(ZoneSource, ARefusedVersionIsReadAgainOnceTheClockHasBeenSet) {
  Rig rig({{7, {}, true}});
  EXPECT_EQ(rig.attempt(6)->state, State::Refused);
  EXPECT_FALSE(rig.attempt(6));
  rig.forget_refused();
  EXPECT_EQ(rig.attempt(6)->state, State::Refused);
}

TEST(ZoneSource, NothingOlderThanWhatWasServedBeforeTheStart) {
  const struct {
    const char* description;
    std::uint32_t announced;
    State want;
  } cases[] = {{"older", 5, State::Refused},
               {"what was served", 6, State::Loaded},
               {"newer", 7, State::Loaded},
               {"half the circle away: neither", 6 + kHalf, State::Refused}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.description);
    ZoneConfig config = unverified();
    config.served_serial = 6;
    Rig rig({{c.announced}}, config);
    const auto attempt = rig.attempt({});
    ASSERT_TRUE(attempt);
    EXPECT_EQ(attempt->state, c.want) << attempt->reason;
    EXPECT_EQ(rig.taken().has_value(), c.want == State::Loaded);
    const char* const reason = c.want == State::Refused ? "goes back: 6 is served" : "";
    EXPECT_THAT(attempt->reason, HasSubstr(reason));
  }
}

// The zone that all have here has no delegation.
TEST(ZoneSource, NothingThatDropsTooMuchOfWhatWasServedBeforeTheStart) {
  ZoneConfig config = unverified();
  config.served_serial = 6;
  config.served_delegations = 20;
  Rig rig({{7}}, config);
  const auto held = rig.attempt({});
  ASSERT_TRUE(held);
  EXPECT_EQ(held->state, State::Refused);
  EXPECT_THAT(held->reason, HasSubstr("serial 7 is held: 20 of 20 delegations are gone"));
  EXPECT_FALSE(rig.taken());
  config.accept_serial = 7;
  Rig waived({{7}}, config);
  EXPECT_EQ(waived.attempt({})->state, State::Loaded);
}

TEST(ZoneSource, TheSameHoldsForAFile) {
  const test::TempDir dir;
  ZoneConfig config = unverified();
  config.served_serial = 6;
  config.file = dir.write("zone", "example. 60 IN SOA a. b. 5 2 3 4 5\nexample. 60 IN NS a.\n");
  Rig rig({}, config);
  const auto older = rig.attempt({});
  ASSERT_TRUE(older);
  EXPECT_EQ(older->state, State::Refused);
  EXPECT_THAT(older->reason, HasSubstr("serial 5 goes back: 6 is served"));
  dir.write("zone", "example. 60 IN SOA a. b. 6 2 3 4 5\nexample. 60 IN NS a. \n");
  EXPECT_EQ(rig.attempt({})->state, State::Loaded);
  dir.write("zone", "example. 60 IN SOA a. b. 6 2 3 4 5\nexample. 60 IN NS b.  \n");
  EXPECT_EQ(rig.attempt(6)->state, State::Loaded) << "of a file, the same serial is taken";
}

}  // namespace
}  // namespace imrs::pipeline
