// One question, one hash; and what is not a question has one too.
#include "dns/wire/question_hash.h"

#include <gmock/gmock.h>

#include "tests/support/answers.h"

namespace imrs::test {
namespace {

using wire::question_hash;

TEST(QuestionHash, SameQuestionWhoeverAsks) {
  const auto hash = question_hash(query_octets({.name = "www.example.", .type = 1}));
  EXPECT_EQ(question_hash(query_octets({.name = "WWW.eXample.", .type = 1})), hash);
  EXPECT_EQ(
      question_hash(query_octets({.name = "www.example.", .type = 1, .dnssec_ok = true, .flags = 0x100})),
      hash);
  EXPECT_EQ(question_hash(query_octets({.name = "www.example.", .type = 1, .udp_size = -1})), hash);
  EXPECT_NE(question_hash(query_octets({.name = "www.example.", .type = 2})), hash);
  EXPECT_NE(question_hash(query_octets({.name = "www.example.", .type = 1, .qclass = 3})), hash);
  EXPECT_NE(question_hash(query_octets({.name = "www.exampl.", .type = 1})), hash);
  EXPECT_NE(question_hash(query_octets({.name = "vww.example.", .type = 1})), hash);
}

TEST(QuestionHash, EveryOctetOfTheQuestionCountsAndNoneOfTheRest) {
  for (std::size_t size = 1; size <= 20; ++size) {
    Octets message(wire::kHeaderSize, 0);
    message.push_back(static_cast<std::uint8_t>(size));
    message.insert(message.end(), size, 'a');
    message.insert(message.end(), {0, 0, 1, 0, 1, 77});
    const auto hash = question_hash(message);
    for (std::size_t at = 0; at < message.size(); ++at) {
      const bool in_question = at > wire::kHeaderSize && at + 1 < message.size();
      Octets other = message;
      other[at] ^= 1;
      if (at == wire::kHeaderSize) continue;  // another label, not another octet
      EXPECT_EQ(question_hash(other) != hash, in_question) << size << " " << at;
    }
  }
}

TEST(QuestionHash, AnyOctets) {
  Octets message;
  for (int size = 0; size < 600; ++size) {
    EXPECT_NE(question_hash(message), 0U);
    message.push_back(static_cast<std::uint8_t>(size * 37));
  }
  EXPECT_NE(question_hash(Octets(5000, 63)), 0U);
}

}  // namespace
}  // namespace imrs::test
