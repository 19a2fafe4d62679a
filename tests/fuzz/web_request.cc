// What anybody may send to imrs-web, after Beast has cut it into method, target and fields: always a reply of
// a known kind, whatever is asked for. The first line is the method, the second the target, the third an
// Accept-Encoding field; the rest is read as an instance's RSSAC002 file.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "agent/rssac002/day.h"
#include "agent/web/gzip.h"
#include "agent/web/site.h"
#include "tests/fuzz/expect.h"

namespace {

using namespace imrs;

std::string_view line(std::string_view& rest) {
  const std::string_view one = rest.substr(0, rest.find('\n'));
  rest.remove_prefix(std::min(one.size() + 1, rest.size()));
  return one;
}

// Made once: what is asked for changes nothing of it.
struct Exhibit {
  UniqueFd memory = std::move(*counts::Pages::make(1));
  web::Telemetry telemetry{{}, std::move(*counts::Pages::map(memory.get(), 1, false)), [](const Error&) {}};
  web::HttpCounts http;
  Snapshot snapshot;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Exhibit exhibit;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const std::string_view method = line(rest), target = line(rest), encoding = line(rest);
  const web::View view{.snapshot = size % 2 == 0 ? &exhibit.snapshot : nullptr,
                       .telemetry = exhibit.telemetry,
                       .http = exhibit.http,
                       .certificates = {}};
  for (const web::Audience audience : {web::Audience::Noc, web::Audience::Ops}) {
    const web::Reply reply = web::answer(audience, method, target, view);
    const bool known = reply.status == 200 || reply.status == 400 || reply.status == 404 ||
                       reply.status == 405 || reply.status == 503;
    fuzz::expect(known, "a status that a page can have");
    fuzz::expect(reply.status != 200 || method == "GET" || method == "HEAD", "nothing but looking");
  }
  (void)web::takes_gzip(encoding);
  const auto day = rssac002::day_from_json(rest);
  fuzz::expect(!day || rssac002::day_from_json(rssac002::to_json(*day)).ok(), "what is read can be written");
  return 0;
}
