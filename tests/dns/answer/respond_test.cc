// Whole responses: header, EDNS, sizes, the names of class CH, and what holds for any octets.
#include <gmock/gmock.h>

#include <algorithm>
#include <random>

#include "dns/answer/responder.h"
#include "dns/wire/protocol.h"
#include "tests/dns/answer/allocations.h"
#include "tests/support/answers.h"
#include "tests/support/test_zones.h"

namespace imrs::answer {
namespace {

using namespace wire::rrtype;
using test::Ask;
using test::from_hex;
using test::Octets;
using testing::ElementsAre;

const image::Image& image() {
  static const auto made = test::image_of(test::three_zones());
  return *made;
}

Outcome respond(const image::Image& from, const Identity& identity, Transport transport,
                std::span<const std::uint8_t> query, std::span<std::uint8_t> out) noexcept {
  static const CookieSecrets no_cookies;
  static constexpr std::uint8_t kAddress[] = {192, 0, 2, 1};
  const Context context{.image = from, .identity = identity, .cookies = no_cookies};
  return respond(context, {transport, kAddress}, query, out);
}

test::Seen ask(const Ask& question) { return test::ask(image(), question); }

std::string bytes(const std::string& hex) { return test::to_hex(test::response_to(image(), from_hex(hex))); }

std::string same(const std::string& hex) { return test::to_hex(from_hex(hex)); }

TEST(Respond, GoldenErrors) {
  const struct {
    const char* description;
    const char* query;
    const char* want;
  } cases[] = {
      {"short: none", "1234 0000 0001", ""},
      {"response: none", "1234 8000 0001 0000 0000 0000 00 0002 0001", ""},
      {"QDCOUNT 0: FORMERR", "1234 0100 0000 0000 0000 0000", "1234 8101 0000 0000 0000 0000"},
      {"QDCOUNT 0 with OPT: FORMERR with OPT", "1234 0000 0000 0000 0000 0001 00 0029 1000 00008000 0000",
       "1234 8001 0000 0000 0000 0001 00 0029 04d0 00008000 0000"},
      {"NOTIFY: REFUSED, opcode and question back", "1234 2000 0001 0000 0000 0000 00 0006 0001",
       "1234 a005 0001 0000 0000 0000 00 0006 0001"},
      {"UPDATE", "1234 2800 0001 0000 0000 0000 00 0006 0001", "1234 a804 0001 0000 0000 0000 00 0006 0001"},
      {"STATUS without a question", "1234 1000 0000 0000 0000 0000", "1234 9004 0000 0000 0000 0000"},
      {"AD, CD, Z, RA, TC and AA are not echoed, RD is", "1234 07f0 0001 0000 0000 0000 00 00fc 0001",
       "1234 8105 0001 0000 0000 0000 00 00fc 0001"},
      {"EDNS version 1: BADVERS in the OPT, version 0",
       "1234 0000 0001 0000 0000 0001 00 0006 0001 00 0029 1000 00018000 0000",
       "1234 8000 0001 0000 0000 0001 00 0006 0001 00 0029 04d0 01008000 0000"},
      {"class HS: REFUSED", "1234 0000 0001 0000 0000 0000 00 0006 0004",
       "1234 8005 0001 0000 0000 0000 00 0006 0004"},
      {"class NONE: REFUSED", "1234 0000 0001 0000 0000 0000 00 0006 00fe",
       "1234 8005 0001 0000 0000 0000 00 0006 00fe"},
      {"TSIG: NOTAUTH and BADKEY, key name and time back",
       "1234 0000 0001 0000 0000 0001 00 0006 0001 "
       "01\"k\"00 00fa 00ff 00000000 0013 01\"h\"00 000000000001 012c 0000 1234 0000 0000",
       "1234 8009 0001 0000 0000 0001 00 0006 0001 "
       "01\"k\"00 00fa 00ff 00000000 0013 01\"h\"00 000000000001 012c 0000 1234 0011 0000"},
      {"NSID", "1234 0000 0001 0000 0000 0001 00 0006 0004 00 0029 1000 00000000 0004 0003 0000",
       "1234 8005 0001 0000 0000 0001 00 0006 0004 00 0029 04d0 00000000 000f 0003 0005\"lab01\" "
       "000f 0002 0015"},
      {"a cookie where there are none: ignored",
       "1234 0000 0001 0000 0000 0001 00 0001 0001 00 0029 1000 00000000 000c 000a 0008 0102030405060708",
       nullptr},
      {"a cookie of 9 octets: FORMERR, with an OPT (RFC 6891 section 7)",
       "1234 0000 0001 0000 0000 0001 00 0001 0001 00 0029 1000 00000000 000d 000a 0009 010203040506070809",
       "1234 8001 0001 0000 0000 0001 00 0001 0001 00 0029 04d0 00000000 0000"},
      {"the same with EDNS version 1: BADVERS, for what its options mean is not known",
       "1234 0000 0001 0000 0000 0001 00 0001 0001 00 0029 1000 00010000 000d 000a 0009 010203040506070809",
       "1234 8000 0001 0000 0000 0001 00 0001 0001 00 0029 04d0 01000000 0000"},
      {"class CH, other name: not authoritative (RFC 8914)",
       "1234 0000 0001 0000 0000 0001 00 0010 0003 00 0029 1000 00000000 0000",
       "1234 8005 0001 0000 0000 0001 00 0010 0003 00 0029 04d0 00000000 0006 000f 0002 0014"},
      {"AXFR: prohibited (RFC 8914)", "1234 0000 0001 0000 0000 0001 00 00fc 0001 00 0029 1000 00000000 0000",
       "1234 8005 0001 0000 0000 0001 00 00fc 0001 00 0029 04d0 00000000 0006 000f 0002 0012"},
  };
  for (const auto& c : cases) {
    if (c.want == nullptr) {
      EXPECT_EQ(bytes(c.query).find("000a0018"), std::string::npos) << c.description;
      continue;
    }
    EXPECT_EQ(bytes(c.query), same(c.want)) << c.description;
  }
}

// Bit i of `expired` is zone i of the image: root-servers.net., arpa., and the root.
TEST(Respond, ExpiredZonesAreAnsweredWithServfailAndTheOthersAsEver) {
  const Identity identity{"lab01", "IMRS"};
  const CookieSecrets no_cookies;
  const std::uint8_t address[] = {192, 0, 2, 1};
  std::vector<std::string> origins;
  for (const image::ZoneSummary& zone : image().zones()) origins.push_back(zone.origin);
  const auto bit = [&](const char* origin) {
    return 1U << (std::ranges::find(origins, origin) - origins.begin());
  };
  const auto answer = [&](const std::string& query, std::uint32_t expired) {
    Octets out(kMaxResponse);
    const Context context{.image = image(), .identity = identity, .cookies = no_cookies, .expired = expired};
    out.resize(respond(context, {Transport::Udp, address}, from_hex(query), out).size);
    return test::to_hex(out);
  };
  const std::string soa_of_arpa =
      "1234 0000 0001 0000 0000 0001 04\"arpa\"00 0006 0001 00 0029 1000 00000000 0000";
  const std::string root = "1234 0000 0001 0000 0000 0000 00 0006 0001";
  const std::string ds_of_arpa = "1234 0000 0001 0000 0000 0000 04\"arpa\"00 002b 0001";
  EXPECT_EQ(
      answer(soa_of_arpa, bit("arpa.")),
      same("1234 8002 0001 0000 0000 0001 04\"arpa\"00 0006 0001 00 0029 04d0 00000000 0006 000f 0002 0018"))
      << "SERVFAIL with extended error 24 (RFC 8914), no AA";
  EXPECT_EQ(answer("1234 0000 0001 0000 0000 0000 01\"x\"04\"arpa\"00 0001 0001", bit("arpa.")),
            same("1234 8002 0001 0000 0000 0000 01\"x\"04\"arpa\"00 0001 0001"));
  EXPECT_EQ(answer(root, bit("arpa.")), answer(root, 0));
  EXPECT_EQ(answer(ds_of_arpa, bit("arpa.")), answer(ds_of_arpa, 0)) << "the parent's to answer";
  EXPECT_EQ(answer(soa_of_arpa, bit("root-servers.net.")), answer(soa_of_arpa, 0));
}

TEST(Respond, ChaosNames) {
  const struct {
    const char* name;
    std::uint16_t type;
    const char* want;
  } cases[] = {
      {"hostname.bind.", TXT, "hostname.bind. 0 CH TXT \"lab01\""},
      {"id.server.", TXT, "id.server. 0 CH TXT \"lab01\""},
      {"ID.Server.", TXT, "ID.Server. 0 CH TXT \"lab01\""},
      {"version.bind.", TXT, "version.bind. 0 CH TXT \"IMRS\""},
      {"version.server.", ANY, "version.server. 0 CH TXT \"IMRS\""},
      {"version.bind.", A, nullptr},
      {"authors.bind.", TXT, nullptr},
      {"x.id.server.", TXT, nullptr},
      {".", TXT, nullptr},
  };
  for (const auto& c : cases) {
    const test::Seen seen = ask({.name = c.name, .type = c.type, .qclass = wire::rrclass::CH});
    EXPECT_EQ(seen.rcode, c.want != nullptr ? "NOERROR" : "REFUSED") << c.name;
    if (c.want == nullptr) continue;
    EXPECT_THAT(seen.answer, ElementsAre(c.want));
  }
}

TEST(Respond, ClassAnyIsAnsweredLikeInButWithoutAuthority) {
  const test::Seen seen = ask({.name = ".", .type = SOA, .qclass = wire::rrclass::ANY});
  EXPECT_EQ(seen.status(), "NOERROR");
  EXPECT_EQ(seen.answer.size(), 1U);
}

TEST(Respond, TransfersAreNotGiven) {
  const struct {
    const char* name;
    std::uint16_t type;
    Transport transport;
    const char* want;
  } cases[] = {
      {".", AXFR, Transport::Udp, "REFUSED"},      {".", AXFR, Transport::Tcp, "REFUSED"},
      {"alpha.", AXFR, Transport::Tcp, "REFUSED"}, {"arpa.", AXFR, Transport::Tcp, "REFUSED"},
      {".", IXFR, Transport::Udp, "REFUSED"},      {".", IXFR, Transport::Tcp, "REFUSED"},
      {"alpha.", IXFR, Transport::Udp, "REFUSED"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(ask({.name = c.name, .type = c.type, .transport = c.transport}).status(), c.want)
        << c.name << " " << c.type;
  }
}

TEST(Respond, MetaTypesAreTypesThatDoNotExist) {
  for (const std::uint16_t type : {OPT, TKEY, TSIG, MAILA, MAILB}) {
    EXPECT_EQ(ask({.name = ".", .type = type}).status(), "NOERROR aa") << type;
    EXPECT_EQ(ask({.name = "nope.", .type = type}).status(), "NXDOMAIN aa") << type;
  }
}

TEST(Respond, OptOnlyForThoseWhoSentOne) {
  EXPECT_FALSE(ask({.udp_size = -1}).has_opt);
  EXPECT_TRUE(ask({.udp_size = 512}).has_opt);
}

// RFC 9471: the addresses of name servers inside the delegation are there or TC is set.
TEST(Respond, InDomainGlueOrTc) {
  for (int size = 0; size <= 1400; ++size) {
    const test::Seen seen = ask({.name = "alpha.", .type = A, .dnssec_ok = true, .udp_size = size});
    const auto limit = static_cast<std::size_t>(std::clamp(size, 512, 1232));
    ASSERT_TRUE(seen.readable) << size;
    EXPECT_LE(seen.size, limit) << size;
    EXPECT_TRUE(seen.tc || seen.additional.size() == 4U) << size;
    EXPECT_TRUE(!seen.tc || seen.authority.empty()) << size;
  }
}

// A name with more at it than 512 octets hold, and a delegation whose servers' addresses do not fit.
const image::Image& large_image() {
  static const auto made = [] {
    std::string text = ". 60 IN SOA a. b. 1 2 3 4 5\n. 60 IN NS a.\n";
    for (int i = 0; i < 9; ++i) {
      const std::string n = std::to_string(i);
      text += "big. 60 IN TXT \"" + n + std::string(150, 'x') + "\"\n";
      text += "far. 60 IN NS server-" + n + ".elsewhere.\n";
      text += "server-" + n + ".elsewhere. 60 IN AAAA 2001:db8::" + n + "\n";
      text += "server-" + n + ".elsewhere. 60 IN A 192.0.2." + n + "\n";
    }
    return test::image_of({{".", text + "elsewhere. 60 IN NS server-0.elsewhere.\n"}});
  }();
  return *made;
}

TEST(Respond, AddressesOutsideTheDelegationAreLeftOffWithoutTc) {
  std::size_t most = 0, least = 100;
  for (int size = 512; size <= 800; ++size) {
    const test::Seen seen = test::ask(large_image(), {.name = "far.", .type = A, .udp_size = size});
    EXPECT_EQ(seen.status(), "NOERROR") << size;
    EXPECT_EQ(seen.authority.size(), 9U) << size;
    EXPECT_LE(seen.size, static_cast<std::size_t>(size));
    most = std::max(most, seen.additional.size());
    least = std::min(least, seen.additional.size());
  }
  EXPECT_EQ(most, 18U);
  EXPECT_LT(least, 18U);
}

TEST(Respond, TooLargeForUdpComesWholeByTcp) {
  Ask question{.name = "big.", .type = TXT, .udp_size = 512};
  const test::Seen cut = test::ask(large_image(), question);
  EXPECT_EQ(cut.status(), "NOERROR aa tc");
  EXPECT_TRUE(cut.answer.empty() && cut.authority.empty());
  EXPECT_TRUE(cut.has_opt);
  question.transport = Transport::Tcp;
  EXPECT_EQ(test::ask(large_image(), question).answer.size(), 9U);
  question.udp_size = -1;
  EXPECT_EQ(test::ask(large_image(), question).status(), "NOERROR aa");
}

TEST(Respond, SizeSmallerThan512CountsAs512) {
  const Ask small{.name = "alpha.", .type = A, .udp_size = 0};
  const Ask usual{.name = "alpha.", .type = A, .udp_size = 512};
  EXPECT_EQ(ask(small).size, ask(usual).size);
}

// Longest question, longest identity, NSID: never over the limit, even where little of it is left.
TEST(Respond, NeverOverTheLimitWithTheLongestIdentity) {
  const Identity identity{std::string(255, 'i'), std::string(255, 'v')};
  std::string labels;
  for (int i = 0; i < 127; ++i) labels += "01 61 ";
  const std::string edns = " 00 0029 0200 00008000 0004 0003 0000";
  for (const std::string& question :
       {labels + "00 0001 0001", labels + "00 0001 0004", std::string("00 0002 0001"),
        std::string("02\"id\"06\"server\"00 0010 0003")}) {
    const Octets query = from_hex("1234 0000 0001 0000 0000 0001 " + question + edns);
    Octets out(kMaxResponse);
    const Outcome outcome = respond(image(), identity, Transport::Udp, query, out);
    ASSERT_GT(outcome.size, 12U);
    EXPECT_LE(outcome.size, 512U);
    out.resize(outcome.size);
    EXPECT_TRUE(test::read_response(out).readable);
  }
}

TEST(Respond, NeverOverTheLimitWithTheLongestKey) {
  std::string name;
  for (int i = 0; i < 127; ++i) name += "01 61 ";
  const Octets query = from_hex("1234 0000 0001 0000 0000 0001 " + name + "00 0001 0001 " + name +
                                "00 00fa 00ff 00000000 010f " + name +
                                "00 000000000001 012c 0000 1234 0000 0000");
  Octets out(kMaxResponse);
  const Outcome outcome = respond(image(), {"lab01", "IMRS"}, Transport::Udp, query, out);
  EXPECT_EQ(outcome.rcode, wire::rcode::NotAuth);
  EXPECT_LE(outcome.size, 512U);
  EXPECT_TRUE(outcome.truncated);
}

TEST(Respond, OutcomeSaysWhatWasSent) {
  Octets out(kMaxResponse);
  const Octets query = test::query_octets({.name = "nope.", .type = AAAA});
  const Outcome outcome = respond(image(), {"lab01", "IMRS"}, Transport::Udp, query, out);
  EXPECT_EQ(outcome.rcode, wire::rcode::NXDomain);
  EXPECT_EQ(outcome.qtype, AAAA);
  EXPECT_FALSE(outcome.truncated);
}

constexpr std::uint16_t kClasses[] = {1, 3, 255};

TEST(Respond, AllocatesNothing) {
  const Identity identity{"lab01", "IMRS"};
  std::vector<Octets> queries;
  for (const char* name : {".", "alpha.", "x.beta.", "nope.", "arpa.", "id.server."}) {
    for (const std::uint16_t type : {SOA, NS, DS, ANY, AXFR, TXT}) {
      for (const std::uint16_t qclass : kClasses) {
        queries.push_back(
            test::query_octets({.name = name, .type = type, .dnssec_ok = true, .qclass = qclass}));
      }
    }
  }
  Octets out(kMaxResponse);
  (void)image();
  const std::size_t before = test::allocations();
  std::size_t octets = 0;
  for (const Octets& query : queries) {
    for (const Transport transport : kTransports) {
      octets += respond(image(), identity, transport, query, out).size;
    }
  }
  EXPECT_EQ(test::allocations(), before);
  EXPECT_GT(octets, 1000U);
}

// Whatever comes: the response keeps to its limit, and what lies behind the limit is not touched.
void check_any(const Octets& query, Octets& out) {
  constexpr std::uint8_t kGuard = 0xA5;
  std::fill(out.begin() + wire::kMaxUdpResponse, out.begin() + wire::kMaxUdpResponse + 64, kGuard);
  const Outcome outcome = respond(image(), {"lab01", "IMRS"}, Transport::Udp, query, out);
  ASSERT_LE(outcome.size, wire::kMaxUdpResponse);
  for (std::size_t i = 0; i < 64; ++i) ASSERT_EQ(out[wire::kMaxUdpResponse + i], kGuard);
  if (outcome.size == 0) return;
  ASSERT_GE(outcome.size, wire::kHeaderSize);
  ASSERT_EQ(out[0], query[0]);
  ASSERT_EQ(out[1], query[1]);
  ASSERT_NE(out[2] & 0x80, 0);
}

TEST(Respond, RandomOctets) {
  std::mt19937 random(7);
  Octets out(kMaxResponse);
  for (int round = 0; round < 500000; ++round) {
    Octets query(random() % 80);
    for (auto& octet : query) octet = static_cast<std::uint8_t>(random());
    if (query.size() > 2) query[2] &= 0x7F;
    check_any(query, out);
  }
}

TEST(Respond, DamagedQueries) {
  std::mt19937 random(9);
  Octets out(kMaxResponse);
  const Octets whole = from_hex(
      "1234 0000 0001 0000 0000 0002 03\"www\"05\"alpha\"00 0001 0001 "
      "00 0029 1000 00008000 0004 0003 0000 "
      "01\"k\"00 00fa 00ff 00000000 0013 01\"h\"00 000000000001 012c "
      "0000 1234 0000 0000");
  for (int round = 0; round < 500000; ++round) {
    Octets query = whole;
    for (auto flips = random() % 4; flips > 0; --flips) {
      query[2 + random() % (query.size() - 2)] = static_cast<std::uint8_t>(random());
    }
    if (random() % 4 == 0) query.resize(random() % query.size());
    check_any(query, out);
  }
}

}  // namespace
}  // namespace imrs::answer
