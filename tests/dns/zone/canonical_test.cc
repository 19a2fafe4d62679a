// Canonical rdata (RFC 4034 section 6.2), NSEC bitmaps and key tags.
#include "dns/zone/canonical.h"

#include <gmock/gmock.h>

#include "dns/wire/protocol.h"
#include "dns/zone/dnskey.h"
#include "dns/zone/nsec.h"

namespace imrs::zone {
namespace {

using namespace wire::rrtype;

struct Case {
  const char* description;
  std::uint16_t type;
  Rdata input, want;
};

TEST(CanonicalRdata, LowersNamesOfTheListedTypesOnly) {
  const Case cases[] = {
      {"NS", NS, {1, 'A', 0}, {1, 'a', 0}},
      {"MX keeps its preference", MX, {'A', 'B', 1, 'C', 0}, {'A', 'B', 1, 'c', 0}},
      {"SRV", SRV, {'A', 'A', 'A', 'A', 'A', 'A', 1, 'B', 0}, {'A', 'A', 'A', 'A', 'A', 'A', 1, 'b', 0}},
      {"NSEC is not lowered (RFC 6840 section 5.1)", NSEC, {1, 'A', 0, 0, 1, 0x40}, {1, 'A', 0, 0, 1, 0x40}},
      {"TXT is opaque", TXT, {1, 'A'}, {1, 'A'}},
      {"malformed is left alone", NS, {2, 'A'}, {2, 'A'}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.description);
    EXPECT_EQ(canonical_rdata(c.type, c.input), c.want);
  }
}

TEST(NsecRead, ReadsWindows) {
  auto nsec = Nsec::read({1, 'a', 0, 0, 6, 0x40, 0, 0, 0, 0, 3, 1, 1, 0x40});
  ASSERT_TRUE(nsec.ok()) << nsec.error().message;
  EXPECT_EQ(nsec->next, wire::Name::parse("a").value());
  EXPECT_EQ(nsec->types, (std::set<std::uint16_t>{A, RRSIG, NSEC, 257}));
}

TEST(NsecRead, RefusesBrokenBitmaps) {
  const std::pair<const char*, Rdata> cases[] = {
      {"empty window", {0, 0, 0}},
      {"window over 32 octets",
       [] {
         Rdata r{0, 0, 33};
         r.resize(36);
         return r;
       }()},
      {"window past the end", {0, 0, 2, 0x40}},
      {"no size", {0, 0}},
      {"name past the end", {5, 'a'}},
  };
  for (const auto& [description, rdata] : cases) {
    SCOPED_TRACE(description);
    EXPECT_FALSE(Nsec::read(rdata).ok());
  }
}

TEST(DnsKeyRead, SaysWhatMayBeUsed) {
  struct Flags {
    const char* description;
    Rdata rdata;
    bool usable, supported;
  };
  const auto ed25519 = [](std::uint8_t flags_high, std::uint8_t flags_low, std::uint8_t protocol) {
    Rdata rdata{flags_high, flags_low, protocol, 15};
    rdata.resize(36, 9);
    return rdata;
  };
  const Flags cases[] = {
      {"zone key", ed25519(1, 0, 3), true, true},
      {"secure entry point", ed25519(1, 1, 3), true, true},
      {"revoked (RFC 5011)", ed25519(1, 0x81, 3), false, true},
      {"not a zone key", ed25519(0, 0, 3), false, true},
      {"protocol is not 3", ed25519(1, 0, 2), false, true},
      {"key of a wrong size", {1, 0, 3, 15, 1, 2, 3}, true, false},
      {"P-256 point that is not on the curve",
       [] {
         Rdata r{1, 0, 3, 13};
         r.resize(68, 1);
         return r;
       }(),
       true, false},
      {"RSA without a modulus", {1, 0, 3, 8, 1, 3}, true, false},
      {"unknown algorithm", {1, 0, 3, 253, 1}, true, false},
  };
  for (const Flags& c : cases) {
    SCOPED_TRACE(c.description);
    auto key = DnsKey::from_rdata(c.rdata);
    ASSERT_TRUE(key.ok());
    EXPECT_EQ(key->usable(), c.usable);
    EXPECT_EQ(key->supported(), c.supported);
    EXPECT_FALSE(key->verifies(Rdata{1, 2, 3}, Rdata(64, 7)));
  }
  EXPECT_FALSE(DnsKey::from_rdata({1, 0, 3, 8}).ok());
}

}  // namespace
}  // namespace imrs::zone
