// What NSD, Knot and BIND said to signed queries, from tests/golden/transfer (made by the script there): our
// signature is the one that they took, theirs are right, and no octet of these may be another.
#include <gmock/gmock.h>

#include <sstream>

#include "dns/transfer/axfr.h"
#include "dns/transfer/ixfr.h"
#include "dns/transfer/tsig.h"
#include "dns/wire/protocol.h"
#include "tests/dns/transfer/messages.h"
#include "tests/dns/zone/zone_files.h"

namespace imrs::transfer {
namespace {

using test::Octets;
using testing::HasSubstr;

struct Capture {
  TsigKey key;
  std::int64_t time = 0;
  Octets query;
  std::vector<Octets> responses;
};

Octets from_hex(const std::string& hex) {
  Octets out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    out.push_back(static_cast<std::uint8_t>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return out;
}

Capture read(const std::string& name) {
  std::istringstream text(test::read_text(std::string(IMRS_GOLDEN_DIR) + "/transfer/" + name + ".capture"));
  Capture out;
  for (std::string line; std::getline(text, line);) {
    std::istringstream words(line);
    std::string what, first, second, third;
    words >> what >> first >> second >> third;
    if (what == "key") out.key = make_tsig_key(first, second, third).value();
    if (what == "time") out.time = std::stoll(first);
    if (what == "query") out.query = from_hex(first);
    if (what == "response") out.responses.push_back(from_hex(first));
  }
  EXPECT_FALSE(out.query.empty()) << name;
  EXPECT_FALSE(out.responses.empty()) << name;
  return out;
}

constexpr std::uint32_t kServed = 2;

Octets unsigned_query(const std::string& what) {
  const auto example = test::name("example.");
  if (what == "ixfr") return make_ixfr_query(test::kId, example, test::soa_rdata(1));
  return make_query(test::kId, example, what == "axfr" ? wire::rrtype::AXFR : wire::rrtype::SOA);
}

struct Named {
  std::string server, what, algorithm;
  [[nodiscard]] std::string file() const { return server + "-" + what + "-" + algorithm; }
};

std::vector<Named> all() {
  std::vector<Named> out;
  for (const char* server : {"nsd", "knot", "bind"}) {
    for (const char* algorithm : {"sha256", "sha384", "sha512"}) {
      for (const char* what : {"soa", "ixfr", "badsig"}) out.push_back({server, what, algorithm});
    }
    out.push_back({server, "axfr", "sha256"});
  }
  return out;
}

TEST(Captures, OurSignatureIsTheOneThatWasSent) {
  for (const Named& named : all()) {
    SCOPED_TRACE(named.file());
    const Capture capture = read(named.file());
    Octets query = unsigned_query(named.what);
    TsigClient(capture.key).sign(query, capture.time);
    EXPECT_EQ(query, capture.query);
  }
}

// Takes the signatures off the responses; what went wrong, or nothing.
std::string verify(const Capture& capture, std::vector<Octets>& responses) {
  TsigClient client(capture.key);
  Octets query = capture.query;
  CheckedRequest request = check_request(query, std::span(&capture.key, 1), capture.time).value();
  client.sign(query, capture.time);
  for (Octets& response : responses) {
    if (auto right = client.verify(response, capture.time); !right) return right.error().message;
  }
  return client.last_was_signed() ? "" : "the last message is not signed";
}

TEST(Captures, TheirSignaturesAreRight) {
  for (const Named& named : all()) {
    SCOPED_TRACE(named.file());
    const Capture capture = read(named.file());
    std::vector<Octets> responses = capture.responses;
    const std::string wrong = verify(capture, responses);
    if (named.what == "badsig") {
      EXPECT_THAT(wrong, HasSubstr("BADSIG"));
      continue;
    }
    EXPECT_EQ(wrong, "");
    Octets stream;
    for (const Octets& response : responses) stream = test::joined({stream, test::framed(response)});
    if (named.what == "soa") {
      EXPECT_EQ(read_soa_serial(responses.front(), test::kId, test::name("example.")).value(), kServed);
    } else if (named.what == "axfr") {
      EXPECT_GT(responses.size(), 1U) << "many messages";
      AxfrReader reader(test::name("example."), test::kId);
      ASSERT_TRUE(reader.feed(stream).ok());
      EXPECT_EQ(std::move(reader).finish().value().nodes.size(), 123U);
    } else {
      IxfrReader reader(test::name("example."), test::kId, test::soa_rdata(1));
      auto fed = reader.feed(stream);
      ASSERT_TRUE(fed.ok()) << fed.error().message;
      const auto response = std::move(reader).finish().value();
      ASSERT_TRUE(std::holds_alternative<Differences>(response));
      const auto& steps = std::get<Differences>(response);
      ASSERT_EQ(steps.size(), 1U);
      EXPECT_EQ(steps[0].removed.size(), 2U) << "the SOA and new1.example.";
      EXPECT_EQ(steps[0].added.size(), 2U);
    }
  }
}

TEST(Captures, NoOctetOfASignedResponseMayBeAnother) {
  for (const Named& named : all()) {
    if (named.what != "soa" && named.what != "ixfr") continue;
    SCOPED_TRACE(named.file());
    const Capture capture = read(named.file());
    for (std::size_t at = 0; at < capture.responses.front().size(); ++at) {
      std::vector<Octets> responses = capture.responses;
      responses.front()[at] ^= 0x01;
      // The ID of the message itself may differ: the one in the TSIG record is signed (RFC 8945 5.3.1).
      if (at < 2) continue;
      EXPECT_NE(verify(capture, responses), "") << "octet " << at;
    }
  }
}

}  // namespace
}  // namespace imrs::transfer
