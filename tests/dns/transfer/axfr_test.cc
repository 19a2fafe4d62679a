// The transfer reader: right transfers in every cut, and every way a primary can be wrong.
#include "dns/transfer/axfr.h"

#include <gmock/gmock.h>

#include "tests/dns/transfer/messages.h"

namespace imrs::transfer {
namespace {

using namespace test;
using testing::HasSubstr;

// Three messages; the second without a question, as RFC 5936 section 2.2.1 allows.
Octets good_stream() {
  return joined({framed(message({.answers = {soa(7), ns()}})),
                 framed(message({.question = "", .answers = {a("ns.example.", 1)}})),
                 framed(message({.answers = {a("x.example.", 2), soa(7)}}))});
}

Result<void> feed_all(AxfrReader& reader, const Octets& stream, std::size_t piece) {
  for (std::size_t at = 0; at < stream.size(); at += piece) {
    const Bytes part = Bytes(stream).subspan(at, std::min(piece, stream.size() - at));
    if (auto fed = reader.feed(part); !fed) return fed;
  }
  return {};
}

TEST(AxfrReader, TakesEveryPieceSize) {
  const Octets stream = good_stream();
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
    SCOPED_TRACE(piece);
    AxfrReader reader(name("example."), kId);
    auto fed = feed_all(reader, stream, piece);
    ASSERT_TRUE(fed.ok()) << fed.error().message;
    ASSERT_TRUE(reader.complete());
    auto zone = std::move(reader).finish();
    ASSERT_TRUE(zone.ok()) << zone.error().message;
    EXPECT_EQ(zone->nodes.size(), 3U);
    EXPECT_EQ(zone->nodes.at(name("x.example.")).at(wire::rrtype::A).rdata,
              (std::vector<zone::Rdata>{{192, 0, 2, 2}}));
  }
}

TEST(AxfrReader, IsNotCompleteBeforeTheLastOctet) {
  const Octets stream = good_stream();
  for (std::size_t size = 0; size < stream.size(); ++size) {
    SCOPED_TRACE(size);
    AxfrReader reader(name("example."), kId);
    ASSERT_TRUE(reader.feed(Bytes(stream).first(size)).ok());
    EXPECT_FALSE(reader.complete());
    auto zone = std::move(reader).finish();
    ASSERT_FALSE(zone.ok());
    EXPECT_EQ(zone.error().code, Errc::Closed);
  }
}

TEST(AxfrReader, TakesNamesInAnyCase) {
  AxfrReader reader(name("EXAMPLE."), kId);
  auto last = record("eXample.", wire::rrtype::SOA, soa_rdata(7, "NS.example."));
  ASSERT_TRUE(reader.feed(framed(message({.answers = {soa(7), ns(), last}}))).ok());
  EXPECT_TRUE(reader.complete());
}

struct BadStream {
  const char* description;
  std::vector<Octets> messages;
  const char* want;
  Errc code = Errc::InvalidInput;
};

void expect_refused(const std::vector<BadStream>& cases) {
  for (const BadStream& bad : cases) {
    SCOPED_TRACE(bad.description);
    Octets stream;
    for (const Octets& body : bad.messages) stream = joined({stream, framed(body)});
    for (const std::size_t piece : {stream.size(), std::size_t{1}}) {
      AxfrReader reader(name("example."), kId);
      auto fed = feed_all(reader, stream, piece);
      // Cut into octets, what comes after the end may be left unread by the caller; it is still an error.
      ASSERT_FALSE(fed.ok());
      EXPECT_EQ(fed.error().code, bad.code);
      EXPECT_THAT(fed.error().message, HasSubstr(bad.want));
    }
  }
}

TEST(AxfrReader, RefusesWrongHeaders) {
  const std::vector<Octets> records{soa(7), ns(), soa(7)};
  expect_refused({
      {"another ID", {message({.id = 1, .answers = records})}, "ID"},
      {"another ID later", {message({.answers = {soa(7)}}), message({.id = 1, .answers = {ns()}})}, "ID"},
      {"a query", {message({.flags = 0, .answers = records})}, "query"},
      {"opcode NOTIFY", {message({.flags = 0xa400, .answers = records})}, "opcode"},
      {"truncated", {message({.flags = 0x8600, .answers = records})}, "truncated"},
      {"REFUSED", {message({.flags = 0x8005})}, "REFUSED", Errc::Unavailable},
      {"NOTAUTH", {message({.flags = 0x8009})}, "NOTAUTH", Errc::Unavailable},
      {"SERVFAIL half-way",
       {message({.answers = {soa(7), ns()}}), message({.flags = 0x8002})},
       "SERVFAIL",
       Errc::Unavailable},
      {"no question in the first message", {message({.question = "", .answers = records})}, "0 questions"},
      {"another question", {message({.question = "other.", .answers = records})}, "other. AXFR"},
      {"another type", {message({.type = wire::rrtype::SOA, .answers = records})}, "example. SOA"},
      {"shorter than a header", {Octets(11, 0)}, "shorter than a header"},
      {"empty", {Octets{}}, "shorter than a header"},
  });
}

TEST(AxfrReader, RefusesWrongRecords) {
  expect_refused({
      {"no record at all", {message({})}, "first message is empty"},
      {"SOA comes second", {message({.answers = {ns(), soa(7)}})}, "starts with example. NS"},
      {"another zone's SOA",
       {message({.answers = {record("other.", wire::rrtype::SOA, soa_rdata(7))}})},
       "starts with other. SOA"},
      {"the zone changed",
       {message({.answers = {soa(7), ns(), soa(8)}})},
       "from serial 7 to 8",
       Errc::Unavailable},
      {"same serial, another SOA",
       {message(
           {.answers = {soa(7), ns(), record("example.", wire::rrtype::SOA, soa_rdata(7, "x.example."))}})},
       "ends with another SOA"},
      {"a SOA inside",
       {message({.answers = {soa(7), record("x.example.", wire::rrtype::SOA, soa_rdata(7))}})},
       "SOA at x.example."},
      {"a record after the end",
       {message({.answers = {soa(7), ns(), soa(7), a("x.example.", 1)}})},
       "a record after the last SOA"},
      {"a third SOA", {message({.answers = {soa(7), soa(7), soa(7)}})}, "after the last SOA"},
      {"a message after the end",
       {message({.answers = {soa(7), ns(), soa(7)}}), message({.answers = {ns()}})},
       "after the last SOA"},
      {"another class",
       {message({.answers = {soa(7), record("x.example.", wire::rrtype::TXT, {1, 'x'}, wire::rrclass::CH)}})},
       "x.example. is not of class IN"},
      {"out of the zone", {message({.answers = {soa(7), a("x.test.", 1)}})}, "outside the zone"},
      {"malformed A",
       {message({.answers = {soa(7), record("x.example.", wire::rrtype::A, Octets{1, 2, 3})}})},
       "x.example. A: has malformed rdata: its 3 octets"},
      {"octets after the last record",
       {message({.answers = {soa(7)}, .trailer = {0}})},
       "octets after the last record"},
      {"more answers than there are",
       [] {
         Octets body = message({.answers = {soa(7), ns()}});
         body[7] = 3;
         return std::vector<Octets>{body};
       }(),
       "malformed response"},
  });
}

TEST(AxfrReader, TakesAnOptRecordAtTheEnd) {
  const Octets opt{0, 0, 41, 4, 0xd0, 0, 0, 0, 0, 0, 0};
  AxfrReader reader(name("example."), kId);
  auto fed = reader.feed(framed(message({.answers = {soa(7), ns(), soa(7)}, .additional = {opt}})));
  ASSERT_TRUE(fed.ok()) << fed.error().message;
  EXPECT_TRUE(reader.complete());
}

TEST(AxfrReader, MessagesInAnotherOrderDoNotMakeAZone) {
  const Octets first = framed(message({.answers = {soa(7), ns()}}));
  const Octets middle = framed(message({.answers = {a("x.example.", 1)}}));
  const Octets last = framed(message({.answers = {a("y.example.", 1), soa(7)}}));
  for (const auto& order :
       {std::vector<Octets>{middle, first, last}, {last, middle, first}, {first, last, middle}}) {
    AxfrReader reader(name("example."), kId);
    EXPECT_FALSE(reader.feed(joined(order)).ok());
  }
}

TEST(AxfrReader, StopsAtItsSizeLimit) {
  const Octets stream = good_stream();
  AxfrReader exact(name("example."), kId, stream.size());
  EXPECT_TRUE(feed_all(exact, stream, 7).ok());
  AxfrReader small(name("example."), kId, stream.size() - 1);
  auto fed = feed_all(small, stream, 7);
  ASSERT_FALSE(fed.ok());
  EXPECT_THAT(fed.error().message, HasSubstr("larger than the " + std::to_string(stream.size() - 1)));
}

// Of the four records of good_stream(), the SOA at the end not among them.
TEST(AxfrReader, StopsAtItsMemoryLimit) {
  const Octets stream = good_stream();
  const std::size_t needed = 4 * zone::kRecordOverhead + 2 * name("example.").size() +
                             name("ns.example.").size() + name("x.example.").size() + soa_rdata(7).size() +
                             name("ns.example.").size() + 4 + 4;
  AxfrReader exact(name("example."), kId, kMaxTransferSize, needed);
  EXPECT_TRUE(feed_all(exact, stream, 7).ok());
  AxfrReader small(name("example."), kId, kMaxTransferSize, needed - 1);
  auto fed = feed_all(small, stream, 7);
  ASSERT_FALSE(fed.ok());
  EXPECT_EQ(fed.error().code, Errc::InvalidInput);
  EXPECT_STREQ(fed.error().topic, "transfer");
  EXPECT_THAT(fed.error().message,
              HasSubstr("zone example.: " + std::to_string(needed) +
                        " octets of memory for 4 records, and at most " + std::to_string(needed - 1)));
}

TEST(AxfrReader, AnyOctetMayBeWrongWithoutHarm) {
  const Octets stream = good_stream();
  for (std::size_t at = 0; at < stream.size(); ++at) {
    for (const std::uint8_t value : Octets{0x00, 0x3f, 0xc0, 0xff}) {
      Octets damaged = stream;
      damaged[at] = value;
      AxfrReader reader(name("example."), kId);
      const bool fed = reader.feed(damaged).ok();
      const bool complete = reader.complete();
      const bool finished = std::move(reader).finish().ok();
      EXPECT_TRUE(!finished || complete);
      EXPECT_TRUE(fed || damaged != stream);
    }
  }
}

struct SoaCase {
  const char* description;
  MessageSpec spec;
  std::optional<std::uint32_t> want;
};

TEST(ReadSoaSerial, FindsTheSerialOrSaysWhyNot) {
  const std::uint16_t type = wire::rrtype::SOA;
  const SoaCase cases[] = {
      {"plain", {.type = type, .answers = {soa(4294967295)}}, 4294967295},
      {"no answer", {.type = type}, std::nullopt},
      {"another owner", {.type = type, .answers = {record("x.example.", type, soa_rdata(7))}}, std::nullopt},
      {"too short", {.type = type, .answers = {record("example.", type, Octets{0, 0, 1})}}, std::nullopt},
      {"REFUSED", {.flags = 0x8005, .type = type}, std::nullopt},
      {"no question", {.question = "", .type = type, .answers = {soa(7)}}, std::nullopt},
      {"another ID", {.id = 2, .type = type, .answers = {soa(7)}}, std::nullopt},
      {"octets behind", {.type = type, .answers = {soa(7)}, .trailer = {1}}, std::nullopt},
  };
  for (const SoaCase& c : cases) {
    SCOPED_TRACE(c.description);
    auto serial = read_soa_serial(message(c.spec), kId, name("example."));
    ASSERT_EQ(serial.ok(), c.want.has_value());
    if (c.want) {
      EXPECT_EQ(*serial, *c.want);
    }
  }
}

}  // namespace
}  // namespace imrs::transfer
