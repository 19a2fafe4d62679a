// The control socket's language, and what stands.
#include "agent/orders.h"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

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

TEST(Orders, WhatStandsComesBack) {
  const StandingOrders orders{
      .overlaid = {{"host4", Overlay::Drain, "new disks"}, {"host6", Overlay::Withdraw, ""}},
      .waived = {{SharedCheck::SignatureDates, 1'800'000'000}}};
  const auto back = parse_standing_orders(to_json(orders));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, orders);
  for (const char* bad : {"", "[]", R"({"overlaid": [{"neighbour": "a", "order": "fly"}], "waived": []})",
                          R"({"overlaid": [], "waived": [{"check": "x", "until": 1}]})"}) {
    EXPECT_FALSE(parse_standing_orders(bad)) << bad;
  }
}

TEST(Orders, AreReadFromTheStateDirectory) {
  std::string name = (std::filesystem::temp_directory_path() / "imrs-orders-XXXXXX").string();
  const std::string directory = ::mkdtemp(name.data());
  EXPECT_EQ(*read_standing_orders(directory), StandingOrders());
  EXPECT_EQ(*read_standing_orders(""), StandingOrders());
  const StandingOrders orders{.overlaid = {{"host4", Overlay::Drain, "new disks"}}, .waived = {}};
  std::ofstream(directory + "/orders.json") << to_json(orders);
  EXPECT_EQ(*read_standing_orders(directory), orders);
  std::ofstream(directory + "/orders.json") << "{";
  EXPECT_THAT(read_standing_orders(directory).error().message, HasSubstr("orders.json: not standing orders"));
  std::filesystem::remove_all(directory);
}

TEST(HistoryMemory, IsBounded) {
  History history;
  for (std::size_t i = 0; i < History::kMost + 3; ++i) history.add("order", std::to_string(i));
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
