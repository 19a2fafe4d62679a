// The table of names that do not exist, against exact counts; and a reader who looks while it is written.
#include "agent/counts/missing_names.h"

#include <gmock/gmock.h>

#include <cmath>
#include <map>
#include <memory>
#include <random>
#include <thread>

namespace imrs::counts {
namespace {

constexpr std::size_t kPlaces = MissingNames::kSets * MissingNames::kWays;
using Counts = std::map<std::string, std::uint64_t>;

std::unique_ptr<MissingNames> table() { return std::make_unique<MissingNames>(); }

void note(MissingNames& names, std::string_view label) {
  std::vector<std::uint8_t> wire{static_cast<std::uint8_t>(label.size())};
  wire.insert(wire.end(), label.begin(), label.end());
  names.note(wire);
}

std::vector<MissingName> read(const MissingNames& names) {
  std::vector<MissingName> out;
  names.read(out);
  return out;
}

// As (label, count, error), by label.
std::vector<std::tuple<std::string, std::uint64_t, std::uint64_t>> entries(const MissingNames& names) {
  std::vector<std::tuple<std::string, std::uint64_t, std::uint64_t>> out;
  for (const MissingName& one : read(names)) out.emplace_back(one.label, one.count, one.error);
  std::ranges::sort(out);
  return out;
}

// What each entry promises: not too low, and at most `error` too high.
void expect_bounds(const MissingNames& names, const Counts& truth) {
  std::size_t wrong = 0;
  for (const MissingName& one : read(names)) {
    const auto known = truth.find(one.label);
    ASSERT_NE(known, truth.end()) << one.label << " has never been noted";
    if (one.count < known->second || one.count - one.error > known->second) ++wrong;
    EXPECT_LT(one.error, one.count) << one.label;
  }
  EXPECT_EQ(wrong, 0U);
}

// 400,000 questions by Zipf's law for 50,000 labels.
Counts note_zipf(MissingNames& names) {
  constexpr std::size_t kLabels = 50'000;
  std::vector<double> sums(kLabels);
  double sum = 0;
  for (std::size_t i = 0; i < kLabels; ++i) sums[i] = sum += 1 / static_cast<double>(i + 1);
  std::mt19937_64 random(42);
  std::uniform_real_distribution<double> spread(0, sum);
  Counts truth;
  for (int i = 0; i < 400'000; ++i) {
    const auto rank = std::ranges::upper_bound(sums, spread(random)) - sums.begin();
    const std::string label = "tld" + std::to_string(rank);
    ++truth[label];
    note(names, label);
  }
  return truth;
}

TEST(MissingNames, ZipfBoundsHold) {
  const auto names = table();
  const Counts truth = note_zipf(*names);
  ASSERT_GT(truth.size(), 10 * kPlaces) << "far more labels than places";
  expect_bounds(*names, truth);
}

TEST(MissingNames, ZipfHeavyHittersAreFound) {
  const auto names = table();
  const Counts truth = note_zipf(*names);
  const auto top = top_of(read(*names), 20);
  ASSERT_EQ(top.size(), 20U);
  for (std::size_t i = 0; i < 20; ++i) {
    const std::uint64_t real = truth.at("tld" + std::to_string(i));
    const auto found = std::ranges::find(top, "tld" + std::to_string(i), &MissingName::label);
    ASSERT_NE(found, top.end()) << "the one of rank " << i;
    EXPECT_LE(found->count - real, real / 4) << "the one of rank " << i;
  }
}

TEST(MissingNames, UniformBoundsHoldAndTheTableIsFull) {
  const auto names = table();
  std::mt19937_64 random(7);
  Counts truth;
  for (int i = 0; i < 300'000; ++i) {
    const std::string label = std::to_string(random() % 20'000);
    ++truth[label];
    note(*names, label);
  }
  expect_bounds(*names, truth);
  EXPECT_EQ(read(*names).size(), kPlaces);
}

// A label in fifty is the same, the others come once: in its set it makes up far more than an eighth.
TEST(MissingNames, AFloodOfRandomLabelsDoesNotHideAHeavyOne) {
  const auto names = table();
  std::mt19937_64 random(8);
  Counts truth;
  for (int i = 0; i < 200'000; ++i) {
    const std::string label = i % 50 == 49 ? "home" : std::to_string(random());
    ++truth[label];
    note(*names, label);
  }
  const auto top = top_of(read(*names), 1);
  ASSERT_EQ(top.size(), 1U);
  EXPECT_EQ(top[0].label, "home");
  EXPECT_GE(top[0].count, truth.at("home"));
  EXPECT_LE(top[0].count - top[0].error, truth.at("home"));
  expect_bounds(*names, truth);
}

TEST(MissingNames, NeverMoreThanThereArePlaces) {
  const auto names = table();
  for (std::size_t i = 0; i < 20 * kPlaces; ++i) {
    note(*names, "x" + std::to_string(i));
    if (i % 1000 != 0) continue;
    ASSERT_LE(read(*names).size(), std::min(i + 1, kPlaces));
  }
  EXPECT_EQ(read(*names).size(), kPlaces);
}

TEST(MissingNames, LabelsThatAreTheSameAndLabelsThatAreNot) {
  const std::string a63(63, 'a'), b63 = std::string(62, 'a') + 'b', upper63(63, 'A');
  using std::string_literals::operator""s;
  const struct {
    const char* description;
    std::vector<std::string> noted;
    std::vector<std::tuple<std::string, std::uint64_t, std::uint64_t>> want;
  } cases[] = {
      {"case", {"local", "LOCAL", "LoCaL"}, {{"local", 3, 0}}},
      {"all letters", {"ABCDEFGHIJKLMNOPQRSTUVWXYZ"}, {{"abcdefghijklmnopqrstuvwxyz", 1, 0}}},
      {"only letters have case", {"@[`{"}, {{"@[`{", 1, 0}}},
      {"beside letters", {"@", "`", "[", "{"}, {{"@", 1, 0}, {"[", 1, 0}, {"`", 1, 0}, {"{", 1, 0}}},
      {"octets above 127 are kept", {"\xC3\x84"}, {{"\xC3\x84", 1, 0}}},
      {"63 octets", {a63, upper63}, {{a63, 2, 0}}},
      {"63 octets, the last one differs", {a63, b63}, {{a63, 1, 0}, {b63, 1, 0}}},
      {"a zero in it", {"a\0b"s, "a"s, "a\0"s}, {{"a"s, 1, 0}, {"a\0"s, 1, 0}, {"a\0b"s, 1, 0}}},
      {"a dot in it", {"a.b"}, {{"a.b", 1, 0}}},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.description);
    const auto names = table();
    for (const std::string& label : c.noted) note(*names, label);
    EXPECT_EQ(entries(*names), c.want);
  }
}

TEST(MissingNames, ClearedItStartsAnew) {
  const auto names = table();
  for (std::size_t i = 0; i < 5 * kPlaces; ++i) note(*names, "x" + std::to_string(i % (2 * kPlaces)));
  names->clear();
  EXPECT_THAT(read(*names), testing::IsEmpty());
  note(*names, "x1");
  note(*names, "x1");
  note(*names, "other");
  const std::vector<std::tuple<std::string, std::uint64_t, std::uint64_t>> want{{"other", 1, 0},
                                                                                {"x1", 2, 0}};
  EXPECT_EQ(entries(*names), want);
}

TEST(MissingNames, ReadingAddsToWhatIsThere) {
  const auto one = table(), other = table();
  note(*one, "corp");
  note(*other, "corp");
  std::vector<MissingName> names;
  one->read(names);
  other->read(names);
  EXPECT_EQ(names.size(), 2U);
}

TEST(TopOf, AddsUpSortsAndCuts) {
  const std::vector<MissingName> names{{"home", 5, 1}, {"corp", 7, 0}, {"lan", 2, 2},
                                       {"home", 4, 2}, {"mail", 2, 0}, {"lan", 1, 0}};
  const struct {
    std::size_t most;
    std::vector<std::string> want;
  } cases[] = {{0, {}},
               {1, {"home 9-3"}},
               {3, {"home 9-3", "corp 7-0", "lan 3-2"}},
               {99, {"home 9-3", "corp 7-0", "lan 3-2", "mail 2-0"}}};
  for (const auto& c : cases) {
    std::vector<std::string> seen;
    for (const MissingName& one : top_of(names, c.most)) {
      seen.push_back(one.label + " " + std::to_string(one.count) + "-" + std::to_string(one.error));
    }
    EXPECT_EQ(seen, c.want) << c.most;
  }
  EXPECT_THAT(top_of({}, 5), testing::IsEmpty());
}

// A label that says of itself what it must be: a letter for its number, and as many of them as the number
// asks for. Two of them mixed are none.
std::string telling_label(std::uint64_t number) {
  const std::uint64_t hash = mix(number + 1);
  return std::string(8 + hash % 56, static_cast<char>('a' + hash / 64 % 26));
}

bool is_telling(const std::string& label) {
  return label.size() >= 8 && label.find_first_not_of(label[0]) == std::string::npos;
}

// Both go on until each has done enough, without waiting for each other. Now and then a day ends.
TEST(MissingNames, AReaderNeverSeesALabelThatWasNotWritten) {
  const auto names = table();
  std::atomic<std::uint64_t> written = 0;
  std::atomic<bool> enough = false;
  std::thread writer([&] {
    for (std::uint64_t i = 0; !enough.load(std::memory_order_relaxed); ++i) {
      note(*names, telling_label(i));
      if (i % 20'000 == 0) names->clear();
      written.store(i, std::memory_order_relaxed);
    }
  });
  std::size_t seen = 0, torn = 0, impossible = 0;
  for (int round = 0; round < 500 || written.load(std::memory_order_relaxed) < 300'000; ++round) {
    for (const MissingName& one : read(*names)) {
      ++seen;
      if (!is_telling(one.label)) ++torn;
      if (one.error >= one.count) ++impossible;
    }
  }
  enough.store(true, std::memory_order_relaxed);
  writer.join();
  EXPECT_GT(seen, 0U);
  EXPECT_EQ(torn, 0U) << "of " << seen;
  EXPECT_EQ(impossible, 0U) << "of " << seen;
}

}  // namespace
}  // namespace imrs::counts
