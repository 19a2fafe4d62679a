// Trust anchors: reading, changing, and a roll of the key signing key, each step in the right order and in
// the wrong one.
#include "agent/remote/anchors.h"

#include <gmock/gmock.h>

#include "signed_keys.h"

namespace imrs::remote {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kNow = 1'795'780'800;
constexpr const char* kRootDs =
    ". 172800 IN DS 20326 8 2 e06d44b80b8f1d39a95c0b0d7c65d08458e880409bbc683457104237c7f8ec8d\n";
const wire::Name kRoot;

Anchors parsed(const std::string& text) {
  auto anchors = parse_anchors(text, "test");
  EXPECT_TRUE(anchors) << anchors.error().message;
  return anchors ? *anchors : Anchors();
}

std::vector<std::uint16_t> tags(const Anchors& anchors) {
  std::vector<std::uint16_t> out;
  for (const Anchor& one : anchors) out.push_back(one.tag);
  return out;
}

TEST(Anchors, AreReadAndWritten) {
  const SigningKey key;
  const Anchors all = parsed("; a comment\n" + std::string(kRootDs) + "\n" + key.dnskey());
  EXPECT_THAT(tags(all), testing::ElementsAre(20326, key.tag()));
  EXPECT_TRUE(parsed("").empty());
  EXPECT_TRUE(parsed("; nothing\n\n").empty());
  const std::string text = anchors_text(all);
  EXPECT_THAT(text, testing::StartsWith(";"));
  EXPECT_THAT(tags(parsed(text)), testing::ElementsAre(20326, key.tag()));
  EXPECT_EQ(anchors_text(parsed(text)), text);
  EXPECT_THAT(tags(parsed(". IN DS 20326 8 2 ( e06d44b80b8f1d39a95c0b0d7c65d084\n"
                          " 58e880409bbc683457104237c7f8ec8d )")),
              testing::ElementsAre(20326));
}

TEST(Anchors, WhatIsNoneIsRefusedWithItsLine) {
  const std::pair<const char*, const char*> cases[] = {
      {"another type", ". 1 IN A 192.0.2.1\n"},
      {"another class",
       ". 1 CH DS 20326 8 2 e06d44b80b8f1d39a95c0b0d7c65d08458e880409bbc683457104237c7f8ec8d\n"},
      {"not a record", "hello world, this is none\n"},
      {"a certificate", "-----BEGIN CERTIFICATE-----\nMIIB\n"},
      {"a digest cut off", ". 1 IN DS 20326 8 2\n"},
      {"digits that are none", ". 1 IN DS 20326 8 2 zz\n"},
  };
  for (const auto& [description, text] : cases) {
    const auto anchors = parse_anchors(kRootDs + std::string(text), "the file");
    ASSERT_FALSE(anchors) << description;
    EXPECT_THAT(anchors.error().message, HasSubstr("the file line ")) << description;
  }
}

TEST(Anchors, FreshOnesAreLookedAt) {
  const Anchors current = parsed(kRootDs);
  const std::pair<const char*, const char*> cases[] = {
      {"there already", kRootDs},
      {"no DS or DNSKEY record", ""},
      {"is of arpa., not of .",
       "arpa. IN DS 20326 8 2 e06d44b80b8f1d39a95c0b0d7c65d08458e880409bbc683457104237c7f8ec8d\n"},
      {"its digest must be", ". IN DS 1 8 1 e06d44b80b8f1d39a95c0b0d7c65d08458e88040\n"},
      {"its digest must be", ". IN DS 1 8 2 e06d44b80b8f1d39\n"},
      {"its algorithm is not supported",
       ". IN DS 1 5 2 e06d44b80b8f1d39a95c0b0d7c65d08458e880409bbc683457104237c7f8ec8d\n"},
      {"no zone key, or is revoked", ". IN DNSKEY 385 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=\n"},
      {"its algorithm is not supported", ". IN DNSKEY 257 3 200 AAAA\n"},
  };
  for (const auto& [want, text] : cases) {
    const auto added = with_added(current, parsed(text), kRoot);
    ASSERT_FALSE(added) << text;
    EXPECT_THAT(added.error().message, HasSubstr(want)) << text;
  }
  EXPECT_TRUE(with_replaced(current, parsed(kRootDs), kRoot)) << "what is replaced is not there any more";
}

TEST(Anchors, ThoseOfOtherZonesStay) {
  const std::string arpa =
      "arpa. IN DS 42581 8 2 f28391c1ed4dc0f151eddd251a3103dce0b9a5a251acf6e24073771d71f3c40f\n";
  const SigningKey key;
  const Anchors both = parsed(kRootDs + arpa);
  EXPECT_THAT(tags(*with_added(both, parsed(key.ds()), kRoot)),
              testing::ElementsAre(20326, 42581, key.tag()));
  EXPECT_THAT(tags(*with_replaced(both, parsed(key.ds()), kRoot)), testing::ElementsAre(42581, key.tag()));
  EXPECT_THAT(with_removed(both, 42581, kRoot).error().message, HasSubstr("there are: 20326"));
  EXPECT_THAT(with_removed(both, 20326, kRoot).error().message, HasSubstr("the last anchor of ."));
  EXPECT_THAT(tags(*with_removed(*with_added(both, parsed(key.ds()), kRoot), 20326, kRoot)),
              testing::ElementsAre(42581, key.tag()));
}

TEST(Anchors, AreBounded) {
  std::string text = kRootDs;
  for (int i = 0; i < 8; ++i) {
    text += ". IN DS " + std::to_string(i) +
            " 8 2 e06d44b80b8f1d39a95c0b0d7c65d08458e880409bbc683457104237c7f8ec8d\n";
  }
  EXPECT_THAT(with_replaced({}, parsed(text), kRoot).error().message, HasSubstr("more than 8 anchors"));
}

// Each state of the zone during a roll against each set of anchors, as DS and as DNSKEY.
TEST(Anchors, ARollOfTheKeySigningKey) {
  const SigningKey first, second;
  struct Case {
    const char* description;
    zone::RRset served;
    bool by_first, by_both, by_second;  // whether these anchors fit
  };
  const Case cases[] = {
      {"before", signed_set({&first}, {&first}, kNow), true, true, false},
      {"the second is published", signed_set({&first, &second}, {&first}, kNow), true, true, false},
      {"both sign", signed_set({&first, &second}, {&first, &second}, kNow), true, true, true},
      {"the second signs", signed_set({&first, &second}, {&second}, kNow), false, true, true},
      {"after", signed_set({&second}, {&second}, kNow), false, true, true},
  };
  for (const bool as_ds : {true, false}) {
    const std::string one = as_ds ? first.ds() : first.dnskey(), two = as_ds ? second.ds() : second.dnskey();
    for (const Case& at : cases) {
      EXPECT_EQ(anchors_fit(parsed(one), kRoot, at.served, kNow).ok(), at.by_first) << at.description;
      EXPECT_EQ(anchors_fit(parsed(one + two), kRoot, at.served, kNow).ok(), at.by_both) << at.description;
      EXPECT_EQ(anchors_fit(parsed(two), kRoot, at.served, kNow).ok(), at.by_second) << at.description;
    }
  }
}

TEST(Anchors, WhatIsSaidNamesTheKeys) {
  const SigningKey first, second;
  const auto served = signed_set({&first, &second}, {&first}, kNow);
  const auto fit = anchors_fit(parsed(first.ds() + second.ds() + kRootDs), kRoot, served, kNow);
  ASSERT_TRUE(fit);
  EXPECT_EQ(*fit, "key " + std::to_string(first.tag()) + " signs the zone's keys; key " +
                      std::to_string(second.tag()) +
                      " is in the zone and does not sign yet; key 20326 is not in the zone that is served");
  const auto wrong = anchors_fit(parsed(second.ds()), kRoot, served, kNow);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Errc::Refused);
  EXPECT_THAT(wrong.error().message, HasSubstr("signed by " + std::to_string(first.tag())));
}

TEST(Anchors, SignaturesCountWithinTheirDatesOnly) {
  const SigningKey key;
  const auto served = signed_set({&key}, {&key}, kNow);
  EXPECT_TRUE(anchors_fit(parsed(key.ds()), kRoot, served, kNow));
  for (const std::int64_t then : {kNow - 7200, kNow + 2 * 86400}) {
    const auto fit = anchors_fit(parsed(key.ds()), kRoot, served, then);
    ASSERT_FALSE(fit);
    EXPECT_THAT(fit.error().message, HasSubstr("no key that is valid now"));
  }
}

TEST(Anchors, AForgedSignatureDoesNotCount) {
  const SigningKey key;
  auto served = signed_set({&key}, {&key}, kNow);
  served.signatures.front().back() ^= 1;
  EXPECT_FALSE(anchors_fit(parsed(key.ds()), kRoot, served, kNow));
}

}  // namespace
}  // namespace imrs::remote
