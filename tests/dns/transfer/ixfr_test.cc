// The reader of incremental transfers: every kind of response in every cut, and every way a primary can be
// wrong.
#include "dns/transfer/ixfr.h"

#include <gmock/gmock.h>

#include "tests/dns/transfer/messages.h"

namespace imrs::transfer {
namespace {

using namespace test;
using testing::HasSubstr;
using wire::rrtype::IXFR;

Octets ixfr_message(std::vector<Octets> answers) {
  return message({.type = IXFR, .answers = std::move(answers)});
}

IxfrReader reader_at(std::uint32_t serial, std::size_t max_size = kMaxTransferSize) {
  return {name("example."), kId, soa_rdata(serial), max_size};
}

Result<void> feed_all(IxfrReader& reader, const Octets& stream, std::size_t piece) {
  for (std::size_t at = 0; at < stream.size(); at += piece) {
    const Bytes part = Bytes(stream).subspan(at, std::min(piece, stream.size() - at));
    if (auto fed = reader.feed(part); !fed) return fed;
  }
  return {};
}

// "-SOA 1 -a.example. | +SOA 2": what was read, in short.
std::string text(const std::vector<zone::ZoneRecord>& records, char sign) {
  std::string out;
  for (const zone::ZoneRecord& record : records) {
    const bool is_soa = record.type == wire::rrtype::SOA;
    out += std::string(1, sign) +
           (is_soa ? "SOA" + std::to_string(*soa_serial(record.rdata)) : record.owner.text()) + " ";
  }
  return out;
}

std::string text(const IxfrResponse& response) {
  if (std::holds_alternative<UpToDate>(response)) return "up to date";
  if (const auto* zone = std::get_if<zone::Zone>(&response)) {
    return "zone of " + std::to_string(zone->nodes.size());
  }
  std::string out;
  for (const zone::Change& step : std::get<Differences>(response)) {
    out += text(step.removed, '-') + text(step.added, '+');
  }
  return out;
}

struct Case {
  const char* description;
  std::vector<Octets> messages;
  const char* want;
};

// From serial 1.
const std::vector<Case>& good_cases() {
  static const std::vector<Case> cases{
      {"one step",
       {ixfr_message({soa(2), soa(1), a("x.example.", 1), soa(2), a("y.example.", 1), soa(2)})},
       "-SOA1 -x.example. +SOA2 +y.example. "},
      {"nothing but the serial", {ixfr_message({soa(2), soa(1), soa(2), soa(2)})}, "-SOA1 +SOA2 "},
      {"condensed", {ixfr_message({soa(9), soa(1), soa(9), ns(), soa(9)})}, "-SOA1 +SOA9 +example. "},
      {"two steps in three messages",
       {ixfr_message({soa(3), soa(1)}),
        message({.question = "", .answers = {a("x.example.", 1), soa(2), a("y.example.", 1), soa(2)}}),
        ixfr_message({a("y.example.", 1), soa(3), soa(3)})},
       "-SOA1 -x.example. +SOA2 +y.example. -SOA2 -y.example. +SOA3 "},
      {"a message for each record",
       {ixfr_message({soa(2)}), ixfr_message({soa(1)}), ixfr_message({soa(2)}), ixfr_message({soa(2)})},
       "-SOA1 +SOA2 "},
      {"one SOA, ours", {ixfr_message({soa(1)})}, "up to date"},
      {"one SOA, an older one", {ixfr_message({soa(0)})}, "up to date"},
      {"the whole zone", {ixfr_message({soa(2), ns(), a("x.example.", 1), soa(2)})}, "zone of 2"},
      {"the whole zone, slowly",
       {ixfr_message({soa(2)}), ixfr_message({ns()}), ixfr_message({soa(2)})},
       "zone of 1"},
      {"a zone of a SOA", {ixfr_message({soa(2), soa(2)})}, "zone of 1"},
  };
  return cases;
}

TEST(IxfrReader, TakesEveryKindOfResponseInEveryCut) {
  for (const Case& test : good_cases()) {
    SCOPED_TRACE(test.description);
    Octets stream;
    for (const Octets& body : test.messages) stream = joined({stream, framed(body)});
    for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
      IxfrReader reader = reader_at(1);
      auto fed = feed_all(reader, stream, piece);
      ASSERT_TRUE(fed.ok()) << fed.error().message;
      ASSERT_TRUE(reader.complete());
      auto response = std::move(reader).finish();
      ASSERT_TRUE(response.ok()) << response.error().message;
      EXPECT_EQ(text(*response), test.want);
    }
  }
}

TEST(IxfrReader, IsNotCompleteBeforeTheLastOctet) {
  for (const Case& test : good_cases()) {
    SCOPED_TRACE(test.description);
    Octets stream;
    for (const Octets& body : test.messages) stream = joined({stream, framed(body)});
    for (std::size_t size = 0; size < stream.size(); ++size) {
      IxfrReader reader = reader_at(1);
      ASSERT_TRUE(reader.feed(Bytes(stream).first(size)).ok());
      EXPECT_FALSE(reader.complete());
      auto response = std::move(reader).finish();
      ASSERT_FALSE(response.ok());
      EXPECT_EQ(response.error().code, Errc::Closed);
    }
  }
}

TEST(IxfrReader, SerialsGoRound) {
  IxfrReader reader = reader_at(0xffffffff);
  const Octets stream = framed(ixfr_message({soa(1), soa(0xffffffff), soa(1), soa(1)}));
  ASSERT_TRUE(reader.feed(stream).ok());
  EXPECT_EQ(text(std::move(reader).finish().value()), "-SOA4294967295 +SOA1 ");
}

struct BadCase {
  const char* description;
  std::vector<Octets> messages;
  const char* want;
  Errc code = Errc::InvalidInput;
};

TEST(IxfrReader, RefusesWhatIsNotRight) {
  const Octets other_soa = record("example.", wire::rrtype::SOA, soa_rdata(2, "x.example."));
  const std::vector<BadCase> cases{
      {"not a SOA first", {ixfr_message({ns(), soa(2)})}, "starts with example. NS"},
      {"another zone's SOA",
       {ixfr_message({record("other.", wire::rrtype::SOA, soa_rdata(2))})},
       "a SOA at other."},
      {"a SOA without numbers",
       {ixfr_message({record("example.", wire::rrtype::SOA, Octets{0, 0, 1, 2})})},
       "without a serial"},
      {"from another version", {ixfr_message({soa(3), soa(2), soa(3), soa(3)})}, "start at serial 2"},
      {"a gap between steps",
       {ixfr_message({soa(4), soa(1), soa(2), soa(3), soa(4), soa(4)})},
       "start at serial 3, not at our 2"},
      {"the same step again",
       {ixfr_message({soa(4), soa(1), soa(2), soa(1), soa(2), soa(4)})},
       "start at serial 1, not at our 2"},
      {"goes back", {ixfr_message({soa(4), soa(1), soa(0)})}, "from serial 1 to 0"},
      {"goes nowhere", {ixfr_message({soa(4), soa(1), soa(1)})}, "from serial 1 to 1"},
      {"half way round", {ixfr_message({soa(4), soa(1), soa(0x80000001)})}, "from serial 1 to 2147483649"},
      {"ends with another SOA", {ixfr_message({soa(2), soa(1), soa(2), other_soa})}, "another SOA"},
      {"a record after the end",
       {ixfr_message({soa(2), soa(1), soa(2), soa(2), ns()})},
       "a record after the last SOA"},
      {"a message after the end",
       {ixfr_message({soa(2), soa(1), soa(2), soa(2)}), ixfr_message({ns()})},
       "after the last SOA"},
      {"more after one SOA", {ixfr_message({soa(1)}), ixfr_message({ns()})}, "after the last SOA"},
      {"removes outside the zone",
       {ixfr_message({soa(2), soa(1), a("x.test.", 1)})},
       "x.test. is outside the zone"},
      {"adds outside the zone",
       {ixfr_message({soa(2), soa(1), soa(2), a("x.test.", 1)})},
       "x.test. is outside the zone"},
      {"another class",
       {ixfr_message({soa(2), soa(1), record("x.example.", wire::rrtype::TXT, {1, 'x'}, wire::rrclass::CH)})},
       "not of class IN"},
      {"the whole zone ends with another SOA",
       {ixfr_message({soa(2), ns(), soa(3)})},
       "from serial 2 to 3",
       Errc::Unavailable},
      {"the question is another one", {message({.answers = {soa(1)}})}, "example. AXFR"},
      {"the primary does not do it", {message({.flags = 0x8004, .type = IXFR})}, "NOTIMP", Errc::Unavailable},
      {"no record", {ixfr_message({})}, "first message is empty"},
  };
  for (const BadCase& test : cases) {
    SCOPED_TRACE(test.description);
    Octets stream;
    for (const Octets& body : test.messages) stream = joined({stream, framed(body)});
    for (const std::size_t piece : {stream.size(), std::size_t{1}}) {
      IxfrReader reader = reader_at(1);
      auto fed = feed_all(reader, stream, piece);
      ASSERT_FALSE(fed.ok());
      EXPECT_EQ(fed.error().code, test.code);
      EXPECT_THAT(fed.error().message, HasSubstr(test.want));
    }
  }
}

TEST(IxfrReader, MessagesLostDoubledOrExchangedMakeNothing) {
  const Octets first = framed(ixfr_message({soa(3), soa(1), a("x.example.", 1)}));
  const Octets middle = framed(ixfr_message({soa(2), a("y.example.", 1), soa(2)}));
  const Octets last = framed(ixfr_message({a("y.example.", 1), soa(3), soa(3)}));
  {
    IxfrReader reader = reader_at(1);
    ASSERT_TRUE(reader.feed(joined({first, middle, last})).ok());
    ASSERT_TRUE(reader.complete());
  }
  // The first and the last alone are differences of another zone: zone::apply_changes() sees that.
  for (const auto& order : {std::vector<Octets>{first, last, middle},
                            {middle, last},
                            {first, first, middle, last},
                            {first, middle, middle, last},
                            {first, middle, last, last},
                            {first, middle}}) {
    IxfrReader reader = reader_at(1);
    const bool fed = reader.feed(joined(order)).ok();
    EXPECT_FALSE(fed && std::move(reader).finish().ok());
  }
}

TEST(IxfrReader, StopsAtItsSizeLimit) {
  const Octets stream = framed(ixfr_message({soa(2), soa(1), soa(2), soa(2)}));
  IxfrReader exact = reader_at(1, stream.size());
  EXPECT_TRUE(feed_all(exact, stream, 7).ok());
  IxfrReader small = reader_at(1, stream.size() - 1);
  EXPECT_FALSE(feed_all(small, stream, 7).ok());
}

TEST(IxfrReader, StopsAtItsMemoryLimit) {
  const auto reader = [](std::size_t most_memory) {
    return IxfrReader(name("example."), kId, soa_rdata(1), kMaxTransferSize, most_memory);
  };
  const std::size_t each = zone::kRecordOverhead + name("example.").size() + soa_rdata(1).size();
  const std::size_t five = 4 * each + zone::kRecordOverhead + name("x.example.").size() + 4;
  const Octets steps = framed(
      ixfr_message({soa(3), soa(1), a("x.example.", 1), soa(2), soa(2), soa(3), soa(3)}));
  IxfrReader exact = reader(five);
  EXPECT_TRUE(exact.feed(steps).ok());
  EXPECT_TRUE(exact.complete());
  IxfrReader small = reader(five - 1);
  const auto fed = small.feed(steps);
  ASSERT_FALSE(fed.ok());
  EXPECT_STREQ(fed.error().topic, "transfer");
  EXPECT_THAT(fed.error().message, HasSubstr("differences of example.: " + std::to_string(five) +
                                             " octets of memory for 5 records"));
  IxfrReader whole = reader(each);
  const auto zone = whole.feed(framed(ixfr_message({soa(3), ns(), soa(3)})));
  ASSERT_FALSE(zone.ok());
  EXPECT_THAT(zone.error().message, HasSubstr("zone example.: "));
}

// RFC 1995 section 3.
TEST(IxfrQuery, CarriesTheSoaThatWeHave) {
  const Octets query = make_ixfr_query(kId, name("example."), soa_rdata(7));
  const Octets head{0x47, 0x11, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0};
  Octets want = joined({head, {7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0}, {0, 251, 0, 1}});
  const Octets authority{7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0, 0, 6, 0, 1, 0, 0, 0, 0};
  const Octets rdata = soa_rdata(7);
  want = joined({want, authority, {0, static_cast<std::uint8_t>(rdata.size())}, rdata});
  EXPECT_EQ(query, want);
}

}  // namespace
}  // namespace imrs::transfer
