// What the recorder counts of a query and its response: what is wanted and nothing else.
#include "dns/engine/recorder.h"

#include <gmock/gmock.h>

#include <map>

#include "dns/wire/bytes.h"
#include "dns/wire/protocol.h"
#include "tests/dns/engine/recording.h"
#include "tests/support/answers.h"

namespace imrs::test {
namespace {

using answer::CookieState;
using answer::Outcome;

// A whole query whose parts do not matter, and the response to it.
Octets plain_query(std::uint16_t flags = 0) {
  return query_octets({.name = "www.example.", .udp_size = -1, .flags = flags});
}
constexpr std::uint16_t kQuestionEnd = 12 + 13 + 4;

Outcome answered(std::size_t size = 100) {
  Outcome outcome;
  outcome.size = size;
  outcome.qtype = 1;
  outcome.question_end = kQuestionEnd;
  return outcome;
}

template <typename Change>
Outcome answered_with(Change change) {
  Outcome outcome = answered();
  change(outcome);
  return outcome;
}

// What every such query counts besides what a case is about.
const SeenCounters kPlain{
    {"queries", 1},   {"query_bytes", kQuestionEnd}, {"query_sizes 1", 1},    {"opcode 0", 1}, {"type 1", 1},
    {"responses", 1}, {"response_bytes", 100},       {"response_sizes 6", 1}, {"rcode 0", 1}};

SeenCounters plain_and(const SeenCounters& more) {
  SeenCounters out = kPlain;
  for (const auto& [name, value] : more) out[name] = value;
  return out;
}

SeenCounters plain_with(const std::string& left_out, const SeenCounters& more) {
  SeenCounters out = plain_and(more);
  out.erase(left_out);
  return out;
}

std::string attribute(QueryAttribute which) {
  return "attribute " + std::to_string(static_cast<std::size_t>(which));
}

struct Case {
  const char* description;
  Octets query;
  Outcome outcome;
  SeenCounters want;
  bool limited = false;
};

void expect_counts(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    Recording recording;
    recording.note(c.query, c.outcome, c.limited);
    EXPECT_EQ(seen_in(recording.counters()), c.want) << c.description;
  }
}

TEST(Recorder, AttributesOfTheHeaderAndOfEdns) {
  using enum QueryAttribute;
  const auto edns = [](bool other, bool dnssec_ok) {
    return answered_with([=](Outcome& o) {
      o.edns = true;
      o.edns_other_version = other;
      o.dnssec_ok = dnssec_ok;
    });
  };
  expect_counts({
      {"nothing", plain_query(), answered(), kPlain},
      {"RD", plain_query(wire::flag::RD), answered(), plain_and({{attribute(RecursionDesired), 1}})},
      {"CD", plain_query(wire::flag::CD), answered(), plain_and({{attribute(CheckingDisabled), 1}})},
      {"AD", plain_query(wire::flag::AD), answered(), plain_and({{attribute(AuthenticData), 1}})},
      {"all three", plain_query(0x0130), answered(),
       plain_and({{attribute(RecursionDesired), 1},
                  {attribute(CheckingDisabled), 1},
                  {attribute(AuthenticData), 1}})},
      {"flags that are not counted", plain_query(0x06C0), answered(), kPlain},
      {"EDNS", plain_query(), edns(false, false), plain_and({{attribute(Edns), 1}})},
      {"EDNS and DO", plain_query(), edns(false, true),
       plain_and({{attribute(Edns), 1}, {attribute(DnssecOk), 1}})},
      {"EDNS of another version", plain_query(), edns(true, false),
       plain_and({{attribute(Edns), 1}, {attribute(EdnsOtherVersion), 1}})},
  });
}

TEST(Recorder, Cookies) {
  using enum QueryAttribute;
  const auto with = [](CookieState state) { return answered_with([=](Outcome& o) { o.cookie = state; }); };
  expect_counts({
      {"none", plain_query(), with(CookieState::None), kPlain},
      {"client", plain_query(), with(CookieState::ClientOnly), plain_and({{attribute(CookieClient), 1}})},
      {"valid", plain_query(), with(CookieState::Valid), plain_and({{attribute(CookieValid), 1}})},
      {"invalid", plain_query(), with(CookieState::Invalid), plain_and({{attribute(CookieInvalid), 1}})},
  });
}

TEST(Recorder, OpcodesAndChaosNames) {
  for (std::uint16_t opcode = 1; opcode < 16; ++opcode) {
    const auto flags = static_cast<std::uint16_t>(opcode << 11);
    const SeenCounters want = plain_with("opcode 0", {{"opcode " + std::to_string(opcode), 1}});
    expect_counts({{"opcode", plain_query(flags), answered(), want}});
  }
  for (std::size_t name = 1; name < kChaosNames; ++name) {
    const Outcome outcome = answered_with([=](Outcome& o) { o.chaos = static_cast<ChaosName>(name); });
    expect_counts({{"chaos", plain_query(), outcome, plain_and({{"chaos " + std::to_string(name), 1}})}});
  }
}

// Too short for a header: nothing is read of it, and there is no octet to read of the last one.
TEST(Recorder, MalformedKinds) {
  const auto kind = [](Malformed what, std::size_t size) {
    Outcome outcome;
    outcome.malformed = what;
    outcome.size = size;
    outcome.rcode = wire::rcode::FormErr;
    return outcome;
  };
  const auto unanswered = [](std::size_t octets, const SeenCounters& more) {
    SeenCounters want{{"queries", 1}, {"query_sizes " + std::to_string(octets / 16), 1}, {"unanswered", 1}};
    if (octets > 0) want["query_bytes"] = octets;
    want.insert(more.begin(), more.end());
    return want;
  };
  const SeenCounters form_error{{"queries", 1},          {"query_bytes", 12}, {"query_sizes 0", 1},
                                {"opcode 0", 1},         {"responses", 1},    {"response_bytes", 12},
                                {"response_sizes 0", 1}, {"rcode 1", 1}};
  const auto form_error_and = [&](const char* what) {
    SeenCounters want = form_error;
    want[what] = 1;
    return want;
  };
  const Octets header(12);
  expect_counts({
      {"empty", {}, kind(Malformed::Short, 0), unanswered(0, {{"malformed 1", 1}})},
      {"11 octets", Octets(11, 0xFF), kind(Malformed::Short, 0), unanswered(11, {{"malformed 1", 1}})},
      {"a response with RD", plain_query(0x8100), kind(Malformed::Response, 0),
       unanswered(kQuestionEnd, {{"malformed 2", 1}, {"opcode 0", 1}, {"attribute 0", 1}})},
      {"not one question", header, kind(Malformed::Count, 12), form_error_and("malformed 3")},
      {"question", header, kind(Malformed::Question, 12), form_error_and("malformed 4")},
      {"records", header, kind(Malformed::Records, 12), form_error_and("malformed 5")},
      {"cookie", header, kind(Malformed::Cookie, 12), form_error_and("malformed 6")},
  });
}

TEST(Recorder, RcodesTruncationAndTheRateLimit) {
  const auto rcode = [](std::uint16_t number) {
    return answered_with([=](Outcome& o) { o.rcode = number; });
  };
  for (std::uint16_t number = 0; number < 24; ++number) {  // 23 is BADCOOKIE
    const SeenCounters want = plain_with("rcode 0", {{"rcode " + std::to_string(number), 1}});
    expect_counts({{"rcode", plain_query(), rcode(number), number == 0 ? kPlain : want}});
  }
  const SeenCounters other = plain_with("rcode 0", {{"rcode 24", 1}});
  const Outcome truncated = answered_with([](Outcome& o) { o.truncated = true; });
  expect_counts({
      {"the first that has no counter of its own", plain_query(), rcode(24), other},
      {"the last one", plain_query(), rcode(4095), other},
      {"TC", plain_query(), truncated, plain_and({{"truncated", 1}})},
      {"TC by the limit", plain_query(), truncated, plain_and({{"truncated", 1}, {"limited", 1}}), true},
  });
}

TEST(Recorder, Types) {
  const std::pair<std::uint16_t, const char*> cases[] = {
      {28, "type 28"},     {255, "type 255"},   {0, "type 0"},      {257, "type 257"},
      {259, "type 259"},   {260, "type 262"},   {261, "type 262"},  {262, "type 262"},
      {32768, "type 260"}, {32769, "type 261"}, {65535, "type 262"}};
  for (const auto& [type, want] : cases) {
    const Outcome outcome = answered_with([type = type](Outcome& o) { o.qtype = type; });
    expect_counts({{want, plain_query(), outcome, plain_with("type 1", {{want, 1}})}});
  }
}

TEST(Recorder, SizeBinsAtTheirEdges) {
  const std::pair<std::size_t, const char*> queries[] = {
      {12, "query_sizes 0"},    {15, "query_sizes 0"},    {16, "query_sizes 1"},   {31, "query_sizes 1"},
      {287, "query_sizes 17"},  {288, "query_sizes 18"},  {303, "query_sizes 18"}, {304, "query_sizes 18"},
      {4096, "query_sizes 18"}, {65535, "query_sizes 18"}};
  for (const auto& [size, want] : queries) {
    Outcome outcome;
    outcome.size = 12;
    expect_counts({{want,
                    Octets(size),
                    outcome,
                    {{"queries", 1},
                     {"query_bytes", size},
                     {want, 1},
                     {"opcode 0", 1},
                     {"responses", 1},
                     {"response_bytes", 12},
                     {"response_sizes 0", 1},
                     {"rcode 0", 1}}}});
  }
  const std::pair<std::size_t, const char*> responses[] = {
      {12, "response_sizes 0"},     {15, "response_sizes 0"},     {16, "response_sizes 1"},
      {287, "response_sizes 17"},   {288, "response_sizes 18"},   {304, "response_sizes 19"},
      {4095, "response_sizes 255"}, {4096, "response_sizes 256"}, {4112, "response_sizes 256"},
      {65535, "response_sizes 256"}};
  for (const auto& [size, want] : responses) {
    expect_counts({{want, plain_query(), answered(size),
                    plain_with("response_sizes 6", {{want, 1}, {"response_bytes", size}})}});
  }
}

TEST(Recorder, IdnLabels) {
  const std::string idn = attribute(QueryAttribute::Idn), long_idn = "xn--" + std::string(59, 'a') + ".";
  const struct {
    const char* description;
    std::string name;
    bool want;
  } cases[] = {{"the last label", "xn--p1ai.", true},
               {"the first label", "xn--80ak6aa92e.com.", true},
               {"in the middle", "www.xn--p1ai.example.", true},
               {"two of them count once", "xn--80a.xn--p1ai.", true},
               {"upper case", "XN--P1AI.", true},
               {"mixed case", "xN--p1ai.", true},
               {"mixed case", "Xn--p1ai.", true},
               {"one octet behind the prefix", "xn--a.", true},
               {"63 octets", long_idn, true},
               {"one hyphen", "xn-p1ai.", false},
               {"another letter", "xm--p1ai.", false},
               {"another letter", "yn--p1ai.", false},
               {"hyphens elsewhere", "x--np1ai.", false},
               {"not at the start", "axn--p1ai.", false},
               {"over two labels", "xn.--p1ai.", false},
               {"too short", "xn-.", false},
               {"one octet", "x.", false},
               {"a control character for each hyphen", "xn\\013\\013p1ai.", false},
               {"plain", "www.example.", false}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.description);
    Recording recording;
    recording.ask(c.name);
    EXPECT_EQ(seen_in(recording.counters()).contains(idn), c.want) << c.name;
  }
  Recording recording;
  recording.ask("xn--80a.xn--p1ai.");
  EXPECT_EQ(seen_in(recording.counters()).at(idn), 1U);
}

