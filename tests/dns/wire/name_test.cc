// Domain names: RFC 1035 section 5.1, RFC 4034 section 6.1, RFC 4343.
#include "dns/wire/name.h"

#include <gmock/gmock.h>

#include <algorithm>

namespace imrs::wire {
namespace {

Name name(std::string_view text) {
  auto parsed = Name::parse(text);
  EXPECT_TRUE(parsed.ok()) << text;
  return parsed ? *parsed : Name();
}

std::vector<std::uint8_t> octets(std::string_view text) { return {text.begin(), text.end()}; }

std::string labels(std::size_t count, std::size_t size) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += std::string(size, 'a') + ".";
  return out;
}

TEST(Name, OrderIsThatOfRfc4034Section6) {
  const std::vector<Name> want = {
      name("example."),         name("a.example."),      name("yljkjljk.a.example."),
      name("Z.a.example."),     name("zABC.a.EXAMPLE."), name("z.example."),
      name("\\001.z.example."), name("*.z.example."),    name("\\200.z.example.")};
  std::vector<Name> sorted(want.rbegin(), want.rend());
  std::ranges::sort(sorted);
  for (std::size_t i = 0; i < want.size(); ++i) EXPECT_EQ(sorted[i].text(), want[i].text());
}

TEST(Name, ParsesAndPrints) {
  const struct {
    const char* description;
    const char* input;
    const char* want;
  } cases[] = {
      {"root", ".", "."},
      {"final dot is optional", "a.b", "a.b."},
      {"case is kept", "CoM.", "CoM."},
      {"escaped dot stays in its label", "a\\.b.c.", "a\\.b.c."},
      {"decimal escape", "\\000\\255x.", "\\000\\255x."},
      {"decimal escape of a plain letter", "\\097.", "a."},
      {"space needs no escape when read", "a b.", "a\\032b."},
      {"characters a master file needs escaped", "\\@\\$\\;\\(\\).", "\\@\\$\\;\\(\\)."},
  };
  for (const auto& c : cases) {
    const auto parsed = Name::parse(c.input);
    ASSERT_TRUE(parsed.ok()) << c.description;
    EXPECT_EQ(parsed->text(), c.want) << c.description;
    EXPECT_EQ(Name::parse(parsed->text())->text(), c.want) << c.description;
  }
}

TEST(Name, RefusesWhatIsNoName) {
  const struct {
    const char* description;
    std::string input;
    const char* reason;
  } cases[] = {
      {"empty", "", "is empty"},
      {"two dots", "a..b", "empty label"},
      {"leading dot", ".a", "empty label"},
      {"escape at the end", "a\\", "broken escape"},
      {"escape over 255", "\\256", "broken escape"},
      {"escape cut", "\\12", "broken escape"},
      {"label of 64", std::string(64, 'x') + ".", "over 63 octets"},
      {"256 octets", labels(3, 63) + std::string(62, 'b') + ".", "over 255 octets"},
  };
  for (const auto& c : cases) {
    const auto parsed = Name::parse(c.input);
    ASSERT_FALSE(parsed.ok()) << c.description;
    EXPECT_EQ(parsed.error().code, Errc::InvalidInput) << c.description;
    EXPECT_THAT(parsed.error().message, testing::HasSubstr(c.reason)) << c.description;
  }
}

TEST(Name, HoldsTheLongestNames) {
  EXPECT_EQ(name(labels(3, 63) + std::string(61, 'b')).size(), kMaxNameSize);
  const Name most_labels = name(labels(127, 1));
  EXPECT_EQ(most_labels.size(), kMaxNameSize);
  EXPECT_EQ(most_labels.label_count(), 127U);
  EXPECT_TRUE(most_labels.is_within(most_labels.suffix(126)));
  EXPECT_FALSE(most_labels.child(octets("x")).ok());
}

TEST(Name, FromWire) {
  using namespace std::string_view_literals;
  const struct {
    const char* description;
    std::string_view input;
    const char* want;  // nullptr: refused
  } cases[] = {
      {"root, more follows", "\0xyz"sv, "."},
      {"one label", "\3com\0rest"sv, "com."},
      {"nothing", ""sv, nullptr},
      {"label cut", "\3co"sv, nullptr},
      {"no root label", "\3com"sv, nullptr},
      {"pointer", "\3www\xC0\x0C\0"sv, nullptr},
      {"label type 01", "\x41\x01\0"sv, nullptr},
      {"label type 10", "\x80\0\0"sv, nullptr},
  };
  for (const auto& c : cases) {
    const auto bytes = octets(c.input);
    const auto read = Name::from_wire(bytes);
    ASSERT_EQ(read.ok(), c.want != nullptr) << c.description;
    if (!read) continue;
    EXPECT_EQ(read->text(), c.want) << c.description;
  }
}

TEST(Name, FromWireKeepsTheLimitOf255) {
  std::vector<std::uint8_t> wire;
  for (int i = 0; i < 127; ++i) wire.insert(wire.end(), {1, 'a'});
  wire.push_back(0);
  EXPECT_TRUE(Name::from_wire(wire).ok());
  wire.insert(wire.begin(), {1, 'a'});
  EXPECT_FALSE(Name::from_wire(wire).ok());
}

TEST(Name, IsWithin) {
  const struct {
    const char* name;
    const char* ancestor;
    bool want;
  } cases[] = {
      {"com.", ".", true},
      {".", ".", true},
      {".", "com.", false},
      {"a.COM.", "com.", true},
      {"com.", "com.", true},
      {"xcom.", "com.", false},
      {"a.b.c.", "b.c.", true},
      {"ab.c.", "b.c.", false},
      {"b.c.", "a.b.c.", false},
      // The octets of "c." end this name, but inside a label: 1 'c' 0 in "x\001c".
      {"x\\001c.", "c.", false},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(name(c.name).is_within(name(c.ancestor)), c.want) << c.name << " in " << c.ancestor;
  }
}

TEST(Name, ComparesWithoutCaseOfAsciiOnly) {
  EXPECT_EQ(name("ExAmPlE."), name("eXaMpLe."));
  EXPECT_NE(name("[."), name("{."));          // differ by 0x20, and are no letters
  EXPECT_NE(name("\\193."), name("\\225."));  // beyond ASCII
  EXPECT_EQ(name("CoM.").lower().text(), "com.");
  EXPECT_EQ(name("CoM.").text(), "CoM.");
}

TEST(Name, Parts) {
  const Name deep = name("a.b.c.");
  EXPECT_EQ(deep.parent().text(), "b.c.");
  EXPECT_TRUE(Name().parent().is_root());
  EXPECT_EQ(deep.suffix(0).text(), ".");
  EXPECT_EQ(deep.suffix(2).text(), "b.c.");
  EXPECT_EQ(deep.suffix(9).text(), "a.b.c.");
  EXPECT_EQ(deep.child(octets("x")).value().text(), "x.a.b.c.");
  EXPECT_FALSE(deep.child(octets("")).ok());
  EXPECT_TRUE(name("*.a.").is_wildcard());
  EXPECT_FALSE(name("**.a.").is_wildcard());
  EXPECT_FALSE(name("a.*.").is_wildcard());
}

}  // namespace
}  // namespace imrs::wire
