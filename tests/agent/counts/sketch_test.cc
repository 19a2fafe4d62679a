// The sketches of sources: how far an estimate may be off, that merging is a union, and that the key matters.
#include "agent/counts/sketch.h"

#include <gmock/gmock.h>

#include <cmath>
#include <map>
#include <memory>

namespace imrs::counts {
namespace {

constexpr double kAllowed = 0.013;  // of the estimate: more than four standard errors

SketchKey key_of(std::uint64_t seed) { return {mix(seed + 1), mix(seed * 0x9e3779b97f4a7c15 + 0x1234567)}; }

using V4 = std::array<std::uint8_t, 4>;
using V6 = std::array<std::uint8_t, 16>;

// Neighbouring addresses, as resolvers have them: the least random input there is.
V4 v4(std::uint32_t number) {
  return {static_cast<std::uint8_t>(number >> 24), static_cast<std::uint8_t>(number >> 16),
          static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)};
}

V6 v6(std::uint32_t prefix, std::uint32_t host) {
  V6 out{0x20, 0x01, 0x0d, 0xb8};
  const V4 high = v4(prefix), low = v4(host);
  std::ranges::copy(high, out.begin() + 4);
  std::ranges::copy(low, out.begin() + 12);
  return out;
}

std::uint64_t hash_of(const SketchKey& key, const V6& address) {
  const std::span octets(address);
  return source_hash(key, octets.subspan(8), source_hash(key, octets.first(8)));
}

std::unique_ptr<LiveSketch> live() { return std::make_unique<LiveSketch>(); }

Sketch value_of(const LiveSketch& of) {
  Sketch out;
  out.merge(of);
  return out;
}

void add_v4(LiveSketch& sketch, const SketchKey& key, std::uint32_t first, std::uint32_t end) {
  for (std::uint32_t i = first; i < end; ++i) sketch.add(source_hash(key, v4(i)));
}

Sketch v4_sketch(const SketchKey& key, std::uint32_t first, std::uint32_t end) {
  const auto sketch = live();
  add_v4(*sketch, key, first, end);
  return value_of(*sketch);
}

// Up to a hundred, addresses are hardly ever in one register: at most one of them is missed.
TEST(Sketch, EstimatesOfTwentyKeys) {
  constexpr std::array kCardinalities{0U, 1U, 100U, 10'000U, 1'000'000U, 5'000'000U};
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const SketchKey key = key_of(seed);
    const auto sketch = live();
    std::uint32_t added = 0;
    for (const std::uint32_t cardinality : kCardinalities) {
      add_v4(*sketch, key, added, cardinality);
      added = cardinality;
      const double estimate = value_of(*sketch).estimate();
      const auto real = static_cast<double>(cardinality);
      if (cardinality <= 1) {
        EXPECT_NEAR(estimate, real, 0.001) << "seed " << seed;
      } else {
        EXPECT_NEAR(estimate, real, cardinality <= 100 ? 1.1 : real * kAllowed) << "seed " << seed;
      }
    }
  }
}

TEST(Sketch, TheSameAddressCountsOnce) {
  const auto sketch = live();
  for (int i = 0; i < 1000; ++i) add_v4(*sketch, key_of(1), 7, 10);
  EXPECT_EQ(std::llround(value_of(*sketch).estimate()), 3);
}

// 1,000 prefixes of 500 hosts each: the prefix is counted, and all 16 octets are.
TEST(Sketch, AddressesOfSixteenOctets) {
  const SketchKey key = key_of(2);
  const auto addresses = live(), prefixes = live();
  for (std::uint32_t prefix = 0; prefix < 1000; ++prefix) {
    for (std::uint32_t host = 0; host < 500; ++host) {
      const V6 address = v6(prefix, host);
      addresses->add(hash_of(key, address));
      prefixes->add(source_hash(key, std::span(address).first(8)));
    }
  }
  EXPECT_NEAR(value_of(*addresses).estimate(), 500'000, 500'000 * kAllowed);
  EXPECT_NEAR(value_of(*prefixes).estimate(), 1000, 1000 * kAllowed);
}

TEST(Sketch, EveryOctetAndEveryHalfOfTheKeyMovesTheHash) {
  const SketchKey key = key_of(3);
  for (std::size_t at = 0; at < 4; ++at) {
    V4 other = v4(0xC0000201);
    other[at] ^= 1;
    EXPECT_NE(source_hash(key, other), source_hash(key, v4(0xC0000201))) << at;
  }
  for (std::size_t at = 0; at < 16; ++at) {
    V6 other = v6(1, 2);
    other[at] ^= 0x80;
    EXPECT_NE(hash_of(key, other), hash_of(key, v6(1, 2))) << at;
  }
  for (std::size_t half = 0; half < 2; ++half) {
    SketchKey other = key;
    other[half] ^= 1;
    EXPECT_NE(source_hash(other, v4(1)), source_hash(key, v4(1))) << half;
  }
}

TEST(Sketch, AnotherKeyHasOtherRegisters) {
  const Sketch one = v4_sketch(key_of(4), 0, 1000);
  const Sketch other = v4_sketch(key_of(5), 0, 1000);
  EXPECT_NE(one, other);
  Sketch sum = one;
  sum.merge(other);
  EXPECT_NEAR(sum.estimate(), 2000, 2000 * kAllowed) << "as if all were other addresses";
  EXPECT_EQ(one, v4_sketch(key_of(4), 0, 1000)) << "of the same key: the same";
}

TEST(Sketch, MergingThreeThatOverlapIsTheUnionBitForBit) {
  const SketchKey key = key_of(6);
  const std::array parts{v4_sketch(key, 0, 60'000), v4_sketch(key, 40'000, 120'000),
                         v4_sketch(key, 100'000, 150'000)};
  const Sketch whole = v4_sketch(key, 0, 150'000);
  const std::array<std::array<std::size_t, 3>, 3> orders{{{0, 1, 2}, {2, 0, 1}, {1, 2, 0}}};
  for (const auto& order : orders) {
    Sketch sum;
    for (const std::size_t at : order) sum.merge(parts[at]);
    EXPECT_EQ(sum, whole);
    sum.merge(sum);
    EXPECT_EQ(sum, whole) << "with itself";
    sum.merge(Sketch());
    EXPECT_EQ(sum, whole) << "with an empty one";
  }
  EXPECT_NE(parts[0], whole);
}

TEST(Sketch, MergingLiveOnesIsTheUnionToo) {
  const SketchKey key = key_of(7);
  const auto one = live(), other = live();
  add_v4(*one, key, 0, 30'000);
  add_v4(*other, key, 20'000, 50'000);
  Sketch sum = value_of(*one);
  sum.merge(*other);
  EXPECT_EQ(sum, v4_sketch(key, 0, 50'000));
  Sketch back = value_of(*other);
  back.merge(*one);
  EXPECT_EQ(back, sum);
}

TEST(Sketch, ClearedIsEmpty) {
  const auto sketch = live();
  add_v4(*sketch, key_of(8), 0, 100'000);
  EXPECT_NE(value_of(*sketch), Sketch());
  sketch->clear();
  EXPECT_EQ(value_of(*sketch), Sketch());
  EXPECT_EQ(value_of(*sketch).estimate(), 0);
}

TEST(Sketch, RegisterAndRank) {
  constexpr std::uint64_t kOne = 1;
  const struct {
    const char* description;
    std::uint64_t hash;
    std::size_t where;
    unsigned rank;
  } cases[] = {
      {"all zero: the highest rank", 0, 0, kMaxRank},
      {"all one: the last register, the lowest rank", ~std::uint64_t{0}, kRegisters - 1, 1},
      {"the last bit is the only one", 1, 0, kMaxRank - 1},
      {"the first bit behind the place", kOne << 46, 0, 1},
      {"the second bit behind the place", kOne << 45, 0, 2},
      {"the last bit of the place", kOne << 47, 1, kMaxRank},
      {"the first bit of the place", kOne << 63 | kOne << 40, kRegisters / 2, 7},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.description);
    const auto sketch = live();
    sketch->add(c.hash);
    std::map<std::size_t, unsigned> seen;
    for (std::size_t i = 0; i < kRegisters; ++i) {
      if (const unsigned rank = sketch->registers[i].load(); rank != 0) seen[i] = rank;
    }
    EXPECT_THAT(seen, testing::ElementsAre(testing::Pair(c.where, c.rank)));
  }
}

TEST(Sketch, ARegisterKeepsTheHighestRank) {
  const auto sketch = live();
  for (const unsigned shift : {40U, 20U, 46U, 30U}) sketch->add(std::uint64_t{1} << shift);
  EXPECT_EQ(sketch->registers[0].load(), 27);
}

TEST(Sketch, FromItsRegisters) {
  const Sketch sketch = v4_sketch(key_of(9), 0, 1000);
  const auto registers = sketch.registers();
  ASSERT_EQ(registers.size(), kRegisters);
  EXPECT_EQ(Sketch({registers.begin(), registers.end()}), sketch);
}

}  // namespace
}  // namespace imrs::counts
