// RFC 9018's own examples, and everything a client can do wrong with a cookie.
#include "dns/answer/cookies.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>

#include "dns/answer/responder.h"
#include "dns/wire/protocol.h"
#include "tests/support/answers.h"
#include "tests/support/test_zones.h"

namespace imrs::answer {
namespace {

using test::from_hex;
using test::Octets;
using test::to_hex;

constexpr const char* kSecret = "e5e973e5a6b2a43f48e7dc849e37bfcf";
constexpr const char* kOtherSecret = "445536bcd2513298075a5d379663c962";
constexpr const char* kClient = "2464c4abcf10c957";
constexpr std::uint32_t kNow = 1559731985;

CookieSecrets secrets(std::initializer_list<const char*> texts) {
  CookieSecrets out;
  for (const char* text : texts) {
    const Octets octets = from_hex(text);
    std::ranges::copy(octets, out.secrets[out.count++].begin());
  }
  return out;
}

Octets address(const char* text) {
  Octets out(16);
  if (::inet_pton(AF_INET, text, out.data()) == 1)
    out.resize(4);
  else
    EXPECT_EQ(::inet_pton(AF_INET6, text, out.data()), 1) << text;
  return out;
}

// The reference's test vectors: key 00 01 .. 0f, message 00 01 .. of that length.
TEST(SipHash, ReferenceVectors) {
  const struct {
    std::size_t size;
    std::uint64_t want;
  } cases[] = {{0, 0x726fdb47dd0e0e31}, {1, 0x74f839c593dc67fd}, {2, 0x0d6c8009d9a94f5a},
               {7, 0xab0200f58b01d137}, {8, 0x93f5f5799a932462}, {15, 0xa129ca6149be45e5}};
  SipKey key;
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::uint8_t>(i);
  Octets message;
  for (std::size_t i = 0; i < 64; ++i) message.push_back(static_cast<std::uint8_t>(i));
  for (const auto& c : cases) {
    EXPECT_EQ(siphash24(key, std::span(message).first(c.size)), c.want) << c.size;
  }
}

// RFC 9018 appendix A.
TEST(Cookies, ExamplesOfTheRfc) {
  const struct {
    const char* description;
    std::initializer_list<const char*> secrets;
    const char* client;
    const char* cookie;
    std::uint32_t now;
    CookieState state;
    const char* want;
  } cases[] = {
      {"A.1: a new one",
       {kSecret},
       "198.51.100.100",
       "2464c4abcf10c957",
       1559731985,
       CookieState::ClientOnly,
       "2464c4abcf10c957010000005cf79f111f8130c3eee29480"},
      {"A.2: renewed after 40 minutes",
       {kSecret},
       "198.51.100.100",
       "2464c4abcf10c957010000005cf79f111f8130c3eee29480",
       1559734385,
       CookieState::Valid,
       "2464c4abcf10c957010000005cf7a871d4a564a1442aca77"},
      {"A.3: the reserved octets are in the hash; too old by now",
       {kSecret},
       "203.0.113.203",
       "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5",
       1559734700,
       CookieState::Invalid,
       "fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e"},
      {"A.3: when it was made",
       {kSecret},
       "203.0.113.203",
       "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5",
       1559728000,
       CookieState::Valid,
       "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5"},
      {"A.4: IPv6, made with the secret before",
       {kOtherSecret, "dd3bdf9344b678b185a6f5cb60fca715"},
       "2001:db8:220:1:59de:d0f4:8769:82b8",
       "22681ab97d52c298010000005cf7c57926556bd0934c72f8",
       1559741961,
       CookieState::Valid,
       "22681ab97d52c298010000005cf7c609a6bb79d16625507a"},
  };
  for (const auto& c : cases) {
    const CookieReply reply = check_cookie(secrets(c.secrets), from_hex(c.cookie), address(c.client), c.now);
    EXPECT_EQ(reply.state, c.state) << c.description;
    const bool fresh = c.state == CookieState::Valid && std::string(c.want) == c.cookie;
    if (std::string(c.description).starts_with("A.4")) continue;  // its cookie is 144 s old: see below
    EXPECT_EQ(to_hex(reply.option), to_hex(from_hex(c.want))) << c.description << fresh;
  }
}

TEST(Cookies, AFreshOneGoesBackAsItCame) {
  const CookieSecrets both = secrets({kOtherSecret, "dd3bdf9344b678b185a6f5cb60fca715"});
  const Octets cookie = from_hex("22681ab97d52c298010000005cf7c57926556bd0934c72f8");
  const Octets client = address("2001:db8:220:1:59de:d0f4:8769:82b8");
  EXPECT_EQ(to_hex(check_cookie(both, cookie, client, 1559741961).option), to_hex(cookie));
  // RFC 9018 A.4 renews it: what a renewal gives is what a client without one gets.
  const Octets bare = from_hex("22681ab97d52c298");
  EXPECT_EQ(to_hex(check_cookie(both, bare, client, 1559741961).option),
            to_hex(from_hex("22681ab97d52c298010000005cf7c609a6bb79d16625507a")));
}

TEST(Cookies, WhatIsNotValid) {
  const std::string good = "2464c4abcf10c957010000005cf79f111f8130c3eee29480";
  const struct {
    const char* description;
    std::string cookie;
    const char* client;
    std::uint32_t now;
    CookieState state;
  } cases[] = {
      {"as made", good, "198.51.100.100", kNow, CookieState::Valid},
      {"an hour later", good, "198.51.100.100", kNow + 3600, CookieState::Valid},
      {"a second more", good, "198.51.100.100", kNow + 3601, CookieState::Invalid},
      {"5 minutes ahead", good, "198.51.100.100", kNow - 300, CookieState::Valid},
      {"a second more", good, "198.51.100.100", kNow - 301, CookieState::Invalid},
      {"another client", good, "198.51.100.101", kNow, CookieState::Invalid},
      {"another family", good, "2001:db8::1", kNow, CookieState::Invalid},
      {"another client cookie", "25" + good.substr(2), "198.51.100.100", kNow, CookieState::Invalid},
      {"version 2", good.substr(0, 16) + "02" + good.substr(18), "198.51.100.100", kNow,
       CookieState::Invalid},
      {"hash", good.substr(0, 46) + "81", "198.51.100.100", kNow, CookieState::Invalid},
      {"longer", good + "00", "198.51.100.100", kNow, CookieState::Invalid},
      {"shorter", good.substr(0, 32), "198.51.100.100", kNow, CookieState::Invalid},
      {"no server cookie", good.substr(0, 16), "198.51.100.100", kNow, CookieState::ClientOnly},
  };
  for (const auto& c : cases) {
    const CookieReply reply = check_cookie(secrets({kSecret}), from_hex(c.cookie), address(c.client), c.now);
    EXPECT_EQ(reply.state, c.state) << c.description;
    const Octets back(reply.option.begin(), reply.option.end());
    EXPECT_EQ(check_cookie(secrets({kSecret}), back, address(c.client), c.now).state, CookieState::Valid)
        << c.description << ": what goes back is good";
  }
}

TEST(Cookies, NoSecretNoCookies) {
  EXPECT_EQ(check_cookie({}, from_hex(kClient), address("192.0.2.1"), kNow).state, CookieState::None);
}

TEST(Cookies, TheTimeGoesOnAfter2106) {
  const auto client = address("192.0.2.1");
  const CookieReply before = check_cookie(secrets({kSecret}), from_hex(kClient), client, 0xFFFFFFFF);
  const CookieReply after = check_cookie(secrets({kSecret}), before.option, client, 10);
  EXPECT_EQ(after.state, CookieState::Valid);
}

// In messages. The query's OPT with that option data; the response as hex.
class Messages : public testing::Test {
 protected:
  std::string ask(const std::string& head, const std::string& options, Transport transport = Transport::Udp) {
    static const auto image = test::image_of(test::three_zones());
    const Octets data = from_hex(options);
    const Octets length{static_cast<std::uint8_t>(data.size() >> 8), static_cast<std::uint8_t>(data.size())};
    const Octets query = from_hex(head + " 00 0029 1000 00000000 " + to_hex(length) + options);
    Octets out(kMaxResponse);
    outcome_ = respond(
        {.image = *image, .identity = identity_, .cookies = secrets_, .now = kNow, .keepalive = 100},
        {transport, client_}, query, out);
    out.resize(outcome_.size);
    return to_hex(out);
  }

