// The buckets by a clock of the test's own, and the engine with a limit: a resolver gets through, a flood is
// cut.
#include "dns/engine/rate_limiter.h"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "dns/wire/bytes.h"
#include "dns/wire/protocol.h"
#include "tests/dns/engine/client.h"
#include "tests/dns/engine/test_engine.h"
#include "tests/support/test_zones.h"

namespace imrs::test {
namespace {

using engine::RateLimiter;

constexpr std::array<std::uint64_t, 2> kKey{0x0123456789abcdef, 42};
constexpr std::uint8_t kV4[] = {192, 0, 2, 1}, kV4Same[] = {192, 0, 2, 250}, kV4Other[] = {192, 0, 3, 1};
using Address = std::span<const std::uint8_t>;

int taken(RateLimiter& limiter, std::uint64_t bucket, int tries, std::uint32_t now) {
  int count = 0;
  for (int i = 0; i < tries; ++i) count += limiter.take(bucket, now) ? 1 : 0;
  return count;
}

TEST(RateLimiter, ASecondsWorthAtOnceAndThenTheRate) {
  RateLimiter limiter(200, kKey);
  const auto bucket = limiter.bucket_of(kV4, 1);
  EXPECT_EQ(taken(limiter, bucket, 1000, 5000), 200);
  EXPECT_EQ(taken(limiter, bucket, 1000, 5100), 20);
  EXPECT_EQ(taken(limiter, bucket, 1000, 5104), 0);
  EXPECT_EQ(taken(limiter, bucket, 1000, 5105), 1);
  EXPECT_EQ(taken(limiter, bucket, 1000, 65000), 200) << "no more is saved than a second's worth";
}

TEST(RateLimiter, GoesOnWhenTheClockStartsOver) {
  RateLimiter limiter(200, kKey);
  const auto bucket = limiter.bucket_of(kV4, 1);
  EXPECT_EQ(taken(limiter, bucket, 1000, 0xFFFFFFF0), 200);
  EXPECT_EQ(taken(limiter, bucket, 1000, 84), 20) << "100 ms later";
}

// A worker's clock stands while it answers a batch: another's is ahead, or behind.
TEST(RateLimiter, ClocksOfTwoWorkersMakeNoTokens) {
  RateLimiter limiter(200, kKey);
  const auto bucket = limiter.bucket_of(kV4, 1);
  int passed = 0;
  for (std::uint32_t i = 0; i < 100000; ++i) passed += limiter.take(bucket, 5000 + i % 2) ? 1 : 0;
  EXPECT_EQ(passed, 200);
  EXPECT_EQ(taken(limiter, bucket, 1000, 5101), 20);
  limiter.prove(kV4, 6000);
  EXPECT_TRUE(limiter.is_proven(kV4, 5999));
}

// What has been idle for half of the clock's range is not ahead.
TEST(RateLimiter, AQuietMonthIsNoFuture) {
  RateLimiter limiter(200, kKey);
  const auto bucket = limiter.bucket_of(kV4, 1);
  EXPECT_EQ(taken(limiter, bucket, 1000, 5000), 200);
  EXPECT_EQ(taken(limiter, bucket, 1000, 5000 + 0x90000000), 200);
}

TEST(RateLimiter, WhoIsProvenHasMoreAndNotEverything) {
  RateLimiter limiter(200, kKey);
  const auto bucket = limiter.bucket_of(kV4, 1);
  const auto take = [&](int tries, std::uint32_t now) {
    int count = 0;
    for (int i = 0; i < tries; ++i)
      count += limiter.take(bucket, now) || limiter.take_more(bucket, now) ? 1 : 0;
    return count;
  };
  EXPECT_EQ(take(50000, 5000), 200 * 101);
  EXPECT_EQ(take(50000, 5100), 20 * 101);
  RateLimiter most(RateLimiter::kMaxPerSecond, kKey);
  EXPECT_TRUE(most.take_more(bucket, 5000));
}

TEST(RateLimiter, PrefixAndAnswerMakeTheBucket) {
  const std::uint8_t v6[16] = {0x20, 1, 0xd, 0xb8, 0, 0, 1, 2, 3},
                     v6_same[16] = {0x20, 1, 0xd, 0xb8, 0, 0, 1, 9, 9};
  const std::uint8_t v6_other[16] = {0x20, 1, 0xd, 0xb8, 0, 0, 2, 2, 3};
  const struct {
    const char* description;
    Address a, b;
    std::uint32_t answer_b;
    bool same;
  } cases[] = {{"same /24", kV4, kV4Same, 7, true},   {"other /24", kV4, kV4Other, 7, false},
               {"other answer", kV4, kV4, 8, false},  {"same /56", v6, v6_same, 7, true},
               {"other /56", v6, v6_other, 7, false}, {"other family", kV4, v6, 7, false}};
  const RateLimiter limiter(200, kKey);
  for (const auto& c : cases) {
    EXPECT_EQ(limiter.bucket_of(c.a, 7) == limiter.bucket_of(c.b, c.answer_b), c.same) << c.description;
  }
}

TEST(RateLimiter, BucketsSpreadAndDependOnTheKey) {
  const RateLimiter limiter(200, kKey), other(200, {1, 2});
  std::set<std::uint64_t> buckets;
  int same = 0;
  for (std::uint32_t answer = 0; answer < 10000; ++answer) {
    buckets.insert(limiter.bucket_of(kV4, answer * 16));
    same += limiter.bucket_of(kV4, answer * 16) == other.bucket_of(kV4, answer * 16) ? 1 : 0;
  }
  EXPECT_GT(buckets.size(), 9700U);
  EXPECT_LT(same, 3);
}

TEST(RateLimiter, ProvenPrefixes) {
  RateLimiter limiter(200, kKey);
  EXPECT_FALSE(limiter.is_proven(kV4, 1000));
  limiter.prove(kV4, 1000);
  EXPECT_TRUE(limiter.is_proven(kV4Same, 1000));
  EXPECT_FALSE(limiter.is_proven(kV4Other, 1000));
  EXPECT_TRUE(limiter.is_proven(kV4, 1000 + RateLimiter::kProvenMs));
  EXPECT_FALSE(limiter.is_proven(kV4, 1001 + RateLimiter::kProvenMs));
}

// ---- the engine ------------------------------------------------------------------------------------

struct Flood {
  int whole = 0, cut = 0, silent = 0;
};

Flood flood(std::uint16_t port, int count, const std::function<Octets(int)>& query) {
  Flood out;
  for (int i = 0; i < count; ++i) {
    const auto response = ask_udp(Family::V4, port, query(i));
    if (response.size() < wire::kHeaderSize) {
      ++out.silent;
    } else {
      ++((response[2] & 2) != 0 ? out.cut : out.whole);
    }
  }
  return out;
}

class LimitedEngine : public testing::Test {
 protected:
  LimitedEngine() { engine_.serve(image_of(three_zones())); }

