// The way of an image through its audit, with this test playing launcher and auditor at the other ends of the
// real channels.
#include "agent/audit_link.h"

#include <gmock/gmock.h>

#include <vector>

#include "tests/agent/played_child.h"

namespace imrs::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class AuditLinkTest : public PlayedChild {
 protected:
  AuditLinkTest() : PlayedChild(Program::Audit) {}

  void SetUp() override {
    PlayedChild::SetUp();
    link_ = std::make_unique<AuditLink>(context_.get_executor(), config_, *processes_, clock_);
    link_->start([this](const SharedImage& image) { passed_.push_back(image.image->digest()); }, retry_);
    ASSERT_TRUE(until([this] { return setups_ == 1; }));
  }

  void hear(const Packet& packet) override {
    if (packet.as<AuditSetup>()) setups_ += packet.fds.size() == 1 ? 1 : 0;
    const auto request = packet.as<AuditRequest>();
    if (!request) return;
    EXPECT_GT(setups_, 0) << "a request before the setup";
    ASSERT_EQ(packet.fds.size(), 2U) << "the image and its zones' records";
    const auto image = image::Image::map(packet.fds[0].get());
    ASSERT_TRUE(image.ok()) << image.error().message;
    EXPECT_EQ((*image)->digest(), request->digest);
    requests_.push_back(request->digest);
  }

  void audit(const SharedImage& image) {
    auto contents = make_sealed_memfd("contents", std::vector<std::uint8_t>(100));
    ASSERT_TRUE(contents.ok());
    link_->audit({image, std::make_shared<UniqueFd>(std::move(*contents))});
  }
  // The auditor is asked for the n-th time.
  bool is_asked(std::size_t count) {
    return until([&] { return requests_.size() >= count; });
  }
  void say(const SharedImage& image, std::uint32_t passed, const char* text = "") {
    AuditVerdict verdict;
    verdict.passed = passed;
    verdict.digest = image.image->digest();
    verdict.text = text;
    ASSERT_TRUE(child_.send_message(verdict).ok());
  }
  bool has_passed(std::size_t count) {
    return until([&] { return passed_.size() >= count; });
  }
  bool is_in_trouble() {
    return until([this] { return !link_->trouble().empty(); });
  }

  const Config config_;
  TrustedClock clock_;
  AuditLink::Retry retry_;
  std::unique_ptr<AuditLink> link_;
  int setups_ = 0;                         // of all auditors
  std::vector<Digest> requests_, passed_;  // in their order
  const SharedImage first_ = shared_image(1), second_ = shared_image(2), third_ = shared_image(3);
  const Digest one_ = first_.image->digest(), two_ = second_.image->digest(), three_ = third_.image->digest();
};

TEST_F(AuditLinkTest, AnImagePassesOnTheVerdictOnIt) {
  audit(first_);
  ASSERT_TRUE(is_asked(1));
  EXPECT_THAT(requests_, ElementsAre(one_));
  EXPECT_THAT(passed_, IsEmpty());
  say(first_, 1);
  ASSERT_TRUE(has_passed(1));
  EXPECT_THAT(passed_, ElementsAre(one_));
  EXPECT_EQ(link_->trouble(), "");
}

// Were it taken, the right one behind it would come too late to change anything.
TEST_F(AuditLinkTest, AVerdictOnAnotherDigestPassesNothing) {
  audit(first_);
  ASSERT_TRUE(is_asked(1));
  say(second_, 1);
  say(first_, 0, "com. A: glue is missing");
  ASSERT_TRUE(is_in_trouble());
  EXPECT_THAT(passed_, IsEmpty());
}

TEST_F(AuditLinkTest, AVerdictOnAnotherDigestFailsNothing) {
  audit(first_);
  ASSERT_TRUE(is_asked(1));
  say(second_, 0, "wrong");
  say(first_, 1);
  ASSERT_TRUE(has_passed(1));
  EXPECT_EQ(link_->trouble(), "");
}

