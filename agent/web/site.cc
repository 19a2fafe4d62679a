// The table of pages. Called by the server for each request it has accepted.
#include "agent/web/site.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "agent/web/api_json.h"
#include "agent/web/assets.h"
#include "agent/web/bgp_json.h"
#include "agent/web/book_files.h"
#include "agent/web/event_feed.h"
#include "agent/web/frame.h"
#include "agent/web/metrics.h"
#include "agent/web/noc_page.h"
#include "agent/web/ops_page.h"
#include "agent/web/preflight_page.h"

namespace imrs::web {
namespace {

constexpr std::string_view kHtml = "text/html; charset=utf-8";
constexpr std::string_view kJson = "application/json";
constexpr std::string_view kAtom = "application/atom+xml; charset=utf-8";
constexpr std::string_view kYaml = "application/yaml";
constexpr std::string_view kMetrics = "text/plain; version=0.0.4; charset=utf-8";
constexpr std::string_view kNoState = "{\"error\": \"no state from the agent yet\"}\n";
constexpr std::int64_t kLeastSeries = 10, kMostSeries = 86400, kUsualSeries = 3600;  // seconds

struct Asked {
  std::string_view rest;  // of the path, after what stands in the table
  std::string_view query;
};

Reply noc_front(const View& view, const Asked&) {
  if (view.snapshot == nullptr) return {503, kHtml, waiting_page()};
  return {200, kHtml, noc_page(*view.snapshot, view.telemetry, view.now_ms, view.bird_zone)};
}

Reply bgp(const View& view, const Asked&) {
  if (view.snapshot == nullptr) return {503, kJson, std::string(kNoState)};
  return {200, kJson, bgp_json(*view.snapshot, view.telemetry, view.now_ms)};
}

Reply bgp_schema(const View&, const Asked&) {
  const Asset* schema = find_asset("bgp.schema.json");
  const auto* text = reinterpret_cast<const char*>(schema->content.data());
  return {200, "application/schema+json", std::string(text, schema->content.size())};
}

Reply events(const View& view, const Asked&) {
  if (view.snapshot == nullptr) return failure(503, "no state from the agent yet");
  return {200, kAtom, event_feed(*view.snapshot)};
}

Reply live(const View&, const Asked&) { return {200, "text/event-stream", "", true}; }

Reply ops_front(const View& view, const Asked&) {
  if (view.snapshot == nullptr) return {503, kHtml, waiting_page()};
  const std::string preflight = stored_preflight(view.telemetry.settings().state_directory,
                                                 view.now_ms / 1000);
  return {200, kHtml, ops_page(*view.snapshot, view.telemetry, view.now_ms, preflight)};
}

// Without a state a scrape fails, which Prometheus shows as `up` 0; made-up zeros would hide it.
Reply metrics(const View& view, const Asked&) {
  if (view.snapshot == nullptr) return failure(503, "no state from the agent yet");
  return {200, kMetrics, metrics_text(view)};
}

Reply state(const View& view, const Asked&) {
  if (view.snapshot == nullptr) return {503, kJson, std::string(kNoState)};
  return {200, kJson, to_json(*view.snapshot) + "\n"};
}

Reply series(const View& view, const Asked& asked) {
  constexpr std::string_view kKey = "last=";
  std::int64_t seconds = kUsualSeries;
  if (asked.query.starts_with(kKey)) {
    const std::string_view number = asked.query.substr(kKey.size());
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), seconds);
    if (error != std::errc() || end != number.data() + number.size() || seconds < kLeastSeries ||
        seconds > kMostSeries) {
      return failure(400, "last= takes seconds, 10 to 86400");
    }
  }
  return {200, kJson, series_json(view.telemetry, seconds, view.now_ms)};
}

Reply now(const View& view, const Asked&) { return {200, kJson, now_json(view.telemetry, view.now_ms)}; }

Reply rssac002_files(const View& view, const Asked& asked) {
  const WebSettings& settings = view.telemetry.settings();
  if (settings.state_directory.empty()) {
    return failure(404, "no \"state_directory\" is configured: nothing is kept");
  }
  const auto file = find_book_file(settings.state_directory + "/rssac002", asked.rest);
  if (!file) return failure(404, "no such file");
  if (!file->folder) return {200, asked.rest.ends_with(".yaml") ? kYaml : kJson, file->content};
  if (!asked.rest.empty() && !asked.rest.ends_with('/')) return failure(404, "a folder's name ends with /");
  return {200, kHtml, folder_page(asked.rest, *file)};
}

Reply asset(const View&, const Asked& asked) {
  const Asset* found = find_asset(asked.rest);
  if (found == nullptr) return failure(404, "no such page");
  const auto* text = reinterpret_cast<const char*>(found->content.data());
  return {200, content_type_of(*found), std::string(text, found->content.size())};
}

struct Page {
  Audience audience;
  std::string_view path;  // one that ends with "/" stands for all beneath it, but for the front page
  Reply (*make)(const View&, const Asked&);
};

constexpr std::array kPages{Page{Audience::Noc, "/", noc_front},
                            Page{Audience::Noc, "/api/bgp", bgp},
                            Page{Audience::Noc, "/api/bgp/schema", bgp_schema},
                            Page{Audience::Noc, "/events.atom", events},
                            Page{Audience::Noc, "/api/live", live},
                            Page{Audience::Noc, "/assets/", asset},
                            Page{Audience::Ops, "/", ops_front},
                            Page{Audience::Ops, "/metrics", metrics},
                            Page{Audience::Ops, "/api/state", state},
                            Page{Audience::Ops, "/api/series", series},
                            Page{Audience::Ops, "/api/now", now},
                            Page{Audience::Ops, "/api/live", live},
                            Page{Audience::Ops, "/rssac002/", rssac002_files},
                            Page{Audience::Ops, "/assets/", asset}};

std::string_view without_scheme(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    const std::size_t slash = target.find('/', scheme.size());
    return slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  return target;
}

bool covers(const Page& page, std::string_view path) {
  if (page.path.size() > 1 && page.path.ends_with('/')) return path.starts_with(page.path);
  return page.path == path;
}

}  // namespace

std::string_view to_string(Audience audience) { return audience == Audience::Noc ? "noc" : "ops"; }

Reply failure(unsigned status, std::string_view words) {
  return {status, "text/plain; charset=utf-8", std::string(words) + "\n"};
}

Reply answer(Audience audience, std::string_view method, std::string_view target, const View& view) {
  if (method != "GET" && method != "HEAD") {
    return failure(405, "this server only shows things: use GET or HEAD");
  }
  target = without_scheme(target);
  const std::string_view path = target.substr(0, target.find('?'));
  const std::string_view query = target.substr(std::min(path.size() + 1, target.size()));
  for (const Page& page : kPages) {
    if (page.audience == audience && covers(page, path)) {
      return page.make(view, {path.substr(page.path.size()), query});
    }
  }
  return failure(404, "no such page");
}

}  // namespace imrs::web
