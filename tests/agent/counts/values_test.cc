// Counts as values: adding, what has come since, quantiles, and what the kinds are called.
#include <gmock/gmock.h>

#include <cmath>
#include <set>
#include <stdexcept>

#include "agent/counts/counts.h"

namespace imrs::counts {
namespace {

TEST(Traffic, SinceThenIsNeverBelowZero) {
  Traffic now, before;
  now.queries = 10;
  before.queries = 4;
  now.responses = 3;
  before.responses = 8;
  now.rcodes[3] = 5;
  before.rcodes[3] = 5;
  before.response_sizes[kResponseSizes - 1] = ~std::uint64_t{0};
  now.types[kTypeOther] = ~std::uint64_t{0};
  before.types[kTypeOther] = 1;
  now -= before;
  Traffic want;
  want.queries = 6;
  want.types[kTypeOther] = ~std::uint64_t{0} - 1;
  EXPECT_EQ(now, want);
}

TEST(Traffic, WhatIsAddedCanBeTakenAway) {
  Traffic one, other;
  one.queries = one.attributes[0] = one.chaos[1] = one.opcodes[15] = one.malformed[6] = 5;
  other.limited = other.query_bytes = other.response_bytes = other.truncated = 7;
  other.unanswered = other.query_sizes[18] = other.attributes[0] = 9;
  Traffic sum = one;
  sum += other;
  EXPECT_NE(sum, one);
  EXPECT_EQ(sum.attributes[0], 14U);
  sum -= other;
  EXPECT_EQ(sum, one);
}

TEST(Times, AddAndTakeAway) {
  Times now, before;
  for (std::size_t i = 0; i < kTimes; ++i) {
    now.bins[i] = 10;
    before.bins[i] = i;
  }
  now.total_ns = 5;
  before.total_ns = 6;
  Times sum = now;
  sum += before;
  now -= before;
  for (std::size_t i = 0; i < kTimes; ++i) {
    EXPECT_EQ(sum.bins[i], 10 + i);
    EXPECT_EQ(now.bins[i], i < 10 ? 10 - i : 0) << "never below zero";
  }
  EXPECT_EQ(sum.total_ns, 11U);
  EXPECT_EQ(now.total_ns, 0U);
}

TEST(Times, Quantiles) {
  const struct {
    const char* description;
    std::vector<std::pair<std::size_t, std::uint64_t>> bins;
    double share, want;
  } cases[] = {
      {"all in the first bin, below a microsecond", {{0, 100}}, 0.5, 0.5},
      {"bin 1 is from 1 to 2", {{1, 100}}, 0.5, 1.5},
      {"bin 3 is from 4 to 8", {{3, 100}}, 0.5, 6},
      {"the whole of it", {{3, 100}}, 1, 8},
      {"the quarter of it", {{3, 100}}, 0.25, 5},
      {"nothing of it", {{3, 100}}, 0, 4},
      {"in the second of two", {{2, 90}, {10, 10}}, 0.95, 768},
      {"at the end of the first of two", {{2, 90}, {10, 10}}, 0.9, 4},
      {"one answer", {{5, 1}}, 1, 32},
      {"the last bin", {{kTimes - 1, 2}}, 0.5, 1.5 * (1 << 20)},
  };
  for (const auto& c : cases) {
    Times times;
    for (const auto& [bin, count] : c.bins) times.bins[bin] = count;
    EXPECT_DOUBLE_EQ(quantile(times, c.share), c.want) << c.description;
  }
  EXPECT_TRUE(std::isnan(quantile(Times{}, 0.5)));
}

template <typename Name>
std::vector<std::string> names_of(Name name, std::size_t size) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < size; ++i) out.emplace_back(name(i));
  return out;
}

