// The file of an instance and day: what is written is what is read, and what cannot be right is refused by
// the name of its member.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/agent/rssac002/days.h"

namespace imrs::rssac002 {
namespace {

using test::volume;
using testing::ElementsAre;
using testing::HasSubstr;
using Json = nlohmann::json;

Json json_of(const Day& day) { return Json::parse(to_json(day)); }

TEST(DayJson, RoundTrip) {
  Day day = test::full_day("aa01.ams", 3);
  day.instances = {"aa01.ams", "aa02.ams"};
  day.load_seconds[4'294'967'295] = {0, 4'294'967'295, 7};
  day.zone_octets[0] = 5'000'000'000;
  volume(day, Transport::Tcp, Family::V6).queries = ~std::uint64_t{0};
  const auto back = day_from_json(to_json(day));
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(back->service, day.service);
  EXPECT_EQ(back->prefix, day.prefix);
  EXPECT_EQ(back->day, day.day);
  EXPECT_EQ(back->instances, day.instances);
  EXPECT_EQ(back->volumes, day.volumes);
  EXPECT_EQ(back->sources.ipv4, day.sources.ipv4);
  EXPECT_EQ(back->sources.ipv6, day.sources.ipv6);
  EXPECT_EQ(back->sources.ipv6_aggregate, day.sources.ipv6_aggregate);
  EXPECT_EQ(back->source_key_id, day.source_key_id);
  EXPECT_EQ(back->load_seconds, day.load_seconds);
  EXPECT_EQ(back->zone_octets, day.zone_octets);
  EXPECT_EQ(to_json(*back), to_json(day));
}

TEST(DayJson, RoundTripOfNothing) {
  const auto back = day_from_json(to_json(test::empty_day("one")));
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(to_json(*back), to_json(test::empty_day("one")));
  EXPECT_EQ(back->volumes, Volumes{});
  EXPECT_EQ(back->sources.ipv4, counts::Sketch());
}

TEST(DayJson, RoundTripOfTheHighestRegisters) {
  Day day = test::empty_day("one");
  std::vector<std::uint8_t> registers(counts::kRegisters);
  for (std::size_t i = 0; i < registers.size(); ++i) {
    registers[i] = static_cast<std::uint8_t>(i % (counts::kMaxRank + 1));
  }
  day.sources.ipv6 = counts::Sketch(registers);
  const auto back = day_from_json(to_json(day));
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(back->sources.ipv6, day.sources.ipv6);
}

// Other instances read it: what stands there under which name must stay.
TEST(DayJson, Form) {
  Day day = test::empty_day("aa01.ams");
  volume(day, Transport::Udp, Family::V6).rcodes[3] = 7;
  volume(day, Transport::Tcp, Family::V4).response_sizes[256] = 8;
  day.sources.ipv4 = counts::Sketch([] {
    std::vector<std::uint8_t> registers(counts::kRegisters);
    registers[1] = 1;
    registers[2] = counts::kMaxRank;
    return registers;
  }());
  day.load_seconds[2022060100] = {5};
  const Json json = json_of(day);
  EXPECT_EQ(json["format"], "imrs-rssac002-day");
  EXPECT_EQ(json["version"], 1);
  EXPECT_EQ(json["day"], "20220601");
  EXPECT_EQ(json["instances"], Json::array({"aa01.ams"}));
  EXPECT_EQ(json["traffic"]["udp-ipv6"]["rcodes"], Json({{"3", 7}}));
  EXPECT_EQ(json["traffic"]["tcp-ipv4"]["response_sizes"], Json({{"256", 8}}));
  EXPECT_EQ(json["traffic"]["tcp-ipv6"]["request_sizes"], Json::object());
  EXPECT_EQ(json["sources"]["ipv4"].get<std::string>().substr(0, 4), "01`0");
  EXPECT_EQ(json["load_seconds"], Json({{"2022060100", {5}}}));
}

TEST(DayJson, RefusesTextThatIsNoJson) {
  const std::string text = to_json(test::full_day("one"));
  const std::string cut = text.substr(0, text.size() / 2), twice = text + text;
  for (const std::string_view broken :
       {std::string_view(), std::string_view("{"), std::string_view("[]"), std::string_view("null"),
        std::string_view("7"), std::string_view("{}"), std::string_view(cut), std::string_view(twice)}) {
    const auto day = day_from_json(broken);
    ASSERT_FALSE(day.ok()) << broken.substr(0, 20);
    EXPECT_EQ(day.error().code, Errc::InvalidInput);
    EXPECT_FALSE(day.error().message.empty());
  }
}

TEST(DayJson, RefusesWithoutAMemberByItsName) {
  const Json whole = json_of(test::full_day("one"));
  for (const auto& [member, value] : whole.items()) {
    Json json = whole;
    json.erase(member);
    const auto day = day_from_json(json.dump());
    ASSERT_FALSE(day.ok()) << member;
    EXPECT_THAT(day.error().message, HasSubstr(member));
  }
  for (const char* parent : {"/traffic", "/sources", "/traffic/udp-ipv4"}) {
    for (const auto& [member, value] : whole[Json::json_pointer(parent)].items()) {
      Json json = whole;
      json[Json::json_pointer(parent)].erase(member);
      const auto day = day_from_json(json.dump());
      ASSERT_FALSE(day.ok()) << parent << "/" << member;
      EXPECT_THAT(day.error().message, HasSubstr(member));
    }
  }
}

struct Case {
  const char* description;
  const char* where;
  Json value;
  const char* member;  // must be in the message
};

void expect_refused(const std::vector<Case>& cases) {
  const Json whole = json_of(test::full_day("one"));
  for (const Case& c : cases) {
    SCOPED_TRACE(c.description);
    Json json = whole;
    json[Json::json_pointer(c.where)] = c.value;
    const auto day = day_from_json(json.dump());
    EXPECT_FALSE(day.ok());
    if (day.ok()) continue;
    EXPECT_EQ(day.error().code, Errc::InvalidInput);
    EXPECT_THAT(day.error().message, HasSubstr(c.member));
  }
}

TEST(DayJson, RefusesAnotherFormatVersionOrDay) {
  expect_refused({{"other format", "/format", "imrs-rssac002-week", "format"},
                  {"next version", "/version", 2, "version"},
                  {"version before", "/version", 0, "version"},
                  {"version as text", "/version", "1", "version"},
                  {"no date", "/day", "20220631", "day: 20220631"},
                  {"date with dashes", "/day", "2022-06-01", "day: 2022-06-01"}});
}

TEST(DayJson, RefusesWrongRegistersByTheirName) {
  using counts::kRegisters;
  const std::string zeros(kRegisters, '0');
  std::string too_high = zeros, too_low = zeros, above_ascii = zeros;
  too_high[kRegisters - 1] = static_cast<char>('0' + counts::kMaxRank + 1);
  too_low[0] = '/';
  above_ascii.replace(0, 2, "\xC3\xBF");
  for (const std::string name : {"ipv4", "ipv6", "ipv6_aggregate"}) {
    const std::string where = "/sources/" + name, want = "sources." + name + ":";
    expect_refused({{"none", where.c_str(), "", want.c_str()},
                    {"one too few", where.c_str(), zeros.substr(1), want.c_str()},
                    {"one too many", where.c_str(), zeros + "0", want.c_str()},
                    {"a rank too high", where.c_str(), too_high, want.c_str()},
                    {"below 0", where.c_str(), too_low, want.c_str()},
                    {"not ASCII", where.c_str(), above_ascii, want.c_str()}});
  }
}

TEST(DayJson, RefusesValuesOfAnotherTypeByTheirName) {
  expect_refused({{"text", "/traffic/udp-ipv4/queries", "7", "queries"},
                  {"a list of numbers", "/instances", {1, 2}, "instances"},
                  {"text for a list", "/instances", "one", "instances"},
                  {"a number", "/service", 5, "service"},
                  {"a number", "/prefix", 5, "prefix"},
                  {"a list", "/traffic/udp-ipv4", Json::array(), "udp-ipv4"},
                  {"null", "/sources/key_id", nullptr, "key_id"},
                  {"a number", "/sources/ipv4", 0, "ipv4"},
                  {"one number for many", "/load_seconds/2022060100", 5, "load_seconds"},
                  {"text", "/zone_octets/2022060100", "5", "zone_octets"},
                  {"text among counts", "/traffic/tcp-ipv6/rcodes/3", "x", "rcodes"}});
}

TEST(DayJson, RefusesNumbersThatAreNoCountsByTheirName) {
  expect_refused({{"negative", "/traffic/udp-ipv4/queries", -1, "queries"},
                  {"a fraction", "/traffic/udp-ipv4/responses", 1.5, "responses"},
                  {"negative in a bin", "/traffic/tcp-ipv4/request_sizes/3", -5, "request_sizes"},
                  {"negative octets", "/zone_octets/2022060100", -1, "zone_octets"},
                  {"negative seconds", "/load_seconds/2022060100", {-1}, "load_seconds"},
                  {"too many seconds", "/load_seconds/2022060100", {4'294'967'296}, "load_seconds"}});
}

TEST(DayJson, RefusesBinsAndSerialsThatAreNoneByTheirName) {
  expect_refused({{"an rcode behind the last", "/traffic/udp-ipv4/rcodes/25", 1, "rcodes"},
                  {"a bin behind the last", "/traffic/udp-ipv4/request_sizes/19", 1, "request_sizes"},
                  {"a bin behind the last", "/traffic/udp-ipv4/response_sizes/257", 1, "response_sizes"},
                  {"no number", "/traffic/udp-ipv4/rcodes/NOERROR", 1, "rcodes"},
                  {"a number and more", "/traffic/udp-ipv4/rcodes/3x", 1, "rcodes"},
                  {"a blank before it", "/traffic/udp-ipv4/rcodes/ 3", 1, "rcodes"},
                  {"no serial", "/zone_octets/soa", 1, "zone_octets"},
                  {"a serial and more", "/zone_octets/1x", 1, "zone_octets"},
                  {"a negative serial", "/zone_octets/-1", 1, "zone_octets"},
                  {"a serial of 33 bits", "/load_seconds/4294967296", {1}, "load_seconds"}});
}

// They become part of a path.
TEST(DayJson, RefusesAPrefixThatLeadsElsewhere) {
  expect_refused({{"up", "/prefix", "../../l-root", "prefix"},
                  {"down", "/prefix", "a/b", "prefix"},
                  {"nothing", "/prefix", "", "prefix"}});
}

TEST(DayJson, RefusesADayOfNobody) {
  expect_refused({{"no instance", "/instances", Json::array(), "instances"}});
}

}  // namespace
}  // namespace imrs::rssac002
