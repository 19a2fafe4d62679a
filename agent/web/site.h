// agent/web/site.h
// What each listener serves: a path in, a reply out. Pure. Nothing here changes anything, so there is
// nothing to protect from being asked.
//
//   NOC   /  /api/bgp  /style.css
//   ops   /  /metrics  /api/state  /style.css
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/snapshot/snapshot.h"

namespace imrs::web {

enum class Audience { Noc, Ops };

struct View {
  const Snapshot* snapshot = nullptr;  // nothing before the first
  std::int64_t now_ms = 0;             // Unix time in ms
  std::string bird_zone = "UTC";       // see noc_page.h
};

struct Reply {
  unsigned status = 200;
  std::string_view content_type = "text/plain; charset=utf-8";
  std::string body;
};

// `target` is the request's: path and query, or an absolute URI (RFC 9112 section 3.2); the query is
// ignored. GET and HEAD get the same reply (the server leaves HEAD's body out); any other method gets 405.
[[nodiscard]] Reply answer(Audience audience, std::string_view method, std::string_view target,
                           const View& view);

// A reply that only says what went wrong.
[[nodiscard]] Reply failure(unsigned status, std::string_view words);

}  // namespace imrs::web
