#include "agent/config/address.h"

#include <gtest/gtest.h>

namespace imrs {
namespace {

struct Case {
  const char* input;
  const char* want;  // canonical text, or a substring of the error after "!"
};

template <typename T, typename Text>
void check(const Case& c, Result<T> (*parse)(std::string_view), Text text) {
  const auto got = parse(c.input);
  const std::string want = c.want;
  if (want.front() == '!') {
    ASSERT_FALSE(got.ok()) << c.input;
    EXPECT_NE(got.error().message.find(want.substr(1)), std::string::npos)
        << c.input << ": " << got.error().message;
  } else {
    ASSERT_TRUE(got.ok()) << c.input << ": " << got.error().message;
    EXPECT_EQ(text(*got), want) << c.input;
  }
}

TEST(Address, IsCanonical) {
  for (const Case& c : {Case{"199.7.83.42", "199.7.83.42"}, Case{"2001:0500:009F:0::42", "2001:500:9f::42"},
                        Case{"", "!is not an IPv4 or IPv6 address"}, Case{"199.7.83", "!is not"},
                        Case{"199.7.83.256", "!is not"}, Case{"199.7.83.42 ", "!is not"}}) {
    check<IpAddress>(c, parse_address, [](const IpAddress& a) { return a.text; });
  }
}

TEST(Prefix, HasNoHostBits) {
  for (const Case& c :
       {Case{"199.7.82.0/23", "199.7.82.0/23"}, Case{"2001:500:9e::/47", "2001:500:9e::/47"},
        Case{"0.0.0.0/0", "0.0.0.0/0"}, Case{"199.7.83.0/23", "!has host bits set"},
        Case{"2001:500:9f::/47", "!has host bits set"}, Case{"199.7.83.0", "!ADDRESS/LENGTH"},
        Case{"199.7.83.0/33", "!no valid prefix length"}, Case{"199.7.83.0/", "!no valid prefix length"},
        Case{"199.7.83.0/-1", "!no valid prefix length"}, Case{"x/24", "!is not an IPv4"}}) {
    check<Prefix>(c, parse_prefix, [](const Prefix& p) { return p.text; });
  }
}

TEST(Endpoint, NeedsBracketsForIpv6Only) {
  for (const Case& c : {Case{"127.0.0.1:9053", "127.0.0.1 9053"},
                        Case{"[2001:db8::1]:8080", "2001:db8::1 8080"}, Case{"127.0.0.1", "!ADDRESS:PORT"},
                        Case{"127.0.0.1:0", "!ADDRESS:PORT"}, Case{"127.0.0.1:65536", "!ADDRESS:PORT"},
                        Case{"[127.0.0.1]:80", "!ADDRESS:PORT"}, Case{"2001:db8::1:8080", "!ADDRESS:PORT"}}) {
    check<Endpoint>(c, parse_endpoint,
                    [](const Endpoint& e) { return e.address.text + " " + std::to_string(e.port); });
  }
}

TEST(Primary, MayNameAPort) {
  for (const Case& c : {Case{"192.0.2.1", "192.0.2.1 53"}, Case{"2001:db8::1@5353", "2001:db8::1 5353"},
                        Case{"192.0.2.1@", "!no valid port"}, Case{"192.0.2.1@0", "!no valid port"}}) {
    check<PrimaryConfig>(c, parse_primary, [](const PrimaryConfig& p) {
      return p.address.text + " " + std::to_string(p.port);
    });
  }
}

TEST(Prefix, Contains) {
  const auto holds = [](const char* prefix, const char* address) {
    return contains(*parse_prefix(prefix), *parse_address(address));
  };
  EXPECT_TRUE(holds("199.7.82.0/23", "199.7.83.42"));
  EXPECT_FALSE(holds("199.7.82.0/24", "199.7.83.42"));
  EXPECT_TRUE(holds("2001:500:9e::/47", "2001:500:9f::42"));
  EXPECT_FALSE(holds("2001:500:9e::/48", "2001:500:9f::42"));
  EXPECT_FALSE(holds("0.0.0.0/0", "::1"));
}

TEST(Loopback, IsToldFromTheRest) {
  EXPECT_TRUE(is_loopback(*parse_address("127.8.9.1")));
  EXPECT_TRUE(is_loopback(*parse_address("::1")));
  EXPECT_FALSE(is_loopback(*parse_address("128.0.0.1")));
  EXPECT_FALSE(is_loopback(*parse_address("::2")));
}

}  // namespace
}  // namespace imrs
