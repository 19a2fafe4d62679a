// Queries as hexadecimal, and responses that are right, damaged or another's.
#include "agent/preflight/dns_message.h"

#include <gmock/gmock.h>

#include "agent/base/hex.h"

namespace imrs::preflight {
namespace {

using testing::HasSubstr;

using Message = std::vector<std::uint8_t>;

const Question kSoa{{}, 6, 0, false};
constexpr std::uint16_t kId = 0x1234;

// A response to kSoa with that many answers, which are not looked at.
Message response(std::uint8_t flags_high, std::uint8_t flags_low, std::uint8_t answers) {
  return {0x12, 0x34, flags_high, flags_low, 0, 1, 0, answers, 0, 0, 0, 0, 0, 0, 6, 0, 1};
}

TEST(PreflightMessage, QuestionsAsTheyGo) {
  const struct {
    const char* description;
    Question question;
    const char* want;
  } cases[] = {
      // id flags qd an ns ar | name type class
      {"SOA of the root", kSoa,
       "123400000001000000000000"
       "0000060001"},
      // with OPT: root, type 41, class 1232, DO, no data
      {"DNSKEY with EDNS and DO",
       {{}, 48, 1232, true},
       "123400000001000000000001"
       "0000300001"
       "00002904d0000080000000"},
      {"without DO",
       {{}, 6, 4096, false},
       "123400000001000000000001"
       "0000060001"
       "0000291000000000000000"},
      {"of arpa",
       {*wire::Name::parse("arpa."), 6, 0, true},
       "123400000001000000000000"
       "04617270610000060001"},
  };
  for (const auto& c : cases) EXPECT_EQ(hex_text(question_message(kId, c.question)), c.want) << c.description;
}

TEST(PreflightMessage, ReadsWhatCounts) {
  const auto read = read_response(response(0x86, 0x05, 3), kId, kSoa);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->rcode, 5U);
  EXPECT_TRUE(read->truncated);
  EXPECT_TRUE(read->authoritative);
  EXPECT_EQ(read->answers, 3U);
  EXPECT_EQ(read->size, 17U);
}

TEST(PreflightMessage, RefusesWhatIsNoResponseToIt) {
  Message other_id = response(0x84, 0, 1), other_type = other_id, other_class = other_id, two = other_id;
  other_id[1] = 0x35;
  other_type[14] = 2;
  other_class[16] = 3;
  two[5] = 2;
  Message other_name = response(0x84, 0, 1);
  other_name.insert(other_name.begin() + 12, {1, 'a'});
  const struct {
    const char* description;
    Message message;
    const char* want;
  } cases[] = {
      {"nothing", {}, "shorter"},
      {"half a header", Message(11, 0), "shorter"},
      {"another ID", other_id, "another query"},
      {"a query", response(0x00, 0, 0), "a query"},
      {"another type", other_type, "another question"},
      {"another class", other_class, "another question"},
      {"another name", other_name, "another question"},
      {"two questions", two, "another question"},
  };
  for (const auto& c : cases) {
    const auto read = read_response(c.message, kId, kSoa);
    ASSERT_FALSE(read) << c.description;
    EXPECT_THAT(read.error().message, HasSubstr(c.want)) << c.description;
  }
}

TEST(PreflightMessage, NoPartOfAResponseIsReadBeyondItsEnd) {
  const Message whole = response(0x84, 0, 1);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Message part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_FALSE(read_response(part, kId, kSoa)) << size;
  }
}

TEST(PreflightMessage, ARefusalMayHaveNoQuestion) {
  EXPECT_TRUE(read_response(Message{0x12, 0x34, 0x80, 0x05, 0, 0, 0, 0, 0, 0, 0, 0}, kId, kSoa));
}

TEST(PreflightMessage, ExchangesInWords) {
  using Outcome = Exchange::Outcome;
  EXPECT_EQ(exchange_text({Outcome::Answered, {0, false, true, 1, 98}, ""}), "NOERROR, 98 octets");
  EXPECT_EQ(exchange_text({Outcome::Answered, {5, true, false, 0, 12}, ""}), "REFUSED, 12 octets, cut");
  EXPECT_EQ(exchange_text({Outcome::Silent, {}, ""}), "no response");
  EXPECT_EQ(exchange_text({Outcome::NotAsked, {}, ""}), "not asked");
  EXPECT_EQ(exchange_text({Outcome::Failed, {}, "no route"}), "no route");
}

}  // namespace
}  // namespace imrs::preflight
