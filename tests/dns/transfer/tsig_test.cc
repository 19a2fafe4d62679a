// Signatures of transactions: vectors of RFC 4231, and everything that can be wrong with a signed message.
#include "dns/transfer/tsig.h"

#include <gmock/gmock.h>

#include "tests/dns/transfer/messages.h"
#include "tests/support/answers.h"

namespace imrs::transfer {
namespace {

using test::Octets;
using testing::HasSubstr;
using Outcome = CheckedRequest::Outcome;

constexpr std::int64_t kNow = 1'790'000'000;
constexpr const char* kSecret = "MTIzNDU2Nzg5MDEyMzQ1Ng==";  // 16 octets

TsigKey key(const char* name = "lab.", const char* algorithm = "hmac-sha256", const char* secret = kSecret) {
  return make_tsig_key(name, algorithm, secret).value();
}

Octets octets_of(std::string_view text) { return {text.begin(), text.end()}; }

TEST(Tsig, Rfc4231Vectors) {
  const struct {
    Octets secret, data;
    const char *sha256, *sha384, *sha512;
  } cases[] = {
      {Octets(20, 0x0b), octets_of("Hi There"),
       "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
       "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6",
       "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d9"
       "14eeb61f1702e696c203a126854"},
      {octets_of("Jefe"), octets_of("what do ya want for nothing?"),
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
       "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
       "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab"
       "1a34d4a6b4b636e070a38bce737"},
  };
  for (const auto& c : cases) {
    TsigKey one{test::name("k."), TsigAlgorithm::HmacSha256, c.secret};
    EXPECT_EQ(hmac(one, c.data), test::from_hex(c.sha256));
    one.algorithm = TsigAlgorithm::HmacSha384;
    EXPECT_EQ(hmac(one, c.data), test::from_hex(c.sha384));
    one.algorithm = TsigAlgorithm::HmacSha512;
    EXPECT_EQ(hmac(one, c.data), test::from_hex(c.sha512));
  }
}

TEST(Tsig, Keys) {
  EXPECT_EQ(key().secret, octets_of("1234567890123456"));
  EXPECT_EQ(key("lab.", "hmac-sha512", "MTIzNDU2Nzg5MDEyMzQ1Njc=").secret, octets_of("12345678901234567"));
  for (const char* secret : {"", "MTIz", "MTIzNDU2Nzg5MDEyMzQ1Ng",
                             "MTIzNDU2Nzg5MDEyMzQ1Ng=", "!!IzNDU2Nzg5MDEyMzQ1Ng==", "MTIzNDU2Nzg5MDEyMzQ1",
                             "====", "MTIzNDU2Nzg5MDEyMzQ1N==="}) {
    const auto made = make_tsig_key("lab.", "hmac-sha256", secret);
    EXPECT_FALSE(made.ok()) << secret;
    if (*secret == '\0' || made) continue;
    EXPECT_EQ(made.error().message.find(secret), std::string::npos);
  }
  EXPECT_FALSE(make_tsig_key("lab.", "hmac-md5", kSecret).ok());
  EXPECT_FALSE(make_tsig_key("a..b", "hmac-sha256", kSecret).ok());
}

// A query by a client with `asking`, checked and answered by somebody who knows `known`.
struct Exchange {
  explicit Exchange(const TsigKey& asking, std::vector<TsigKey> known = {key()}, std::int64_t at = kNow)
      : client(asking), keys(std::move(known)) {
    client.sign(query, kNow);
    signed_query = query;
    request = check_request(query, keys, at).value();
  }
  // `count` messages, the first signed.
  Octets respond() const {
    Octets response = test::message({});
    sign_response(response, request, kNow);
    return response;
  }

