// How a query message is read: goldens in hex, each with what it is.
#include "dns/answer/query.h"

#include <gmock/gmock.h>

#include "tests/support/answers.h"

namespace imrs::answer {

void PrintTo(Verdict verdict, std::ostream* out) { *out << static_cast<int>(verdict); }

namespace {

using test::from_hex;
using test::Octets;

Query read(const Octets& message) {
  Query query;
  read_query(message, query);
  return query;
}

// Header with the counts given, then what follows.
Octets message(const char* counts, const char* rest, const char* flags = "0000") {
  return from_hex(std::string("1234 ") + flags + counts + rest);
}

constexpr const char* kOne = "0001 0000 0000 0000";     // QD 1
constexpr const char* kOneAr = "0001 0000 0000 0001";   // QD 1, AR 1
constexpr const char* kComA = "03\"com\"00 0001 0001";  // com. A IN
#define OPT(size, ttl, rest) "00 0029 " size " " ttl " " rest
#define COM_A "03\"com\"00 0001 0001 "

// Names of every size, with every octet at every place of a group of eight.
TEST(ReadQuery, NamesInLowerCase) {
  std::uint8_t octet = 0;
  for (std::size_t size = 1; size <= wire::kMaxNameSize; ++size) {
    if (size == 2) continue;  // there is no such name
    Octets name;
    while (name.size() + 1 < size) {
      const std::size_t left = size - 1 - name.size();
      const std::size_t label = std::min<std::size_t>(left == 65 ? 62 : 63, left - 1);
      name.push_back(static_cast<std::uint8_t>(label));
      for (std::size_t i = 0; i < label; ++i) name.push_back(octet++);
    }
    name.push_back(0);
    Octets wire = message(kOne, "");
    wire.insert(wire.end(), name.begin(), name.end());
    wire.insert(wire.end(), {0, 1, 0, 1});
    const Query query = read(wire);
    ASSERT_EQ(query.verdict, Verdict::Question) << size;
    std::ranges::transform(name, name.begin(), wire::to_lower);
    EXPECT_THAT(std::span(query.name).first(query.name_size), testing::ElementsAreArray(name)) << size;
  }
}

TEST(ReadQuery, Verdicts) {
  const struct {
    const char* description;
    Octets input;
    Verdict want;
  } cases[] = {
      {"nothing", {}, Verdict::Drop},
      {"eleven octets", from_hex("1234 0000 0001 0000 0000 00"), Verdict::Drop},
      {"a response", message(kOne, kComA, "8000"), Verdict::Drop},
      {"header only, QDCOUNT 0", message("0000 0000 0000 0000", ""), Verdict::FormErr},
      {"QDCOUNT 0 and an OPT", message("0000 0000 0000 0001", OPT("04d0", "00000000", "0000")),
       Verdict::FormErr},
      {"QDCOUNT 1, absent", message(kOne, ""), Verdict::FormErr},
      {"QDCOUNT 2", message("0002 0000 0000 0000", COM_A COM_A), Verdict::FormErr},
      {"QDCOUNT 65535", message("ffff 0000 0000 0000", kComA), Verdict::FormErr},
      {"plain question", message(kOne, kComA), Verdict::Question},
      {"root question", message(kOne, "00 0002 0001"), Verdict::Question},
      {"all flags but QR and opcode", message(kOne, kComA, "07ff"), Verdict::Question},
      {"label cut", message(kOne, "3f\"abc\""), Verdict::FormErr},
      {"no root label", message(kOne, "03\"com\""), Verdict::FormErr},
      {"type cut", message(kOne, "03\"com\"00 00"), Verdict::FormErr},
      {"class cut", message(kOne, "03\"com\"00 0001 00"), Verdict::FormErr},
      {"pointer in the question", message(kOne, "c00c 0001 0001"), Verdict::FormErr},
      {"pointer after a label", message(kOne, "03\"www\"c00c 0001 0001"), Verdict::FormErr},
      {"label type 01", message(kOne, "4101 00 0001 0001"), Verdict::FormErr},
      {"label type 10", message(kOne, "8000 00 0001 0001"), Verdict::FormErr},
      {"trailing octets are ignored", message(kOne, COM_A "ffffff"), Verdict::Question},
      {"OPT", message(kOneAr, COM_A OPT("04d0", "00008000", "0000")), Verdict::Question},
      {"OPT counted, absent", message(kOneAr, kComA), Verdict::FormErr},
      {"OPT cut", message(kOneAr, COM_A "00 0029 04d0 0000"), Verdict::FormErr},
      {"OPT rdata past the end", message(kOneAr, COM_A OPT("04d0", "00000000", "0004 0003")),
       Verdict::FormErr},
      {"two OPTs",
       message("0001 0000 0000 0002", COM_A OPT("04d0", "00000000", "0000") OPT("04d0", "00000000", "0000")),
       Verdict::FormErr},
      {"OPT in the answer section", message("0001 0001 0000 0000", COM_A OPT("04d0", "00000000", "0000")),
       Verdict::FormErr},
      {"OPT in the authority section", message("0001 0000 0001 0000", COM_A OPT("04d0", "00000000", "0000")),
       Verdict::FormErr},
      {"OPT not at the root", message(kOneAr, COM_A "01\"a\"00 0029 04d0 00000000 0000"), Verdict::FormErr},
      {"EDNS version 1", message(kOneAr, COM_A OPT("04d0", "00010000", "0000")), Verdict::BadVersion},
      {"EDNS version 255 with DO", message(kOneAr, COM_A OPT("04d0", "00ff8000", "0000")),
       Verdict::BadVersion},
      {"option header cut", message(kOneAr, COM_A OPT("04d0", "00000000", "0003 000300")), Verdict::FormErr},
      {"option past its rdata", message(kOneAr, COM_A OPT("04d0", "00000000", "0004 0003000a")),
       Verdict::FormErr},
      {"record before the OPT, compressed owner",
       message("0001 0000 0000 0002",
               COM_A "c00c 0001 0001 00000001 0004 7f000001" OPT("04d0", "00000000", "0000")),
       Verdict::Question},
      {"record in the answer section", message("0001 0001 0000 0000", COM_A "c00c 0001 0001 00000001 0000"),
       Verdict::Question},
      {"owner with a pointer cut off", message(kOneAr, COM_A "c0"), Verdict::FormErr},
      {"opcode NOTIFY", message(kOne, kComA, "2000"), Verdict::Notify},
      {"no question, a cookie",
       message("0000 0000 0000 0001", OPT("04d0", "00000000", "000c 000a 0008 0102030405060708")),
       Verdict::CookieOnly},
      {"no question, no cookie", message("0000 0000 0000 0001", OPT("04d0", "00000000", "0000")),
       Verdict::FormErr},
      {"cookie of 4 octets", message(kOneAr, COM_A OPT("04d0", "00000000", "0008 000a 0004 01020304")),
       Verdict::FormErr},
      {"opcode UPDATE", message(kOne, kComA, "2800"), Verdict::NotImp},
      {"opcode STATUS", message(kOne, kComA, "1000"), Verdict::NotImp},
      {"opcode 15, nothing readable", message("ffff ffff ffff ffff", "ff", "7800"), Verdict::NotImp},
      // Key "k.", algorithm "h.", time, fudge, no MAC, ID, error, other.
      {"TSIG",
       message(kOneAr, COM_A "01\"k\"00 00fa 00ff 00000000 0013 01\"h\"00 000000000001 012c "
                             "0000 1234 0000 0000"),
       Verdict::BadKey},
      {"TSIG cut", message(kOneAr, COM_A "01\"k\"00 00fa 00ff 00000000 0005 01\"h\"00 0000"),
       Verdict::FormErr},
      {"TSIG with a compressed key name",
       message(kOneAr, COM_A "c000 00fa 00ff 00000000 0013 01\"h\"00 000000000001 012c "
                             "0000 1234 0000 0000"),
       Verdict::FormErr},
      {"TSIG with a compressed algorithm",
       message(kOneAr, COM_A "01\"k\"00 00fa 00ff 00000000 0012 c000 000000000001 012c "
                             "0000 1234 0000 0000"),
       Verdict::FormErr},
      {"TSIG that is not last",
       message("0001 0000 0000 0002", COM_A "01\"k\"00 00fa 00ff 00000000 0013 01\"h\"00 000000000001 "
                                            "012c 0000 1234 0000 0000" OPT("04d0", "00000000", "0000")),
       Verdict::FormErr},
  };
  for (const auto& c : cases) EXPECT_EQ(read(c.input).verdict, c.want) << c.description;
}

TEST(ReadQuery, NameIsLoweredAndMeasured) {
  const Query query = read(message(kOne, "03\"CoM\"00 00ff 0003"));
  EXPECT_EQ(query.name_size, 5U);
  EXPECT_EQ(query.question_size, 9U);
  EXPECT_EQ(std::string(query.name.begin() + 1, query.name.begin() + 4), "com");
  EXPECT_EQ(query.type, 255);
  EXPECT_EQ(query.qclass, 3);
}

TEST(ReadQuery, LongestNameAndOneOctetMore) {
  std::string labels;
  for (int i = 0; i < 127; ++i) labels += "01 61 ";
  EXPECT_EQ(read(message(kOne, (labels + "00 0001 0001").c_str())).name_size, 255U);
  EXPECT_EQ(read(message(kOne, ("01 61 " + labels + "00 0001 0001").c_str())).verdict, Verdict::FormErr);
}

TEST(ReadQuery, EdnsFields) {
  const Query query = read(
      message(kOneAr, COM_A OPT("1000", "00008000", "0010 000a0008 0102030405060708 0003 0000")));
  EXPECT_TRUE(query.edns.present);
  EXPECT_TRUE(query.edns.dnssec_ok);
  EXPECT_TRUE(query.edns.wants_nsid);
  EXPECT_EQ(query.edns.cookie_size, 8U);
  EXPECT_EQ(query.edns.cookie_at, 12U + 9 + 11 + 4);
  EXPECT_EQ(query.edns.udp_size, 4096);
  const Query plain = read(message(kOneAr, COM_A OPT("0200", "00007fff", "0000")));
  EXPECT_FALSE(plain.edns.dnssec_ok);
  EXPECT_FALSE(plain.edns.wants_nsid);
}

TEST(ReadQuery, OptOfAMessageThatCannotBeReadIsForgotten) {
  EXPECT_FALSE(read(message("0001 0000 0000 0002", COM_A OPT("04d0", "00008000", "0000"))).edns.present);
  // With no question the message can be read, and RFC 6891 section 7 wants an OPT back.
  EXPECT_TRUE(read(message("0000 0000 0000 0001", OPT("04d0", "00008000", "0000"))).edns.present);
}

}  // namespace
}  // namespace imrs::answer