TEST_F(AuditLinkTest, AVerdictWithNothingToJudgePassesNothing) {
  say(first_, 1);
  audit(second_);
  ASSERT_TRUE(is_asked(1));
  say(second_, 1);
  ASSERT_TRUE(has_passed(1));
  EXPECT_THAT(passed_, ElementsAre(two_));
}

// An auditor of another build may say anything; only 1 is "passed".
TEST_F(AuditLinkTest, AnImageThatFailsDoesNotGoLive) {
  std::size_t asked = 0;
  for (const std::uint32_t passed : {0U, 2U, 0xFFFFFFFFU}) {
    SCOPED_TRACE(passed);
    audit(first_);
    ASSERT_TRUE(is_asked(++asked));
    const std::string text = "com. A: glue is missing, " + std::to_string(passed);
    say(first_, passed, text.c_str());
    ASSERT_TRUE(until([&] { return link_->trouble().find(text) != std::string::npos; })) << link_->trouble();
    EXPECT_THAT(passed_, IsEmpty());
  }
}

TEST_F(AuditLinkTest, TheNextImageThatPassesEndsTheTrouble) {
  audit(first_);
  ASSERT_TRUE(is_asked(1));
  say(first_, 0, "wrong");
  ASSERT_TRUE(is_in_trouble());
  audit(second_);
  ASSERT_TRUE(is_asked(2));
  EXPECT_NE(link_->trouble(), "") << "nothing has passed yet";
  say(second_, 1);
  ASSERT_TRUE(has_passed(1));
  EXPECT_THAT(passed_, ElementsAre(two_));
  EXPECT_EQ(link_->trouble(), "");
}

TEST_F(AuditLinkTest, ALateVerdictOnOneGivenUpPassesNothing) {
  audit(first_);
  ASSERT_TRUE(is_asked(1));
  say(first_, 0, "wrong");
  ASSERT_TRUE(is_in_trouble());
  audit(second_);
  ASSERT_TRUE(is_asked(2));
  say(first_, 1);
  say(second_, 1);
  ASSERT_TRUE(has_passed(1));
  EXPECT_THAT(passed_, ElementsAre(two_));
}

TEST_F(AuditLinkTest, AnAuditorThatEndsOnceIsAskedAgain) {
  audit(first_);
  ASSERT_TRUE(is_asked(1));
  die();
  ASSERT_TRUE(is_asked(2));
  EXPECT_EQ(setups_, 2);
  EXPECT_THAT(requests_, ElementsAre(one_, one_));
  EXPECT_EQ(link_->trouble(), "") << "one end may have been chance";
  say(first_, 1);
  ASSERT_TRUE(has_passed(1));
  EXPECT_THAT(passed_, ElementsAre(one_));
}

TEST_F(AuditLinkTest, AnImageTheAuditorEndsTwiceWithIsGivenUp) {
  audit(first_);
  ASSERT_TRUE(is_asked(1));
  die();
  ASSERT_TRUE(is_asked(2));
  die();
  ASSERT_TRUE(is_in_trouble());
  EXPECT_THAT(link_->trouble(), HasSubstr("the auditor has ended twice with it"));
  ASSERT_TRUE(until([this] { return setups_ == 3; }));
  say(first_, 1);  // from the third, which was not asked
  audit(second_);
  ASSERT_TRUE(is_asked(3));
  EXPECT_THAT(requests_, ElementsAre(one_, one_, two_));
  die();  // the ends of the first do not count for this one
  ASSERT_TRUE(is_asked(4));
  say(second_, 1);
  ASSERT_TRUE(has_passed(1));
  EXPECT_THAT(passed_, ElementsAre(two_));
  EXPECT_EQ(link_->trouble(), "");
}

TEST_F(AuditLinkTest, OfThoseThatComeBeforeTheAuditorIsAskedOnlyTheNewestIsAudited) {
  end_child();
  context_.run_for(std::chrono::milliseconds(5));
  audit(first_);
  audit(second_);
  ASSERT_TRUE(is_asked(1));
  say(second_, 1);
  ASSERT_TRUE(has_passed(1));
  EXPECT_THAT(requests_, ElementsAre(two_));
}

