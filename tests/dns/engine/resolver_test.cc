// The rate limit as those feel it whom it is not for, and those whom it is for: a busy resolver with the
// questions that L-root gets, and a flood with a source address that is not the asker's.
#include <gmock/gmock.h>

#include <cstdio>
#include <functional>
#include <optional>
#include <random>

#include "tests/dns/engine/paced_client.h"
#include "tests/dns/engine/test_engine.h"
#include "tests/support/root_sized.h"
#include "tests/support/test_zones.h"

namespace imrs::test {
namespace {

constexpr std::uint32_t kLimit = 200;  // the default of EngineConfig::rate_limit
#ifdef IMRS_SANITIZED
constexpr std::size_t kRate = 5000;
#else
constexpr std::size_t kRate = 20000;
#endif

// One resolver's questions, which all have DO and 1232 octets, with the names that L-root is asked for by its
// RSSAC002 reports: 45 % below existing TLDs, four of which are heavy and the others follow Zipf's law, 54 %
// that do not exist, 1 % priming. The zone made here has no com.: t0000. has its share, and so on.
class Mix {
 public:
  explicit Mix(const RootZone& zone) : tlds_(zone.with_ds) {
    tlds_.insert(tlds_.end(), zone.without_ds.begin(), zone.without_ds.end());
    std::vector<double> shares{.34, .13, .06, .12};
    double zipf = 0;
    for (std::size_t i = shares.size(); i < tlds_.size(); ++i) zipf += 1.0 / static_cast<double>(i);
    for (std::size_t i = shares.size(); i < tlds_.size(); ++i) {
      shares.push_back(.35 / zipf / static_cast<double>(i));
    }
    tld_ = std::discrete_distribution<std::size_t>(shares.begin(), shares.end());
  }

  Octets query() {
    const double roll = std::uniform_real_distribution<>(0, 1)(random_);
    if (roll < .01) return query_octets({.name = ".", .type = 2, .dnssec_ok = true});
    const std::uint16_t type = random_() % 3 == 0 ? 28 : 1;
    return query_octets({.name = roll < .46 ? existing() : missing(), .type = type, .dnssec_ok = true});
  }

 private:
  const std::string& existing() { return name_ = "www.example." + tlds_[tld_(random_)]; }

  // Three in ten are what leaks from private networks (local., lan., home. and so on: each in a gap of its
  // own), the others what browsers make up, all over the zone.
  const std::string& missing() {
    constexpr std::size_t kPrivate = 6;
    const bool is_private = random_() % 10 < 3;
    const std::string& before = tlds_[random_() % (is_private ? kPrivate : tlds_.size())];
    name_ = before.substr(0, before.size() - 1);
    if (is_private) return name_ = "printer." + name_ + "-local.";
    for (int i = 0; i < 5; ++i) name_.push_back(static_cast<char>('a' + random_() % 26));
    return name_ += '.';
  }

  std::vector<std::string> tlds_;
  std::mt19937 random_{4};
  std::discrete_distribution<std::size_t> tld_;
  std::string name_;
};

// A machine that leaves the client or the worker without a processor for a while shows nothing of the limit:
// the questions then come to it all at once. So there are several runs, each with an engine that knows nobody
// yet, until one has kept the pace; that one is judged.
class Resolver : public testing::Test {
 protected:
  PacedCounts ask_the_mix(const Pace& pace) {
    return judged(pace, [&] {
      Mix mix(zone_);
      return PacedClient(port(), pace).run([&](std::size_t) { return mix.query(); });
    });
  }
  // By a prefix that may be that of 127.0.0.1, which has asked by TCP before.
  PacedCounts flood(const Pace& pace) {
    const Octets query = query_octets({.name = "www.example.t0001.", .dnssec_ok = true});
    return judged(pace, [&] {
      EXPECT_FALSE(ask_tcp(connect_to(Family::V4, Transport::Tcp, port()).get(), query_octets({})).empty());
      return PacedClient(port(), pace).run([&](std::size_t) { return query; });
    });
  }
  // In the run that is judged.
  [[nodiscard]] std::uint64_t limited() const { return engine_->page().traffic[0][0].limited; }

