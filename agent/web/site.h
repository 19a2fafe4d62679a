// agent/web/site.h
// What each listener serves: a path in, a reply out. Pure but for the files of finished days and of
// preflight. Nothing here changes anything, so there is nothing to protect from being asked.
//
// NOC   /  /api/bgp  /api/bgp/schema  /events.atom  /api/live  /assets/… ops   /  /metrics  /api/state
// /api/series  /api/now  /api/live  /rssac002/…  /assets/…
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "agent/snapshot/snapshot.h"
#include "agent/web/telemetry.h"

namespace imrs::web {

enum class Audience { Noc, Ops };
[[nodiscard]] std::string_view to_string(Audience audience);  // "noc", "ops"

// How the two listeners are used.
struct HttpCounts {
  std::array<std::map<unsigned, std::uint64_t>, 2> replies;  // [audience], by status
  std::array<std::uint64_t, 2> rejected{};                   // connections closed at once
};

struct Certificates {  // Unix times; 0: there is none
  std::int64_t server_not_after = 0, client_ca_not_after = 0;
};

struct View {
  const Snapshot* snapshot = nullptr;  // nothing before the first
  const Telemetry& telemetry;
  const HttpCounts& http;
  Certificates certificates;
  std::int64_t now_ms = 0;        // Unix time in ms
  std::string bird_zone = "UTC";  // see noc_page.h
};

struct Reply {
  unsigned status = 200;
  std::string_view content_type = "text/plain; charset=utf-8";
  std::string body;
  bool lives = false;  // what follows comes from the audience's LiveFeed
};

// `target` is the request's: path and query, or an absolute URI (RFC 9112 section 3.2). GET and HEAD get the
// same reply (the server leaves HEAD's body out); any other method gets 405.
[[nodiscard]] Reply answer(Audience audience, std::string_view method, std::string_view target,
                           const View& view);

// A reply that only says what went wrong.
[[nodiscard]] Reply failure(unsigned status, std::string_view words);

}  // namespace imrs::web