// What nothing has no name; everything else has one, and one of its own.
TEST(KindNames, AllHaveOneOfTheirOwn) {
  const struct {
    const char* description;
    std::vector<std::string> names;
    bool first_is_nothing;
  } cases[] = {
      {"rcodes", names_of(rcode_name, kRcodes), false},
      {"opcodes", names_of(opcode_name, 16), false},
      {"malformed", names_of(malformed_name, kMalformed), true},
      {"attributes", names_of(attribute_name, kQueryAttributes), false},
      {"chaos", names_of(chaos_name, kChaosNames), true},
      {"types of a name", names_of(name_type_name, kNameTypes), false},
      {"types", names_of(type_name, kCountedTypes), false},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.description);
    EXPECT_EQ(std::set(c.names.begin(), c.names.end()).size(), c.names.size());
    for (std::size_t i = 0; i < c.names.size(); ++i) {
      EXPECT_EQ(c.names[i].empty(), c.first_is_nothing && i == 0) << i;
    }
  }
}

template <typename Kind>
std::size_t at(Kind kind) {
  return static_cast<std::size_t>(kind);
}

TEST(KindNames, EachIsThatOfItsNumber) {
  const std::pair<std::string, const char*> cases[] = {
      {std::string(rcode_name(0)), "NOERROR"},
      {std::string(rcode_name(3)), "NXDOMAIN"},
      {std::string(rcode_name(9)), "NOTAUTH"},
      {std::string(rcode_name(16)), "BADVERS"},
      {std::string(rcode_name(23)), "BADCOOKIE"},
      {std::string(rcode_name(24)), "other"},
      {std::string(opcode_name(0)), "QUERY"},
      {std::string(opcode_name(4)), "NOTIFY"},
      {std::string(opcode_name(15)), "opcode15"},
      {std::string(malformed_name(at(Malformed::Short))), "short"},
      {std::string(malformed_name(at(Malformed::Response))), "response"},
      {std::string(malformed_name(at(Malformed::Count))), "question-count"},
      {std::string(malformed_name(at(Malformed::Cookie))), "cookie"},
      {std::string(attribute_name(at(QueryAttribute::RecursionDesired))), "rd"},
      {std::string(attribute_name(at(QueryAttribute::DnssecOk))), "do"},
      {std::string(attribute_name(at(QueryAttribute::EdnsOtherVersion))), "edns-other-version"},
      {std::string(attribute_name(at(QueryAttribute::Idn))), "idn"},
      {std::string(attribute_name(at(QueryAttribute::CookieInvalid))), "cookie-invalid"},
      {std::string(chaos_name(at(ChaosName::HostnameBind))), "hostname.bind"},
      {std::string(chaos_name(at(ChaosName::VersionServer))), "version.server"},
      {std::string(chaos_name(at(ChaosName::Other))), "other"},
      {std::string(name_type_name(name_type_index(43))), "DS"},
      {std::string(name_type_name(name_type_index(65))), "HTTPS"},
      {std::string(name_type_name(name_type_index(99))), "other"},
      {type_name(type_index(1)), "A"},
      {type_name(type_index(28)), "AAAA"},
      {type_name(type_index(123)), "TYPE123"},
      {type_name(type_index(32768)), "TA"},
      {type_name(type_index(32769)), "DLV"},
      {type_name(type_index(260)), "other"},
      {type_name(type_index(65535)), "other"},
  };
  for (const auto& [is, want] : cases) EXPECT_EQ(is, want);
}

TEST(KindNames, ThereIsNoneBehindTheLast) {
  EXPECT_THROW((void)rcode_name(kRcodes), std::out_of_range);
  EXPECT_THROW((void)opcode_name(16), std::out_of_range);
  EXPECT_THROW((void)malformed_name(kMalformed), std::out_of_range);
  EXPECT_THROW((void)attribute_name(kQueryAttributes), std::out_of_range);
  EXPECT_THROW((void)chaos_name(kChaosNames), std::out_of_range);
  EXPECT_THROW((void)name_type_name(kNameTypes), std::out_of_range);
}

}  // namespace
}  // namespace imrs::counts
