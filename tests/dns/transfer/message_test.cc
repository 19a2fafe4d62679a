// Names and rdata in messages: compression where it is allowed, loops and overruns refused.
#include "dns/transfer/message.h"

#include <gmock/gmock.h>

#include "tests/dns/transfer/messages.h"

namespace imrs::transfer {
namespace {

using namespace test;

struct NameCase {
  const char* description;
  Octets octets;
  std::size_t at;
  const char* want;  // null: refused
  std::size_t end = 0;
};

TEST(ReadName, FollowsPointersBackwardsOnly) {
  const Octets longest = [] {  // four labels of 63 octets would be 257 with the root
    Octets out;
    for (int i = 0; i < 4; ++i) {
      out.push_back(63);
      out.insert(out.end(), 63, 'a');
    }
    out.push_back(0);
    return out;
  }();
  const NameCase cases[] = {
      {"root", {0}, 0, ".", 1},
      {"plain", {1, 'a', 1, 'b', 0}, 0, "a.b.", 5},
      {"pointer", {1, 'b', 0, 1, 'a', 0xc0, 0}, 3, "a.b.", 7},
      {"pointer alone", {1, 'b', 0, 0xc0, 0}, 3, "b.", 5},
      {"pointer to a pointer", {1, 'c', 0, 1, 'b', 0xc0, 0, 1, 'a', 0xc0, 3}, 7, "a.b.c.", 11},
      {"pointer into a name", {1, 'a', 1, 'b', 0, 0xc0, 2}, 5, "b.", 7},
      {"pointer to itself", {0xc0, 0}, 0, nullptr},
      {"two pointers at each other", {0xc0, 2, 0xc0, 0}, 2, nullptr},
      {"loop over a label", {1, 'a', 0xc0, 0}, 0, nullptr},
      {"loop by way of an earlier name", {1, 'a', 0xc0, 4, 0xc0, 0}, 4, nullptr},
      {"forwards", {0xc0, 2, 1, 'a', 0}, 0, nullptr},
      {"past the end", {1, 'a', 0xc0, 9}, 0, nullptr},
      {"pointer cut", {1, 'a', 0, 0xc0}, 3, nullptr},
      {"label cut", {3, 'a', 'b'}, 0, nullptr},
      {"no end", {1, 'a'}, 0, nullptr},
      {"label type 01", {0x41, 'a', 0}, 0, nullptr},
      {"label type 10", {0x81, 'a', 0}, 0, nullptr},
      {"over 255 octets", longest, 0, nullptr},
      {"starts behind the end", {0}, 1, nullptr},
  };
  for (const NameCase& c : cases) {
    SCOPED_TRACE(c.description);
    std::size_t position = c.at;
    auto got = read_name(c.octets, position);
    ASSERT_EQ(got.ok(), c.want != nullptr);
    if (c.want == nullptr) continue;
    EXPECT_EQ(got->text(), c.want);
    EXPECT_EQ(position, c.end);
  }
}

// Each to the one before it, and the first to the root.
Octets chain_of_pointers(int count) {
  Octets octets{0};
  for (std::size_t target = 0; count > 0; --count) {
    const std::size_t at = octets.size();
    octets.push_back(static_cast<std::uint8_t>(0xc0 | target >> 8));
    octets.push_back(static_cast<std::uint8_t>(target));
    target = at;
  }
  return octets;
}

TEST(ReadName, ALongChainOfPointersEnds) {
  const auto read = [](const Octets& octets) {
    std::size_t position = octets.size() - 2;
    return read_name(octets, position);
  };
  const auto longest = read(chain_of_pointers(127));
  ASSERT_TRUE(longest.ok());
  EXPECT_TRUE(longest->is_root());
  for (const int count : {128, 8000}) {
    const auto longer = read(chain_of_pointers(count));
    ASSERT_FALSE(longer.ok());
    EXPECT_THAT(longer.error().message, testing::HasSubstr("too many compression pointers"));
  }
}

// As a server would never write them, but may.
TEST(ReadName, APointerAfterEachLabelIsEnough) {
  Octets octets{0};
  std::size_t target = 0;
  for (int labels = 0; labels < 127; ++labels) {
    const std::size_t at = octets.size();
    octets.insert(octets.end(),
                  {1, 'a', static_cast<std::uint8_t>(0xc0 | target >> 8), static_cast<std::uint8_t>(target)});
    target = at;
  }
  std::size_t position = target;
  const auto got = read_name(octets, position);
  ASSERT_TRUE(got.ok()) << got.error().message;
  EXPECT_EQ(got->label_count(), 127U);
  EXPECT_EQ(position, octets.size());
}

constexpr std::size_t kQuestionName = 12;  // where "example." stands in every message here

Result<Record> only_answer(const Octets& answer) {
  static Octets body;
  body = message({.answers = {answer}});
  auto reader = MessageReader::open(body, kId, name("example."), wire::rrtype::AXFR, false);
  if (!reader) return reader.error();
  auto record = reader->next_answer();
  if (!record) return record;
  if (auto whole = reader->finish(); !whole) return whole.error();
  return record;
}

struct RdataCase {
  const char* description;
  std::uint16_t type;
  Octets rdata;
  std::optional<Octets> want;
};

TEST(MessageReader, DecompressesTheWellKnownTypes) {
  const std::uint8_t to = kQuestionName;
  const auto origin = name("example.");
  const Octets plain(origin.wire().begin(), origin.wire().end());
  const Octets numbers(20, 9);
  using namespace wire::rrtype;
  const RdataCase cases[] = {
      {"NS", NS, {2, 'n', 's', 0xc0, to}, joined({{2, 'n', 's'}, plain})},
      {"CNAME", CNAME, {0xc0, to}, plain},
      {"PTR", PTR, {0xc0, to}, plain},
      {"MX", MX, {0, 10, 0xc0, to}, joined({{0, 10}, plain})},
      {"SRV", SRV, {0, 1, 0, 2, 0, 3, 0xc0, to}, joined({{0, 1, 0, 2, 0, 3}, plain})},
      {"SOA", SOA, joined({{0xc0, to, 1, 'a', 0xc0, to}, numbers}),
       joined({plain, {1, 'a'}, plain, numbers})},
      {"TXT is opaque", TXT, {0xc0, to}, Octets{0xc0, to}},
      {"unknown is opaque (RFC 3597)", 4711, {0xc0, to}, Octets{0xc0, to}},
      {"NS into its own rdata", NS, {0xc0, 44}, std::nullopt},
      {"NS that runs out of its rdata", NS, {2, 'n'}, std::nullopt},
      {"NS whose pointer is cut by its length", NS, {0xc0}, std::nullopt},
      {"MX of one octet", MX, {0}, std::nullopt},
      {"empty NS", NS, {}, std::nullopt},
  };
  for (const RdataCase& c : cases) {
    SCOPED_TRACE(c.description);
    auto got = only_answer(record("example.", c.type, c.rdata));
    ASSERT_EQ(got.ok(), c.want.has_value());
    if (c.want) {
      EXPECT_EQ(got->rdata, *c.want);
    }
  }
}

TEST(MessageReader, DecompressesTheOwner) {
  const Octets owner{1, 'x', 0xc0, kQuestionName};
  auto got = only_answer(record(owner, wire::rrtype::A, Octets{192, 0, 2, 1}));
  ASSERT_TRUE(got.ok()) << got.error().message;
  EXPECT_EQ(got->owner, name("x.example."));
  EXPECT_EQ(got->ttl, 3600U);
}

TEST(MakeQuery, IsWhatThePrimaryExpects) {
  const Octets want{0x47, 0x11, 0,   0,   0,   1,   0,   0, 0, 0,   0, 0, 7,
                    'e',  'x',  'a', 'm', 'p', 'l', 'e', 0, 0, 252, 0, 1};
  EXPECT_EQ(make_query(kId, name("example."), wire::rrtype::AXFR), want);
}

}  // namespace
}  // namespace imrs::transfer
