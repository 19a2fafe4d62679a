// Shorter bodies for those who take them so.
#include "agent/web/gzip.h"

#include <gtest/gtest.h>
#include <zlib.h>

namespace imrs::web {
namespace {

// What a client makes of it; nothing if it is not one whole gzip member.
std::optional<std::string> unpacked(const std::string& packed, std::size_t size) {
  constexpr int kGzipOnly = 15 + 16;
  z_stream stream{};
  if (::inflateInit2(&stream, kGzipOnly) != Z_OK) return {};
  std::string in = packed, out(size + 1, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const bool whole = ::inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.avail_in == 0;
  out.resize(stream.total_out);
  ::inflateEnd(&stream);
  if (!whole) return {};
  return out;
}

TEST(Gzip, GoesThereAndBack) {
  std::string noise;
  std::uint32_t state = 1;
  for (int i = 0; i < 300'000; ++i)
    noise.push_back(static_cast<char>((state = state * 1664525 + 1013904223) >> 24));
  const std::pair<const char*, std::string> cases[] = {{"nothing", ""},
                                                       {"an octet", "a"},
                                                       {"zeros", std::string(1000, '\0')},
                                                       {"what cannot be made shorter", noise},
                                                       {"four megabytes", std::string(4 << 20, 'x')}};
  for (const auto& [what, body] : cases) {
    const auto packed = gzip(body);
    ASSERT_TRUE(packed) << what;
    const auto back = unpacked(*packed, body.size());
    ASSERT_TRUE(back) << what << ": not one whole gzip member";
    EXPECT_TRUE(*back == body) << what;
  }
}

TEST(Gzip, IsShorter) {
  std::string page;
  for (int i = 0; i < 500; ++i) page += "<tr><td>row " + std::to_string(i) + "</td></tr>\n";
  EXPECT_LT(gzip(page)->size(), page.size() / 4);
}

TEST(Gzip, WhoTakesIt) {
  const struct {
    const char* field;
    bool want;
  } cases[] = {
      {"gzip", true},
      {"GZIP", true},
      {"gzip, deflate, br", true},
      {"deflate, gzip", true},
      {"deflate,gzip", true},
      {"br, gzip;q=0.5", true},
      {"br;q=1.0, gzip; q=0.001", true},
      {"\tgzip\t;\tq=1", true},
      {"gzip;q=0", false},
      {"GZIP;q=0", false},
      {"gzip;Q=0", false},
      {"gzip; q=0.000", false},
      {"gzip ; q=0, br", false},
      {"", false},
      {",", false},
      {",,gzip", true},
      {"identity", false},
      {"xgzip", false},
      {"gzipx", false},
      {"br;gzip", false},
      {"br; q=0, identity", false},
  };
  for (const auto& c : cases) EXPECT_EQ(takes_gzip(c.field), c.want) << "\"" << c.field << "\"";
}

}  // namespace
}  // namespace imrs::web
