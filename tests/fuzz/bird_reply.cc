// What BIRD writes, in two ways of cutting: the same replies, and bounded. First octet: how many octets
// arrive at a time; the rest is the stream. What comes out is read as each kind of table.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "bgp/protocols.h"
#include "bgp/reply.h"
#include "tests/fuzz/expect.h"

namespace {

using namespace imrs;

struct Seen {
  std::vector<bgp::Reply> replies;
  bool broken = false;
};

Seen read_in_parts(std::string_view stream, std::size_t part) {
  Seen seen;
  bgp::ReplyReader reader;
  while (!stream.empty() && !seen.broken) {
    seen.broken = !reader.feed(stream.substr(0, part));
    stream.remove_prefix(std::min(part, stream.size()));
    while (auto reply = reader.take_reply()) seen.replies.push_back(std::move(*reply));
    fuzz::expect(reader.take_async().size() <= bgp::ReplyReader::kMaxAsync, "async lines are bounded");
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Seen whole = read_in_parts(stream, 1), parts = read_in_parts(stream, data[0] + std::size_t{1});
  if (!whole.broken && !parts.broken) fuzz::expect(whole.replies == parts.replies, "cuts change nothing");
  for (const bgp::Reply& reply : whole.replies) {
    (void)bgp::parse_protocols(reply);
    (void)bgp::parse_session(reply);
    (void)bgp::parse_exported(reply);
  }
  return 0;
}
