// Every class of answer there is, asked of an image of three small zones and read by ldns.
#include <gmock/gmock.h>

#include "dns/wire/protocol.h"
#include "tests/support/answers.h"
#include "tests/support/test_zones.h"

namespace imrs::image {
namespace {

using namespace wire::rrtype;
using test::Seen;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

class Answers : public testing::Test {
 protected:
  static Seen ask(std::string_view name, std::uint16_t type, bool dnssec_ok = false) {
    static const auto image = test::image_of(test::three_zones());
    return test::ask(*image, {.name = name, .type = type, .dnssec_ok = dnssec_ok});
  }
};

constexpr const char* kSoa =
    ". 3600 IN SOA a.root-servers.net. nstld.example. 2026112400 1800 900 604800 3600";
constexpr const char* kSignedNsec[] = {". RRSIG NSEC", ". RRSIG SOA"};

TEST_F(Answers, ApexSoa) {
  const Seen plain = ask(".", SOA);
  EXPECT_EQ(plain.status(), "NOERROR aa");
  EXPECT_THAT(plain.answer, ElementsAre(". 86400 IN SOA a.root-servers.net. nstld.example. "
                                        "2026112400 1800 900 604800 3600"));
  EXPECT_THAT(ask(".", SOA, true).answer, Contains(". RRSIG SOA"));
}

TEST_F(Answers, ApexNsWithAddresses) {
  const Seen seen = ask(".", NS, true);
  EXPECT_EQ(seen.status(), "NOERROR aa");
  EXPECT_THAT(seen.answer, ElementsAre(". 518400 IN NS a.root-servers.net.",
                                       ". 518400 IN NS b.root-servers.net.", ". RRSIG NS"));
  EXPECT_THAT(seen.additional, ElementsAre("a.root-servers.net. 518400 IN A 198.51.100.1",
                                           "a.root-servers.net. 518400 IN AAAA 2001:db8:a::1",
                                           "b.root-servers.net. 518400 IN A 198.51.100.2"));
}

TEST_F(Answers, EachTypeAtTheApex) {
  const struct {
    std::uint16_t type;
    const char* signature;
  } cases[] = {{DNSKEY, ". RRSIG DNSKEY"}, {ZONEMD, ". RRSIG ZONEMD"}, {NSEC, ". RRSIG NSEC"}};
  for (const auto& c : cases) {
    EXPECT_EQ(ask(".", c.type).status(), "NOERROR aa") << c.signature;
    EXPECT_EQ(ask(".", c.type).answer.size(), 1U) << c.signature;
    EXPECT_EQ(ask(".", c.type, true).answer.size(), 2U) << c.signature;
    EXPECT_THAT(ask(".", c.type, true).answer, Contains(c.signature));
  }
}

TEST_F(Answers, AnyIsOneSetWithItsSignatures) {  // RFC 8482 section 4.1
  EXPECT_EQ(ask(".", ANY).answer.size(), 1U);
  EXPECT_THAT(ask(".", ANY).answer.front(), testing::HasSubstr(" SOA "));
  EXPECT_THAT(ask(".", ANY, true).answer, Contains(". RRSIG SOA"));
  EXPECT_EQ(ask("a.root-servers.net.", ANY).answer.size(), 1U);
}

TEST_F(Answers, RrsigIsAllSignatures) {
  EXPECT_THAT(ask(".", RRSIG).answer,
              ElementsAre(". RRSIG DNSKEY", ". RRSIG NS", ". RRSIG NSEC", ". RRSIG SOA", ". RRSIG ZONEMD"));
}

TEST_F(Answers, ReferralWithGlueAndDs) {
  for (const char* name : {"alpha.", "www.x.alpha.", "ns1.alpha."}) {
    const Seen plain = ask(name, A);
    EXPECT_EQ(plain.status(), "NOERROR") << name;
    EXPECT_THAT(plain.answer, IsEmpty());
    EXPECT_THAT(plain.authority,
                ElementsAre("alpha. 172800 IN NS ns1.alpha.", "alpha. 172800 IN NS ns2.alpha."));
    EXPECT_EQ(plain.additional.size(), 4U);
    const Seen with_do = ask(name, A, true);
    EXPECT_THAT(with_do.authority, Contains("alpha. RRSIG DS")) << name;
    EXPECT_EQ(with_do.authority.size(), 4U);
  }
}

TEST_F(Answers, ReferralWithoutDsProvesIt) {
  const Seen seen = ask("x.beta.", A, true);
  EXPECT_EQ(seen.status(), "NOERROR");
  EXPECT_THAT(seen.authority, Contains("beta. RRSIG NSEC"));
  EXPECT_THAT(seen.authority, Contains("beta. 86400 IN NSEC net. NS RRSIG NSEC"));
  // Glue outside the delegation that the zone happens to hold.
  EXPECT_THAT(seen.additional, Contains("ns1.alpha. 172800 IN A 192.0.2.1"));
}

TEST_F(Answers, Ds) {
  const Seen seen = ask("alpha.", DS, true);
  EXPECT_EQ(seen.status(), "NOERROR aa");
  EXPECT_EQ(seen.answer.size(), 2U);
  EXPECT_THAT(seen.answer, Contains("alpha. RRSIG DS"));
  EXPECT_EQ(ask("www.alpha.", DS).status(), "NOERROR");  // below the cut: a referral
  EXPECT_THAT(ask("www.alpha.", DS).answer, IsEmpty());
}

TEST_F(Answers, DsThatDoesNotExist) {
  EXPECT_THAT(ask("beta.", DS).authority, ElementsAre(kSoa));
  const Seen seen = ask("beta.", DS, true);
  EXPECT_EQ(seen.status(), "NOERROR aa");
  EXPECT_THAT(seen.authority, ElementsAre(kSoa, kSignedNsec[1], "beta. 86400 IN NSEC net. NS RRSIG NSEC",
                                          "beta. RRSIG NSEC"));
}

TEST_F(Answers, NoData) {
  for (const std::uint16_t type : {A, MX, TXT, std::uint16_t{4711}}) {
    EXPECT_EQ(ask(".", type).status(), "NOERROR aa") << type;
    EXPECT_THAT(ask(".", type).authority, ElementsAre(kSoa)) << type;
    EXPECT_THAT(ask(".", type, true).authority,
                ElementsAre(kSoa, ". 86400 IN NSEC alpha. NS SOA RRSIG NSEC DNSKEY ZONEMD", kSignedNsec[0],
                            kSignedNsec[1]));
  }
}

// The NSEC that covers the name is that of its predecessor; the one that covers "*." is the apex's.
TEST_F(Answers, NameErrorsEverywhereInTheChain) {
  const struct {
    const char* description;
    const char* name;
    const char* covering;  // owner of the NSEC
  } cases[] = {
      {"before the first", "aaa.", "."},
      {"right after the first", "alpha-.", "alpha."},
      {"prefix of an existing name", "alph.", "."},
      {"existing name is its prefix", "alphabet.", "alpha."},
      {"more than eight octets alike", "alphabetical-order.", "alpha."},
      {"between", "b.", "arpa."},
      {"below a name that does not exist", "www.bb.", "arpa."},
      {"after the last", "zz.", "deep.empty.zeta."},
      {"the wildcard's name", "*.", "."},
      {"lower octet than any letter", "\\000.", "."},
      {"highest octets", "\\255\\255.", "deep.empty.zeta."},
      {"below an empty non-terminal", "x.empty.zeta.", "deep.empty.zeta."},
      {"below an empty non-terminal, before", "a.zeta.", "net."},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(ask(c.name, A).status(), "NXDOMAIN aa") << c.description;
    EXPECT_THAT(ask(c.name, A).authority, ElementsAre(kSoa)) << c.description;
    const Seen seen = ask(c.name, A, true);
    EXPECT_EQ(seen.status(), "NXDOMAIN aa") << c.description;
    EXPECT_THAT(seen.authority, Contains(std::string(c.covering) + " RRSIG NSEC")) << c.description;
    EXPECT_THAT(seen.authority, Contains(kSoa)) << c.description;
  }
}

TEST_F(Answers, NameErrorHasEachNsecOnce) {
  EXPECT_EQ(ask("aaa.", A, true).authority.size(), 4U);  // the apex's covers both
  EXPECT_EQ(ask("bb.", A, true).authority.size(), 6U);
  // The closest encloser is empty.zeta. here, and its wildcard lies elsewhere in the chain.
  EXPECT_THAT(ask("x.empty.zeta.", A, true).authority, Contains("net. RRSIG NSEC"));
}

TEST_F(Answers, EmptyNonTerminalExists) {
  for (const char* name : {"zeta.", "empty.zeta."}) {
    const Seen seen = ask(name, A, true);
    EXPECT_EQ(seen.status(), "NOERROR aa") << name;
    EXPECT_THAT(seen.authority, Contains("net. RRSIG NSEC")) << name;
    EXPECT_EQ(seen.authority.size(), 4U) << name;
  }
  EXPECT_EQ(ask("deep.empty.zeta.", A).status(), "NOERROR");
}

TEST_F(Answers, DeepestZoneAnswers) {
  EXPECT_EQ(ask("arpa.", SOA).status(), "NOERROR aa");
  EXPECT_EQ(ask("arpa.", NS, true).answer.size(), 2U);
  EXPECT_EQ(ask("1.in-addr.arpa.", PTR).status(), "NOERROR");
  EXPECT_EQ(ask("nope.arpa.", A).status(), "NXDOMAIN aa");
  EXPECT_THAT(ask("nope.arpa.", A, true).authority, Contains("in-addr.arpa. RRSIG NSEC"));
  EXPECT_THAT(ask("a.root-servers.net.", A).answer,
              ElementsAre("a.root-servers.net. 3600000 IN A 198.51.100.1"));
  EXPECT_EQ(ask("net.", NS).status(), "NOERROR");  // the root's delegation
}

// RFC 4035 section 3.1.4.1: DS lives on the parent's side of the cut.
TEST_F(Answers, DsAtACutBetweenServedZonesIsTheParents) {
  const Seen arpa = ask("arpa.", DS, true);
  EXPECT_EQ(arpa.status(), "NOERROR aa");
  EXPECT_THAT(arpa.answer, Contains("arpa. RRSIG DS"));
  // The parent of root-servers.net is net., which is not served: the root refers to it.
  const Seen referral = ask("root-servers.net.", DS);
  EXPECT_EQ(referral.status(), "NOERROR");
  EXPECT_THAT(referral.authority, ElementsAre("net. 172800 IN NS a.gtld.net."));
  EXPECT_EQ(ask(".", DS).status(), "NOERROR aa");
}

TEST_F(Answers, UnsignedZoneHasNoProofs) {
  const Seen seen = ask("nope.root-servers.net.", A, true);
  EXPECT_EQ(seen.status(), "NXDOMAIN aa");
  EXPECT_EQ(seen.authority.size(), 1U);
  EXPECT_EQ(ask("root-servers.net.", TXT, true).authority.size(), 1U);
}

TEST_F(Answers, OutsideAllZonesIsRefused) {
  const auto arpa_only = test::image_of({test::three_zones()[1]});
  EXPECT_EQ(test::ask(*arpa_only, {.name = "com."}).status(), "REFUSED");
  EXPECT_EQ(test::ask(*arpa_only, {.name = "xarpa."}).status(), "REFUSED");
  EXPECT_EQ(test::ask(*arpa_only, {.name = "arpa.", .type = SOA}).status(), "NOERROR aa");
  EXPECT_EQ(test::ask(*arpa_only, {.name = "arpa.", .type = DS}).status(), "NOERROR aa");
}

TEST_F(Answers, CaseOfTheQuestionDoesNotMatter) {
  EXPECT_EQ(ask("wWw.ALPHA.", A).status(), "NOERROR");
  EXPECT_THAT(ask("wWw.ALPHA.", A).additional.size(), 4U);
  EXPECT_EQ(ask("AAA.", A).status(), "NXDOMAIN aa");
}

}  // namespace
}  // namespace imrs::image
