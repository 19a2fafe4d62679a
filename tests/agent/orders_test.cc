// The control socket's language, and what stands.
#include "agent/orders.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "agent/history.h"

namespace imrs::agent {
namespace {

using health::Overlay;
using testing::HasSubstr;

TEST(Orders, AreUnderstood) {
  EXPECT_EQ(parse_request("status")->kind, Request::Kind::Status);
  EXPECT_EQ(parse_request("history")->kind, Request::Kind::History);
  const auto drain = parse_request(
      R"({"do": "drain", "family": "ipv6", "neighbour": "host6", "reason": "new disks"})");
  ASSERT_TRUE(drain);
  EXPECT_EQ(drain->kind, Request::Kind::Overlay);
  EXPECT_EQ(drain->overlay, Overlay::Drain);
  EXPECT_EQ(drain->family, Family::V6);
  EXPECT_EQ(drain->neighbour, "host6");
  EXPECT_EQ(drain->reason, "new disks");
  EXPECT_EQ(parse_request(R"({"do": "withdraw"})")->overlay, Overlay::Withdraw);
  EXPECT_EQ(parse_request(R"({"do": "resume"})")->overlay, Overlay::None);
  const auto waive = parse_request(R"({"do": "waive", "check": "soa-expire", "until": 1800000000})");
  ASSERT_TRUE(waive);
  EXPECT_EQ(waive->kind, Request::Kind::Waive);
  EXPECT_EQ(waive->until, 1'800'000'000);
  EXPECT_EQ(parse_request(R"({"do": "end-waiver", "check": "signature-dates"})")->kind,
            Request::Kind::EndWaiver);
}

TEST(Orders, AreRefusedWithWhatIsWrong) {
  const struct {
    const char* line;
    const char* want;
  } cases[] = {
      {"", "unknown request"},
      {"statu", "unknown request"},
      {"{", "not a request"},
      {"{}", "not a request"},
      {R"({"do": 1})", "not a request"},
      {R"({"do": "fly"})", "unknown request \"fly\""},
      {R"({"do": "drain", "family": "ipx"})", "\"ipx\" is no address family"},
      {R"({"do": "drain", "family": 4})", "not a request"},
      {R"({"do": "waive", "check": "truth", "until": 1})",
       "no shared check \"truth\"; it may be soa-expire or"},
      {R"({"do": "waive", "check": "soa-expire"})", "not a request"},
  };
  for (const auto& c : cases) {
    const auto got = parse_request(c.line);
    ASSERT_FALSE(got) << c.line;
    EXPECT_THAT(got.error().message, HasSubstr(c.want)) << c.line;
  }
  const std::string longest(101, 'x');
  EXPECT_FALSE(parse_request(R"({"do": "drain", "reason": ")" + longest + "\"}"));
}

TEST(Orders, TheAnswerSaysWhatStandsAndNotWhereItIsKept) {
  const StandingOrders orders{
      .start = "a1b2", .number = 3, .overlaid = {{"host4", "drain", "new disks"}}, .waived = {}};
  const auto answer = nlohmann::json::parse(done_json("done", orders));
  EXPECT_EQ(answer.size(), 2U);
  EXPECT_EQ(answer.at("text"), "done");
  EXPECT_EQ(*parse_standing_orders(answer.at("stands").get<std::string>()), orders);
  EXPECT_EQ(done_json("begun"), R"({"text":"begun"})");
}

TEST(Orders, EachStartHasItsOwnWord) {
  const std::string one = new_start();
  EXPECT_EQ(one.size(), 16U);
  EXPECT_NE(one, new_start());
}

TEST(HistoryMemory, IsBounded) {
  History history;
  for (std::size_t i = 0; i < History::kMost + 3; ++i) history.add(Topic::Order, std::to_string(i));
  const auto all = history.all();
  ASSERT_EQ(all.size(), History::kMost);
  EXPECT_EQ(all.front().text, "3");
  EXPECT_EQ(all.back().text, std::to_string(History::kMost + 2));
  const auto newest = history.newest(2);
  ASSERT_EQ(newest.size(), 2U);
  EXPECT_EQ(newest[0].text, std::to_string(History::kMost + 1));
}

}  // namespace
}  // namespace imrs::agent