  TsigClient client;
  std::vector<TsigKey> keys;
  Octets query = make_query(test::kId, test::name("example."), wire::rrtype::AXFR), signed_query;
  CheckedRequest request;
};

TEST(Tsig, BothSidesAgree) {
  for (const char* algorithm : {"hmac-sha256", "hmac-sha384", "hmac-sha512"}) {
    const TsigKey one = key("Lab.", algorithm);
    Exchange exchange(one, {key("other."), key("lAB.", algorithm)});
    ASSERT_EQ(exchange.request.outcome, Outcome::Good) << algorithm;
    EXPECT_EQ(exchange.query, make_query(test::kId, test::name("example."), wire::rrtype::AXFR));
    Octets response = exchange.respond();
    const auto verified = exchange.client.verify(response, kNow + 300);
    ASSERT_TRUE(verified.ok()) << verified.error().message;
    EXPECT_EQ(response, test::message({})) << "the TSIG is taken off";
    EXPECT_TRUE(exchange.client.last_was_signed());
  }
}

TEST(Tsig, RequestsThatAreRefused) {
  EXPECT_EQ(Exchange(key("nobody.")).request.outcome, Outcome::BadKey);
  EXPECT_EQ(Exchange(key("lab.", "hmac-sha384")).request.outcome, Outcome::BadKey);
  EXPECT_EQ(Exchange(key("lab.", "hmac-sha256", "MTIzNDU2Nzg5MDEyMzQ1Nw==")).request.outcome,
            Outcome::BadSignature);
  EXPECT_EQ(Exchange(key(), {key()}, kNow + 301).request.outcome, Outcome::BadTime);
  EXPECT_EQ(Exchange(key(), {key()}, kNow - 301).request.outcome, Outcome::BadTime);
  EXPECT_EQ(Exchange(key(), {key()}, kNow - 300).request.outcome, Outcome::Good);
  Octets plain = make_query(1, test::name("example."), wire::rrtype::SOA);
  EXPECT_EQ(check_request(plain, {}, kNow)->outcome, Outcome::NotSigned);
}

TEST(Tsig, NoOctetOfAResponseCanBeChanged) {
  Exchange exchange{key()};
  const Octets response = exchange.respond();
  for (std::size_t at = 0; at < response.size(); ++at) {
    if (at < 2) continue;  // the ID is the original ID's, which is signed; who asked compares it
    for (const int bit : {0x01, 0x20, 0x80}) {
      TsigClient client = exchange.client;
      Octets changed = response;
      changed[at] = static_cast<std::uint8_t>(changed[at] ^ bit);
      const bool lower_case = at > response.size() - 90 && bit == 0x20;  // of the names in the TSIG itself
      const auto verified = client.verify(changed, kNow);
      if (lower_case && verified) continue;
      EXPECT_FALSE(verified.ok()) << "octet " << at << " bit " << bit;
    }
  }
  for (std::size_t size = 0; size < response.size(); ++size) {
    TsigClient client = exchange.client;
    Octets cut(response.begin(), response.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_FALSE(client.verify(cut, kNow).ok()) << size;
  }
}

TEST(Tsig, WhatIsSaidOfARefusedResponse) {
  Exchange exchange{key()};
  const auto reason = [&](Octets response, std::int64_t now = kNow) {
    TsigClient client = exchange.client;
    const auto verified = client.verify(response, now);
    return verified ? std::string() : verified.error().message;
  };
  EXPECT_THAT(reason(test::message({})), HasSubstr("the answer is not signed"));
  EXPECT_THAT(reason(exchange.respond(), kNow + 400), HasSubstr("400 s away"));
  Exchange other(key("other."), {key("other.")});
  EXPECT_THAT(reason(other.respond()), HasSubstr("signed by other."));
  Exchange same_key{key()};
  same_key.request.mac[0] ^= 1;  // the answer to another question
  EXPECT_THAT(reason(same_key.respond()), HasSubstr("the signature is wrong"));
  // NOTAUTH with BADKEY comes unsigned.
  const Octets bad_key = test::from_hex(
      "4711 8409 0000 0000 0000 0001 03\"lab\"00 00fa 00ff 00000000 001d 0b\"hmac-sha256\"00 "
      "000000000001 012c 0000 4711 0011 0000");
  EXPECT_THAT(reason(bad_key), HasSubstr("BADKEY: it does not know that key"));
}

TEST(Tsig, AnExchangeEndsWithASignature) {
  Exchange exchange{key()};
  Octets first = exchange.respond();
  ASSERT_TRUE(exchange.client.verify(first, kNow).ok());
  for (int i = 0; i < 99; ++i) {
    Octets plain = test::message({});
    ASSERT_TRUE(exchange.client.verify(plain, kNow).ok()) << i;
    EXPECT_FALSE(exchange.client.last_was_signed());
  }
  Octets one_more = test::message({});
  const auto verified = exchange.client.verify(one_more, kNow);
  ASSERT_FALSE(verified.ok());
  EXPECT_THAT(verified.error().message, HasSubstr("99"));
}

}  // namespace
}  // namespace imrs::transfer