// With the responder: its outcomes are what is counted.
TEST(Recorder, WhatTheResponderSays) {
  using enum QueryAttribute;
  const struct {
    const char* description;
    Ask ask;
    SeenCounters want;  // among others
  } cases[] = {
      {"a referral with DO",
       {.name = "alpha.", .dnssec_ok = true},
       {{"rcode 0", 1}, {"type 1", 1}, {attribute(Edns), 1}, {attribute(DnssecOk), 1}}},
      {"a name that is not there", {.name = "nowhere.", .type = 28}, {{"rcode 3", 1}, {"type 28", 1}}},
      {"CHAOS", {.name = "version.bind.", .type = 16, .qclass = 3}, {{"chaos 3", 1}, {"type 16", 1}}},
      {"CHAOS, another name", {.name = "bind.", .type = 16, .qclass = 3}, {{"chaos 5", 1}, {"rcode 5", 1}}},
      {"NOTIFY", {.name = ".", .type = 6, .flags = 0x2000}, {{"opcode 4", 1}, {"rcode 5", 1}}},
      {"UPDATE", {.name = ".", .type = 6, .flags = 0x2800}, {{"opcode 5", 1}, {"rcode 4", 1}}},
      {"too much for 512 octets", {.name = ".", .type = 48, .udp_size = 512}, {{"rcode 0", 1}}},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.description);
    Recording recording;
    recording.respond(query_octets(c.ask));
    const SeenCounters seen = seen_in(recording.counters());
    for (const auto& [name, value] : c.want) {
      ASSERT_TRUE(seen.contains(name)) << name;
      EXPECT_EQ(seen.at(name), value) << name;
    }
  }
}

}  // namespace
}  // namespace imrs::test
