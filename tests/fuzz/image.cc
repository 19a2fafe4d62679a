// Any octets as an image, with size and digest made right: refused, or every question is answered within
// the image's bounds. Input: three octets of place and one of value, over a good image, again and again;
// where the first octet is 0xFF, the rest is the image itself.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>

#include "dns/image/digest.h"
#include "dns/image/expected.h"
#include "dns/image/image.h"
#include "dns/image/layout.h"
#include "tests/fuzz/expect.h"
#include "tests/support/answers.h"
#include "tests/support/test_zones.h"

namespace {

using namespace imrs;

test::Octets image_from(std::span<const std::uint8_t> input) {
  static const test::Octets good = test::image_octets(test::three_zones());
  if (!input.empty() && input[0] == 0xFF) return {input.begin() + 1, input.end()};
  test::Octets out = good;
  for (std::size_t at = 0; at + 4 <= input.size(); at += 4) {
    const std::size_t place = std::size_t{input[at]} << 16 | std::size_t{input[at + 1]} << 8 | input[at + 2];
    out[place % out.size()] = input[at + 3];
  }
  return out;
}

void make_right(test::Octets& octets) {
  if (octets.size() < sizeof(image::FileHeader)) return;
  image::FileHeader header;
  std::memcpy(&header, octets.data(), sizeof header);
  header.magic = image::kMagic;
  header.version = image::kFormatVersion;
  header.byte_order = image::kByteOrder;
  header.size = octets.size();
  std::memcpy(octets.data(), &header, sizeof header);
  header.digest = image::digest_of(octets);
  std::memcpy(octets.data(), &header, sizeof header);
}

void ask_everything(const image::Image& image) {
  for (const char* name : {".", "alpha.", "www.alpha.", "beta.", "nope.", "arpa.", "x.empty.zeta.", "zeta.",
                           "a.root-servers.net.", "zzzzzzzzzzzz."}) {
    for (const std::uint16_t type : {std::uint16_t{2}, std::uint16_t{6}, std::uint16_t{43}, std::uint16_t{46},
                                     std::uint16_t{255}, std::uint16_t{999}}) {
      for (const Transport transport : kTransports) {
        const auto query = test::query_octets({.name = name, .type = type, .dnssec_ok = true});
        const auto response = test::response_to(image, query, transport);
        fuzz::expect(transport == Transport::Tcp || response.size() <= 1232, "size over UDP");
      }
    }
  }
  (void)image.zones();
  const std::size_t questions = image::question_count(image);
  for (std::size_t i = 0; i < std::min<std::size_t>(questions, 40); ++i) {
    (void)image::expected_response(image, image::question_at(image, i), 1, 1232, false);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > (1U << 20)) return 0;
  test::Octets octets = image_from({data, size});
  make_right(octets);
  if (const auto image = image::Image::adopt(std::move(octets))) ask_everything(**image);
  return 0;
}