 private:
  static constexpr int kRuns = 5;

  // What holds for all: each question answered once, and the pace kept.
  PacedCounts judged(const Pace& pace, const std::function<PacedCounts()>& run) {
    PacedCounts seen;
    bool kept = false;
    for (int i = 0; i < kRuns && !kept; ++i) {
      engine_.emplace(std::uint8_t{1}, engine::TcpLimits(), std::uint8_t{0}, kLimit);
      engine_->serve(image_);
      seen = run();
      kept = keeps_pace(seen, pace);
      std::printf(
          "%zu questions, %.0f/s, held for %.3f s: %zu whole, %zu cut, %zu of them then by TCP, the "
          "first after %zu questions%s\n",
          pace.count, rate(seen, pace), seen.held, seen.whole, seen.cut, seen.by_tcp, seen.before_tcp,
          kept ? "" : ": THE PACE WAS NOT KEPT");
    }
    EXPECT_TRUE(kept) << "THE PACE WAS NOT KEPT in " << kRuns << " runs: is the machine busy?";
    EXPECT_EQ(seen.not_sent, 0U);
    EXPECT_EQ(seen.unasked, 0U);
    EXPECT_EQ(seen.answered(), pace.count) << "silence";
    EXPECT_GE(rate(seen, pace), .9 * static_cast<double>(kRate));
    return seen;
  }
  static double rate(const PacedCounts& seen, const Pace& pace) {
    return static_cast<double>(pace.count) / seen.asking;
  }
  // Those on their way when the first was cut may be cut too: few, if nobody was late.
  static bool keeps_pace(const PacedCounts& seen, const Pace& pace) {
    return rate(seen, pace) >= .9 * static_cast<double>(kRate) && seen.held == 0 &&
           seen.before_tcp <= pace.count / 200;
  }
  [[nodiscard]] std::uint16_t port() const { return engine_->port(Family::V4); }

  const RootZone zone_ = make_root_zone();
  const std::shared_ptr<const image::Image> image_ = image_of({{".", zone_.text}});
  std::optional<TestEngine> engine_;
};

TEST_F(Resolver, ABusyOneHasAnAnswerToEveryQuestion) {
  constexpr std::size_t kCount = 2 * kRate;
  const PacedCounts seen = ask_the_mix({.rate = kRate, .count = kCount});
  EXPECT_LE(seen.cut, kCount / 100);
  EXPECT_EQ(seen.by_tcp, seen.cut);
  EXPECT_GT(seen.cut, 0U) << "no limit was ever reached: nothing is proved";
  EXPECT_EQ(limited(), seen.cut) << "nothing of this mix is too large for UDP";
}

// What the test above would see if nobody had more than the limit.
TEST_F(Resolver, OneThatNeverAsksByTcpIsToldToAndNotLeftInSilence) {
  const PacedCounts seen = ask_the_mix({.rate = kRate, .count = kRate, .asks_by_tcp = false});
  EXPECT_EQ(limited(), seen.cut);
#ifndef IMRS_SANITIZED
  EXPECT_GT(seen.cut, kRate / 20);
#endif
}

// The prefix that is flooded has not been seen on TCP; another one, which has, is no help to it.
TEST_F(Resolver, AFloodForOneNameIsCutToTheLimit) {
  constexpr std::size_t kCount = 2 * kRate;
  const PacedCounts seen = flood(
      {.source = "127.0.1.1", .rate = kRate, .count = kCount, .asks_by_tcp = false});
  EXPECT_GE(seen.whole, kLimit);
  EXPECT_LE(seen.whole, kLimit + static_cast<std::size_t>(seen.all * kLimit) + 1);
  EXPECT_EQ(limited(), seen.cut);
}

// The same flood from the prefix that has been: it gets everything, up to kProvenTimes as much, so it is that
// which makes the difference.
TEST_F(Resolver, TheSameFloodFromAProvenPrefixIsNotCut) {
  const PacedCounts seen = flood({.rate = kRate, .count = kRate});
  EXPECT_EQ(seen.cut, 0U);
  EXPECT_EQ(limited(), 0U);
}

}  // namespace
}  // namespace imrs::test
