// The table of pages. Called by the server for each request it has accepted.
#include "agent/web/site.h"

#include <array>

#include "agent/web/bgp_json.h"
#include "agent/web/frame.h"
#include "agent/web/metrics.h"
#include "agent/web/noc_page.h"
#include "agent/web/ops_page.h"

namespace imrs::web {
namespace {

constexpr std::string_view kHtml = "text/html; charset=utf-8";
constexpr std::string_view kJson = "application/json";
constexpr std::string_view kCss = "text/css; charset=utf-8";
constexpr std::string_view kMetrics = "text/plain; version=0.0.4; charset=utf-8";

Reply noc_front(const View& view) {
  if (view.snapshot == nullptr) return {503, kHtml, waiting_page()};
  return {200, kHtml, noc_page(*view.snapshot, view.now_ms, view.bird_zone)};
}

Reply bgp(const View& view) {
  if (view.snapshot == nullptr) return {503, kJson, "{\"error\": \"no state from the agent yet\"}\n"};
  return {200, kJson, bgp_json(*view.snapshot, view.now_ms)};
}

Reply ops_front(const View& view) {
  if (view.snapshot == nullptr) return {503, kHtml, waiting_page()};
  return {200, kHtml, ops_page(*view.snapshot, view.now_ms)};
}

// Without a state a scrape fails, which Prometheus shows as `up` 0; made-up zeros would hide it.
Reply metrics(const View& view) {
  if (view.snapshot == nullptr) return failure(503, "no state from the agent yet");
  return {200, kMetrics, metrics_text(*view.snapshot, view.now_ms)};
}

Reply state(const View& view) {
  if (view.snapshot == nullptr) return {503, kJson, "{\"error\": \"no state from the agent yet\"}\n"};
  return {200, kJson, to_json(*view.snapshot) + "\n"};
}

Reply style(const View&) { return {200, kCss, std::string(stylesheet())}; }

struct Page {
  Audience audience;
  std::string_view path;
  Reply (*make)(const View&);
};

constexpr std::array kPages{
    Page{Audience::Noc, "/", noc_front},      Page{Audience::Noc, "/api/bgp", bgp},
    Page{Audience::Noc, "/style.css", style}, Page{Audience::Ops, "/", ops_front},
    Page{Audience::Ops, "/metrics", metrics}, Page{Audience::Ops, "/api/state", state},
    Page{Audience::Ops, "/style.css", style}};

std::string_view path_of(std::string_view target) {
  constexpr std::string_view kScheme = "http://";
  if (target.starts_with(kScheme)) {
    const std::size_t slash = target.find('/', kScheme.size());
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  return target.substr(0, target.find('?'));
}

}  // namespace

Reply failure(unsigned status, std::string_view words) {
  return {status, "text/plain; charset=utf-8", std::string(words) + "\n"};
}

Reply answer(Audience audience, std::string_view method, std::string_view target, const View& view) {
  if (method != "GET" && method != "HEAD") {
    return failure(405, "this server only shows things: use GET or HEAD");
  }
  const std::string_view path = path_of(target);
  for (const Page& page : kPages) {
    if (page.audience == audience && page.path == path) return page.make(view);
  }
  return failure(404, "no such page");
}

}  // namespace imrs::web
