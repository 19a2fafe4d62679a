// Any octets as a query: the response keeps to its limit, answers that query, and can be read by ldns; also
// when it is shortened. First octet: 0 UDP, otherwise TCP; the rest is the message.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "dns/answer/query.h"
#include "dns/answer/responder.h"
#include "dns/wire/protocol.h"
#include "tests/fuzz/expect.h"
#include "tests/support/answers.h"
#include "tests/support/test_zones.h"

namespace {

using namespace imrs;

void check(const answer::Query& query, const test::Octets& response, std::size_t limit) {
  const bool wanted = query.verdict != answer::Verdict::Drop;
  fuzz::expect(wanted == !response.empty(), "answered exactly when the message deserves it");
  if (response.empty()) return;
  fuzz::expect(response.size() >= wire::kHeaderSize && response.size() <= limit, "size");
  fuzz::expect((response[2] & 0x80) != 0, "QR is set");
  fuzz::expect(test::read_response(response).readable, "ldns can read the response");
}

// With cookies, keepalive and all that makes OPT long.
test::Octets respond(const image::Image& image, std::span<const std::uint8_t> message, Transport transport,
                     bool shortened) {
  static const answer::Identity identity{std::string(64, 'n'), "IMRS"};
  static constexpr std::uint8_t kAddress[] = {192, 0, 2, 1};
  answer::CookieSecrets secrets;
  secrets.count = 1;
  test::Octets out(answer::kMaxResponse);
  answer::Outcome outcome = answer::respond(
      {.image = image, .identity = identity, .cookies = secrets, .now = 1, .keepalive = 100},
      {transport, kAddress}, message, out);
  if (shortened && outcome.answer != 0) answer::shorten(out, outcome);
  out.resize(outcome.size);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto image = test::image_of(test::three_zones());
  if (size == 0 || size > 65536) return 0;
  const Transport transport = data[0] == 0 ? Transport::Udp : Transport::Tcp;
  const std::span<const std::uint8_t> message(data + 1, size - 1);
  answer::Query query;
  answer::read_query(message, query);
  std::size_t limit = answer::kMaxResponse;
  if (transport == Transport::Udp) {
    limit = std::clamp<std::size_t>(query.edns.udp_size, wire::kMinUdpResponse, wire::kMaxUdpResponse);
  }
  check(query, respond(*image, message, transport, false), limit);
  check(query, respond(*image, message, transport, true), limit);
  return 0;
}
