// Secrets of cookies and questions that kill, by a clock of the test's own.
#include "agent/answer_policy.h"

#include <gmock/gmock.h>

#include "dns/wire/question_hash.h"
#include "health/expectations.h"
#include "tests/support/answers.h"

namespace imrs::agent {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::HasSubstr;

const AnswerPolicy::Steady::time_point kStart{hours(1000)};

AnswerPolicy make(const std::vector<std::string>& secrets) {
  auto policy = AnswerPolicy::make(secrets, kStart);
  EXPECT_TRUE(policy.ok());
  return std::move(*policy);
}

TEST(AnswerPolicy, SecretsOfAClusterAreUsedAsTheyAreInTheirOrder) {
  AnswerPolicy policy = make({"00112233445566778899aabbccddeeff", "FF000000000000000000000000000001"});
  const EngineSettings& settings = policy.settings();
  EXPECT_EQ(settings.secret_count, 2U);
  EXPECT_EQ(settings.secrets[0][1], 0x11);
  EXPECT_EQ(settings.secrets[0][15], 0xff);
  EXPECT_EQ(settings.secrets[1][0], 0xff);
  EXPECT_EQ(settings.secrets[1][15], 0x01);
  EXPECT_FALSE(policy.renew(kStart + hours(1000)));
}

TEST(AnswerPolicy, OwnSecretsAreRenewedDailyAndTheOneBeforeIsTaken) {
  AnswerPolicy policy = make({});
  EXPECT_EQ(policy.settings().secret_count, 1U);
  const auto first = policy.settings().secrets[0];
  EXPECT_NE(first, decltype(first){}) << "random";
  EXPECT_NE(first, make({}).settings().secrets[0]);
  EXPECT_FALSE(policy.renew(kStart + hours(24) - seconds(1)));
  EXPECT_TRUE(policy.renew(kStart + hours(24)));
  EXPECT_EQ(policy.settings().secret_count, 2U);
  EXPECT_NE(policy.settings().secrets[0], first);
  EXPECT_EQ(policy.settings().secrets[1], first);
  EXPECT_FALSE(policy.renew(kStart + hours(25)));
  EXPECT_TRUE(policy.renew(kStart + hours(48)));
  EXPECT_NE(policy.settings().secrets[1], first);
  EXPECT_EQ(policy.settings().secret_count, 2U);
}

TEST(AnswerPolicy, AQuestionIsDroppedAfterItsSecondCrash) {
  AnswerPolicy policy = make({});
  std::vector<WorkerPage> pages(3);
  EXPECT_EQ(policy.on_engine_ended(pages, kStart), "") << "nobody's fault";
  pages[1].fatal = 0xabc;
  EXPECT_THAT(policy.on_engine_ended(pages, kStart), HasSubstr("question 0000000000000abc (1. time)"));
  EXPECT_EQ(policy.settings().denied_count, 0U);
  EXPECT_TRUE(policy.alarms().empty());
  pages[1].fatal = 0xdef;
  (void)policy.on_engine_ended(pages, kStart);
  EXPECT_EQ(policy.settings().denied_count, 0U) << "another question";
  pages[1].fatal = 0;
  pages[2].fatal = 0xabc;
  EXPECT_THAT(policy.on_engine_ended(pages, kStart), HasSubstr("dropped from now on"));
  ASSERT_EQ(policy.settings().denied_count, 1U);
  EXPECT_EQ(policy.settings().denied[0], 0xabcU);
  ASSERT_EQ(policy.alarms().size(), 1U);
  EXPECT_THAT(policy.alarms()[0], HasSubstr("0000000000000abc"));
  (void)policy.on_engine_ended(pages, kStart);
  EXPECT_EQ(policy.settings().denied_count, 1U) << "not twice";
}

TEST(AnswerPolicy, OfTooManyTheNewestAreDropped) {
  AnswerPolicy policy = make({});
  std::vector<WorkerPage> pages(1);
  for (std::uint64_t hash = 1; hash <= EngineSettings::kMaxDenied + 3; ++hash) {
    pages[0].fatal = hash;
    for (int i = 0; i < 2; ++i) (void)policy.on_engine_ended(pages, kStart);
  }
  EXPECT_EQ(policy.settings().denied_count, EngineSettings::kMaxDenied);
  EXPECT_EQ(policy.settings().denied[0], 4U);
  EXPECT_EQ(policy.settings().denied[EngineSettings::kMaxDenied - 1], EngineSettings::kMaxDenied + 3);
}

TEST(AnswerPolicy, WhatItRemembersIsBounded) {
  AnswerPolicy policy = make({});
  std::vector<WorkerPage> pages(1);
  for (std::uint64_t hash = 1; hash <= 5000; ++hash) {
    pages[0].fatal = hash;
    (void)policy.on_engine_ended(pages, kStart);
  }
  EXPECT_EQ(policy.settings().denied_count, 0U);
  (void)policy.on_engine_ended(pages, kStart);
  EXPECT_EQ(policy.settings().denied_count, 1U);
}

// One that denies the question 0xabc.
AnswerPolicy denying(std::vector<WorkerPage>& pages) {
  AnswerPolicy policy = make({});
  pages[0].fatal = 0xabc;
  for (int i = 0; i < 2; ++i) (void)policy.on_engine_ended(pages, kStart);
  EXPECT_EQ(policy.settings().denied_count, 1U);
  return policy;
}

// Whoever has found several would have an engine that is down, all of them being tried at once.
TEST(AnswerPolicy, DenialsAreForgottenOneAtATime) {
  std::vector<WorkerPage> pages(1);
  AnswerPolicy policy = make({std::string(32, '0')});
  for (std::uint64_t hash = 1; hash <= 3; ++hash) {
    pages[0].fatal = hash;
    for (int i = 0; i < 2; ++i) (void)policy.on_engine_ended(pages, kStart);
  }
  const auto later = kStart + hours(30);
  EXPECT_TRUE(policy.renew(later));
  EXPECT_EQ(policy.settings().denied_count, 2U);
  EXPECT_EQ(policy.alarms().size(), 2U);
  EXPECT_FALSE(policy.renew(later + AnswerPolicy::kBetweenPardons - seconds(1)));
  EXPECT_TRUE(policy.renew(later + AnswerPolicy::kBetweenPardons));
  ASSERT_EQ(policy.settings().denied_count, 1U);
  EXPECT_EQ(policy.settings().denied[0], 3U);
  pages[0].fatal = 1;
  EXPECT_THAT(policy.on_engine_ended(pages, later), HasSubstr("(1. time)"));
  EXPECT_THAT(policy.on_engine_ended(pages, later), HasSubstr("dropped from now on")) << "it still kills";
}

TEST(AnswerPolicy, ADenialIsForgottenAfterADay) {
  std::vector<WorkerPage> pages(1);
  AnswerPolicy policy = denying(pages);
  EXPECT_FALSE(policy.renew(kStart + hours(24) - seconds(1)));
  EXPECT_EQ(policy.settings().denied_count, 1U);
  EXPECT_TRUE(policy.renew(kStart + hours(24)));
  EXPECT_EQ(policy.settings().denied_count, 0U);
}

TEST(AnswerPolicy, OfSeveralDenialsOnlyTheOldIsForgotten) {
  std::vector<WorkerPage> pages(1);
  AnswerPolicy policy = make({std::string(32, '0')});
  for (const int hour : {0, 1, 2}) {
    pages[0].fatal = std::uint64_t(3 - hour);
    for (int i = 0; i < 2; ++i) (void)policy.on_engine_ended(pages, kStart + hours(hour));
  }
  EXPECT_TRUE(policy.renew(kStart + hours(24)));
  ASSERT_EQ(policy.settings().denied_count, 2U);
  EXPECT_EQ(policy.settings().denied[0], 2U);
  EXPECT_EQ(policy.settings().denied[1], 1U);
}

TEST(AnswerPolicy, TwoCrashesADayApartAreNotTwo) {
  AnswerPolicy policy = make({});
  std::vector<WorkerPage> pages(1);
  pages[0].fatal = 0xabc;
  for (const int hour : {0, 24, 48}) {
    EXPECT_THAT(policy.on_engine_ended(pages, kStart + hours(hour)), HasSubstr("(1. time)")) << hour;
  }
  EXPECT_EQ(policy.settings().denied_count, 0U);
}

TEST(AnswerPolicy, TheQuickProbesQuestionIsNeverDenied) {
  const auto quick = health::Expectations().next_question(false);
  const std::string name = quick.name.text();
  AnswerPolicy policy = make({});
  std::vector<WorkerPage> pages(1);
  pages[0].fatal = wire::question_hash(test::query_octets({.name = name, .type = quick.type}));
  for (int i = 0; i < 5; ++i) {
    EXPECT_THAT(policy.on_engine_ended(pages, kStart), testing::Not(HasSubstr("dropped from now on")));
  }
  EXPECT_EQ(policy.settings().denied_count, 0U);
}

TEST(AnswerPolicy, TheNextAgentDropsTheSame) {
  std::vector<WorkerPage> pages(1);
  const AnswerPolicy policy = denying(pages);
  AnswerPolicy next = AnswerPolicy::remember(policy.memory(), kStart + hours(5));
  ASSERT_EQ(next.settings().denied_count, 1U);
  EXPECT_EQ(next.settings().denied[0], 0xabcU);
  EXPECT_EQ(next.settings().secrets, policy.settings().secrets);
  (void)next.renew(kStart + hours(28));
  EXPECT_EQ(next.settings().denied_count, 1U);
  (void)next.renew(kStart + hours(29));
  EXPECT_EQ(next.settings().denied_count, 0U) << "it has its day anew";
}

}  // namespace
}  // namespace imrs::agent