  TestEngine engine_{1, {}, 0, 50};
  const std::uint16_t port_ = engine_.port(Family::V4);
};

// Whatever of the name's case, EDNS and type a flood varies, it is one answer; so are all names that are not
// there.
TEST_F(LimitedEngine, AFloodIsCutToTheLimitAndNeverSilent) {
  const struct {
    const char* description;
    std::function<Octets(int)> query;
  } cases[] = {
      {"one name, DO and type vary",
       [](int i) {
         return query_octets({.name = i % 3 == 0 ? "alpha." : "ALPHA.",
                              .type = static_cast<std::uint16_t>(i % 2 == 0 ? 1 : 28),
                              .dnssec_ok = i % 5 == 0});
       }},
      {"names that are not there",
       [](int i) {
         const char first = static_cast<char>('a' + i % 26);
         return query_octets({.name = first + std::to_string(i) + ".", .dnssec_ok = i % 2 == 0});
       }},
      {"names below one delegation",
       [](int i) { return query_octets({.name = "n" + std::to_string(i) + ".beta."}); }},
  };
  for (const auto& c : cases) {
    const auto before = engine_.page().traffic[0][0].limited.load();
    const auto start = std::chrono::steady_clock::now();
    const Flood seen = flood(port_, 400, c.query);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    EXPECT_EQ(seen.silent, 0) << c.description;
    EXPECT_GE(seen.whole, 50) << c.description;
    EXPECT_LE(seen.whole, 50 + static_cast<int>(took.count() * 50) + 2) << c.description;
    EXPECT_EQ(engine_.page().traffic[0][0].limited.load() - before, static_cast<unsigned>(seen.cut));
  }
}

TEST_F(LimitedEngine, ManyDifferentAnswersPass) {
  std::vector<std::string> names{".", "alpha.", "beta.", "arpa.", "nosuch.", "root-servers.net."};
  const Flood seen = flood(port_, 280, [&](int i) {
    return query_octets({.name = names[static_cast<std::size_t>(i) % names.size()], .type = 2});
  });
  EXPECT_EQ(seen.cut, 0);
  EXPECT_EQ(seen.silent, 0);
}

TEST(ProvenPrefix, HasMoreAndNotEverything) {
  TestEngine engine(1, {}, 0, 2);
  engine.serve(image_of(three_zones()));
  const std::uint16_t port = engine.port(Family::V4);
  const Octets query = query_octets({.name = "alpha."});
  const auto ask = [&](int) { return query; };
  EXPECT_GT(flood(port, 200, ask).cut, 0);
  EXPECT_FALSE(ask_tcp(connect_to(Family::V4, Transport::Tcp, port).get(), query).empty());
  EXPECT_EQ(flood(port, 150, ask).cut, 0);
  EXPECT_GT(flood(port, 3000, ask).cut, 0) << "forged sources in a prefix with a resolver";
}

// The kernel spreads the clients' ports over the workers.
TEST(LimitedWorkers, HaveOneLimit) {
  TestEngine engine(4, {}, 0, 50);
  engine.serve(image_of(three_zones()));
  const std::uint16_t port = engine.port(Family::V4);
  std::atomic<int> whole = 0;
  const auto start = std::chrono::steady_clock::now();
  {
    std::vector<std::jthread> clients;
    for (int i = 0; i < 4; ++i) {
      clients.emplace_back(
          [&] { whole += flood(port, 2000, [](int) { return query_octets({.name = "alpha."}); }).whole; });
    }
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  EXPECT_GE(whole, 50);
  EXPECT_LE(whole, 50 + static_cast<int>(took.count() * 50) + 2);
}

TEST_F(LimitedEngine, AValidCookieIsExempt) {
  answer::CookieSecrets secrets;
  secrets.count = 1;
  engine_.engine().set(secrets, {}, 0);
  const auto with_cookie = [](const std::string& hex) {
    Octets query = query_octets({.name = "alpha."});
    const Octets cookie = from_hex(hex);
    wire::store_u16(query.data() + query.size() - 2, static_cast<std::uint16_t>(cookie.size() + 4));
    query.insert(query.end(), {0, 10, 0, static_cast<std::uint8_t>(cookie.size())});
    query.insert(query.end(), cookie.begin(), cookie.end());
    return query;
  };
  const Octets bare = with_cookie("0102030405060708");
  Octets last;
  const Flood seen = flood(port_, 200, [&](int) { return bare; });
  EXPECT_GT(seen.cut, 0);
  last = ask_udp(Family::V4, port_, bare);
  ASSERT_GT(last.size(), 24U);
  const Octets good = with_cookie(to_hex(std::span(last).last(24)));
  EXPECT_EQ(flood(port_, 200, [&](int) { return good; }).cut, 0);
}

}  // namespace
}  // namespace imrs::test
