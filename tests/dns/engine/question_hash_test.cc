// One question, one hash; and what is not a question has one too.
#include "dns/engine/question_hash.h"

#include <gmock/gmock.h>

#include "tests/support/answers.h"

namespace imrs::test {
namespace {

using engine::question_hash;

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