TEST_F(AuditLinkTest, OfThoseThatComeDuringAnAuditOnlyTheNewestFollows) {
  for (const std::uint32_t passed : {1U, 0U}) {
    SCOPED_TRACE(passed);
    requests_.clear();
    passed_.clear();
    audit(first_);
    ASSERT_TRUE(is_asked(1));
    audit(second_);
    audit(third_);
    int turns = 0;
    ASSERT_TRUE(until([&] { return ++turns > 10; }));
    EXPECT_THAT(requests_, ElementsAre(one_)) << "asked before the verdict";
    say(first_, passed, "wrong");
    ASSERT_TRUE(is_asked(2));
    say(third_, 1);
    ASSERT_TRUE(has_passed(passed + 1));
    EXPECT_THAT(requests_, ElementsAre(one_, three_));
    EXPECT_EQ(passed_.back(), three_);
  }
}

class AuditedAnew : public AuditLinkTest {
 protected:
  AuditedAnew() { retry_ = {std::chrono::milliseconds(250), std::chrono::milliseconds(500)}; }

  // Two auditors end while they audit the newest one, which they are asked about from the n-th time on.
  void ends_twice(std::size_t asked) {
    ASSERT_TRUE(is_asked(asked));
    die();
    ASSERT_TRUE(is_asked(asked + 1));
    given_up_at_ = std::chrono::steady_clock::now();
    die();
    ASSERT_TRUE(is_in_trouble());
  }
  bool nobody_is_asked() { return nobody_is_asked_until(Clock::now() + retry_.later + retry_.first); }
  bool nobody_is_asked_until(Clock::time_point end) {
    const std::size_t before = requests_.size();
    EXPECT_TRUE(until([&] { return Clock::now() >= end; }));
    return requests_.size() == before;
  }

  std::chrono::steady_clock::time_point given_up_at_;
};

TEST_F(AuditedAnew, OneThatTheAuditorEndedWithSoonAndThenMoreRarely) {
  audit(first_);
  ends_twice(1);
  ends_twice(3);
  ASSERT_TRUE(is_asked(5));
  EXPECT_GE(std::chrono::steady_clock::now() - given_up_at_, retry_.later);
  say(first_, 1);
  ASSERT_TRUE(has_passed(1));
  EXPECT_THAT(passed_, ElementsAre(one_));
  EXPECT_EQ(link_->trouble(), "");
  EXPECT_TRUE(nobody_is_asked());
}

TEST_F(AuditedAnew, ButNotOneThatHasFailed) {
  audit(first_);
  ASSERT_TRUE(is_asked(1));
  say(first_, 0, "wrong");
  ASSERT_TRUE(is_in_trouble());
  EXPECT_TRUE(nobody_is_asked());
}

// The newer one has to come before the first is audited anew, also on a busy machine.
class AuditedAnewLater : public AuditedAnew {
 protected:
  AuditedAnewLater() { retry_ = {std::chrono::seconds(2), std::chrono::seconds(4)}; }
};

TEST_F(AuditedAnewLater, AndNotWhenANewerOneHasCome) {
  audit(first_);
  ends_twice(1);
  audit(second_);
  ASSERT_TRUE(is_asked(3));
  say(second_, 0, "wrong");
  EXPECT_TRUE(nobody_is_asked_until(Clock::now() + retry_.first + std::chrono::milliseconds(100)));
  EXPECT_THAT(requests_, ElementsAre(one_, one_, two_));
}

TEST_F(AuditLinkTest, AnAuditorThatSendsWhatItMayNotIsKilled) {
  const std::vector<std::vector<std::uint8_t>> messages{
      {1, 2, 3, 4, 5, 6, 7, 8}, {0x11, 0x41, 0, 0},  // a verdict's type, and no more
  };
  for (const auto& message : messages) {
    ASSERT_TRUE(child_.send(message).ok());
    ASSERT_TRUE(until([this] { return killed_ == pid_; }));
    die();
  }
}

}  // namespace
}  // namespace imrs::agent
