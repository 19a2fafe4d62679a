// What the agent's probes expect is what the responder says, octet for octet.
#include "dns/image/expected.h"

#include <gmock/gmock.h>

#include "dns/wire/protocol.h"
#include "tests/support/answers.h"
#include "tests/support/test_zones.h"

namespace imrs::image {
namespace {

constexpr std::uint16_t kSizes[] = {0, 512, 700, 1232, 4096};

TEST(Expected, EqualsTheResponderForEveryQuestion) {
  const auto image = test::image_of(test::three_zones());
  ASSERT_GT(question_count(*image), 20U);
  for (std::size_t i = 0; i < question_count(*image); ++i) {
    const ProbeQuestion question = question_at(*image, i);
    for (const std::uint16_t size : kSizes) {
      const auto query = make_query(question, 0xBEEF, size);
      for (const Transport transport : kTransports) {
        const bool tcp = transport == Transport::Tcp;
        EXPECT_EQ(test::to_hex(expected_response(*image, question, 0xBEEF, size, tcp)),
                  test::to_hex(test::response_to(*image, query, transport)))
            << question.name.text() << " " << question.type << " size " << size;
      }
    }
  }
}

TEST(Expected, QuestionsCoverEveryKind) {
  const auto image = test::image_of(test::three_zones());
  std::map<std::string, int> seen;
  for (std::size_t i = 0; i < question_count(*image); ++i) {
    const auto query = make_query(question_at(*image, i), 1, 1232);
    ++seen[test::read_response(test::response_to(*image, query)).status()];
  }
  EXPECT_GT(seen["NOERROR aa"], 0);
  EXPECT_GT(seen["NOERROR"], 0);
  EXPECT_GT(seen["NXDOMAIN aa"], 0);
  EXPECT_EQ(seen.size(), 3U);
}

TEST(Expected, IndexGoesRoundAndRound) {
  const auto image = test::image_of(test::three_zones());
  const std::size_t count = question_count(*image);
  EXPECT_EQ(question_at(*image, 3).name, question_at(*image, count + 3).name);
  EXPECT_EQ(question_at(*image, 0).type, wire::rrtype::SOA);
}

TEST(Expected, OfANameOutsideTheZonesIsRefused) {
  const auto image = test::image_of({test::three_zones()[1]});
  const ProbeQuestion question{wire::Name::parse("com.").value(), 1, true};
  EXPECT_EQ(expected_response(*image, question, 9, 1232, false),
            test::response_to(*image, make_query(question, 9, 1232)));
}

}  // namespace
}  // namespace imrs::image
