// Which answers the probes take for right, and when.
#include "health/expectations.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "dns/wire/protocol.h"
#include "tests/support/test_zones.h"

namespace imrs::health {
namespace {

using Octets = std::vector<std::uint8_t>;
using Image = std::shared_ptr<const image::Image>;
constexpr std::uint16_t kId = 4711;

image::ProbeQuestion soa() { return {wire::Name(), wire::rrtype::SOA, true}; }

std::vector<std::uint8_t> answer_of(const Image& image) {
  return image::expected_response(*image, soa(), kId, kProbeUdpSize, false);
}

class ExpectationsTest : public testing::Test {
 protected:
  [[nodiscard]] bool is_right(const Image& image) const {
    return !expectations_.mismatch(soa(), kId, Transport::Udp, answer_of(image));
  }
  Image first_ = test::image_of(test::three_zones(1));
  Image second_ = test::image_of(test::three_zones(2));
  Image third_ = test::image_of(test::three_zones(3));
  Expectations expectations_;
};

TEST_F(ExpectationsTest, NothingIsExpectedBeforeThereIsAnImage) {
  EXPECT_FALSE(expectations_.ready());
  expectations_.publish(first_);
  EXPECT_TRUE(expectations_.ready());
}

TEST_F(ExpectationsTest, DuringASwapBothAreRightAndAfterItOnlyTheNewOne) {
  expectations_.publish(first_);
  EXPECT_TRUE(is_right(first_));
  EXPECT_FALSE(is_right(second_));
  expectations_.publish(second_);
  EXPECT_TRUE(is_right(first_));
  EXPECT_TRUE(is_right(second_));
  EXPECT_FALSE(is_right(third_));
  expectations_.settle();
  EXPECT_FALSE(is_right(first_));
  EXPECT_TRUE(is_right(second_));
}

TEST_F(ExpectationsTest, ARefusedImageIsTakenBack) {
  expectations_.publish(first_);
  expectations_.settle();
  expectations_.publish(second_);
  expectations_.take_back();
  EXPECT_TRUE(is_right(first_));
  EXPECT_FALSE(is_right(second_));
}

TEST_F(ExpectationsTest, EveryOctetCounts) {
  expectations_.publish(first_);
  const auto right = answer_of(first_);
  for (std::size_t i = 0; i < right.size(); ++i) {
    auto response = right;
    response[i] ^= 0x20;
    EXPECT_TRUE(expectations_.mismatch(soa(), kId, Transport::Udp, response)) << "octet " << i;
  }
  auto shorter = right;
  shorter.pop_back();
  EXPECT_TRUE(expectations_.mismatch(soa(), kId, Transport::Udp, shorter));
  EXPECT_TRUE(expectations_.mismatch(soa(), kId, Transport::Udp, {}));
}

TEST_F(ExpectationsTest, AMismatchIsDescribed) {
  expectations_.publish(first_);
  const auto wrong = expectations_.mismatch(soa(), kId, Transport::Udp, answer_of(second_));
  ASSERT_TRUE(wrong);
  EXPECT_NE(wrong->find(". type 6"), std::string::npos) << *wrong;
  EXPECT_NE(wrong->find("first difference at octet"), std::string::npos) << *wrong;
}

// Quick ones in between do not disturb the walk through every question of the image.
TEST_F(ExpectationsTest, QuestionsGoRound) {
  expectations_.publish(first_);
  std::set<std::string> deep;
  const std::size_t count = image::question_count(*first_);
  for (std::size_t i = 0; i < 2 * count; ++i) {
    const auto question = expectations_.next_question(i % 2 != 0);
    if (i % 2 == 0) {
      EXPECT_TRUE(question.name.is_root());
      EXPECT_EQ(question.type, wire::rrtype::SOA);
    } else {
      deep.insert(question.name.text() + "/" + std::to_string(question.type) +
                  (question.dnssec_ok ? "+" : "-"));
    }
  }
  std::set<std::string> all;
  for (std::size_t i = 0; i < count; ++i) {
    const auto question = image::question_at(*first_, i);
    all.insert(question.name.text() + "/" + std::to_string(question.type) + (question.dnssec_ok ? "+" : "-"));
  }
  EXPECT_EQ(deep, all);
}

// What is said of an expired zone is not asked for, and not judged if it is on its way.
TEST_F(ExpectationsTest, ExpiredZonesAreLeftOut) {
  expectations_.publish(first_);
  const auto zones = first_->zones();
  const auto arpa = std::ranges::find(zones, "arpa.", &image::ZoneSummary::origin) - zones.begin();
  const image::ProbeQuestion in_arpa{wire::Name::parse("arpa.").value(), wire::rrtype::NS, true};
  const Octets servfail(12);
  EXPECT_TRUE(expectations_.mismatch(in_arpa, kId, Transport::Udp, servfail));
  expectations_.set_expired(1U << arpa);
  EXPECT_FALSE(expectations_.mismatch(in_arpa, kId, Transport::Udp, servfail));
  EXPECT_TRUE(expectations_.mismatch(soa(), kId, Transport::Udp, servfail)) << "the root is judged as ever";
  const auto arpa_name = in_arpa.name;
  for (std::size_t i = 0; i < image::question_count(*first_); ++i) {
    const auto question = expectations_.next_question(true);
    const bool inside = question.name.is_within(arpa_name) && question.type != wire::rrtype::DS;
    EXPECT_FALSE(inside) << question.name.text() << " type " << question.type;
  }
  expectations_.set_expired(0);
  EXPECT_TRUE(expectations_.mismatch(in_arpa, kId, Transport::Udp, servfail));
}

}  // namespace
}  // namespace imrs::health
