// Called by the connection for bodies that are worth it.
#include "agent/web/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <cctype>

namespace imrs::web {
namespace {

constexpr int kGzip = 15 + 16;  // window bits, with gzip's header
constexpr int kMemory = 8;      // zlib's default

std::string compact_lower(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c != ' ' && c != '\t') out.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
  }
  return out;
}

// "q=0", "q=0.0", ...: not acceptable (RFC 9110 section 12.4.2).
bool is_refused(std::string_view parameters) {
  const std::size_t q = parameters.find(";q=");
  if (q == std::string_view::npos) return false;
  const std::string_view weight = parameters.substr(q + 3);
  return weight.find_first_not_of("0.") == std::string_view::npos;
}

}  // namespace

bool takes_gzip(std::string_view accept_encoding) {
  const std::string all = compact_lower(accept_encoding);
  std::string_view rest = all;
  while (!rest.empty()) {
    const std::string_view one = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(one.size() + 1, rest.size()));
    if (one.substr(0, one.find(';')) == "gzip") return !is_refused(one);
  }
  return false;
}

std::optional<std::string> gzip(std::string_view body) {
  z_stream stream{};
  if (::deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzip, kMemory, Z_DEFAULT_STRATEGY) != Z_OK)
    return {};
  std::string out(::deflateBound(&stream, body.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));  // zlib does not write there
  stream.avail_in = static_cast<uInt>(body.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const bool whole = ::deflate(&stream, Z_FINISH) == Z_STREAM_END;
  out.resize(stream.total_out);
  ::deflateEnd(&stream);
  if (!whole) return {};
  return out;
}

}  // namespace imrs::web