  const Identity identity_{"lab01", "IMRS"};
  const CookieSecrets secrets_ = secrets({kSecret});
  const Octets client_ = address("198.51.100.100");
  Outcome outcome_;
};

constexpr const char* kQuestion = "1234 0000 0001 0000 0000 0001 00 0006 0004";  // class HS: a short answer
constexpr const char* kNoQuestion = "1234 0000 0000 0000 0000 0001";

TEST_F(Messages, CookiesAndKeepalive) {
  const std::string good = "2464c4abcf10c957010000005cf79f111f8130c3eee29480";
  const std::string refused = "1234 8005 0001 0000 0000 0001 00 0006 0004 00 0029 04d0 00000000 ";
  const struct {
    const char* description;
    const char* head;
    std::string options;
    Transport transport;
    std::string want;
  } cases[] = {
      {"client cookie: a server cookie comes back", kQuestion, "000a 0008 2464c4abcf10c957", Transport::Udp,
       refused + "0022 000a 0018 " + good + " 000f 0002 0015"},
      {"only the first cookie counts", kQuestion, "000a 0008 2464c4abcf10c957 000a 0001 00", Transport::Udp,
       refused + "0022 000a 0018 " + good + " 000f 0002 0015"},
      {"no question: NOERROR and a cookie", kNoQuestion, "000a 0008 2464c4abcf10c957", Transport::Udp,
       "1234 8000 0000 0000 0000 0001 00 0029 04d0 00000000 001c 000a 0018 " + good},
      {"no question, a bad cookie: BADCOOKIE", kNoQuestion,
       "000a 0018 2464c4abcf10c957 010000005cf79f11 0000000000000000", Transport::Udp,
       "1234 8007 0000 0000 0000 0001 00 0029 04d0 01000000 001c 000a 0018 " + good},
      {"keepalive by TCP: 10 seconds", kQuestion, "000b 0000", Transport::Tcp,
       refused + "000c 000b 0002 0064 000f 0002 0015"},
      {"keepalive by UDP: ignored", kQuestion, "000b 0000", Transport::Udp, refused + "0006 000f 0002 0015"},
      {"keepalive with a time in it: ignored", kQuestion, "000b 0002 0064", Transport::Tcp,
       refused + "0006 000f 0002 0015"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(ask(c.head, c.options, c.transport), to_hex(from_hex(c.want))) << c.description;
  }
}

TEST_F(Messages, LengthsOfCookies) {
  for (std::size_t size = 1; size <= 48; ++size) {
    const Octets length{0, static_cast<std::uint8_t>(size)};
    ask(kQuestion, "000a " + to_hex(length) + to_hex(Octets(size, 7)));
    const bool legal = size == 8 || (size >= 16 && size <= 40);
    EXPECT_EQ(outcome_.rcode, legal ? wire::rcode::Refused : wire::rcode::FormErr) << size;
  }
}

TEST_F(Messages, ShortenedToQuestionAndOpt) {
  const Octets query = from_hex(
      "1234 0000 0001 0000 0000 0001 00 0006 0001 00 0029 1000 00008000 000c 000a 0008 2464c4abcf10c957");
  const auto image = test::image_of(test::three_zones());
  Octets out(kMaxResponse);
  Outcome outcome = respond({.image = *image, .identity = identity_, .cookies = secrets_, .now = kNow},
                            {Transport::Udp, client_}, query, out);
  ASSERT_NE(outcome.answer, 0U);
  ASSERT_GT(outcome.size, 100U);
  shorten(out, outcome);
  out.resize(outcome.size);
  EXPECT_EQ(to_hex(out),
            to_hex(from_hex("1234 8600 0001 0000 0000 0001 00 0006 0001 00 0029 04d0 00008000 001c 000a 0018 "
                            "2464c4abcf10c957010000005cf79f111f8130c3eee29480")));
  EXPECT_TRUE(outcome.truncated);
}

}  // namespace
}  // namespace imrs::answer
