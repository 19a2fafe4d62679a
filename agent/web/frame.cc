// The document around the pages. Called by noc_page and ops_page.
#include "agent/web/frame.h"

#include <fmt/format.h>

#include "agent/web/text.h"

namespace imrs::web {
namespace {

std::string_view sign(Level level) {
  switch (level) {
    case Level::Good: return "\u2713";
    case Level::Warning: return "!";
    case Level::Bad: return "\u2715";
    case Level::Unknown: return "?";
  }
  return "?";
}

std::string capitalised(std::string_view word) {
  std::string out(word);
  if (!out.empty() && out[0] >= 'a' && out[0] <= 'z') out[0] = static_cast<char>(out[0] - 'a' + 'A');
  return out;
}

}  // namespace

std::string document(const Head& head, std::string_view body_html) {
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n{}<title>{}</title>\n"
      "<link rel=\"icon\" href=\"data:,\">\n<link rel=\"stylesheet\" href=\"/assets/style.css\">\n{}"
      "</head>\n<body>\n{}</body>\n</html>\n",
      head.lives ? "<noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript>\n" : "",
      escape_html(head.title), head.links_html, body_html);
}

std::string masthead(const Snapshot& snapshot, std::string_view what_text) {
  return fmt::format(
      "<header>\n<p class=\"what\">{}</p>\n<h1>{}</h1>\n<p class=\"kind\">{} appliance, {}</p>\n"
      "</header>\n",
      escape_html(what_text), escape_html(snapshot.identity), escape_html(capitalised(snapshot.appliance)),
      snapshot.kind == "cluster" ? "member of a cluster" : escape_html(snapshot.kind));
}

std::string verdict_box(const Verdict& verdict) {
  std::string details;
  for (const std::string& detail : verdict.details) {
    details += fmt::format("<li>{}</li>\n", escape_html(detail));
  }
  if (!details.empty()) details = "<ul>\n" + details + "</ul>\n";
  return fmt::format(
      "<section class=\"verdict {}\" role=\"status\">\n<span class=\"sign\" aria-hidden=\"true\">{}"
      "</span>\n<div>\n<h2>{}</h2>\n{}</div>\n</section>\n",
      to_string(verdict.level), sign(verdict.level), escape_html(verdict.headline), details);
}

std::string pill(Level level, std::string_view text) {
  return fmt::format("<span class=\"pill {}\">{} {}</span>", to_string(level), sign(level),
                     escape_html(text));
}

std::string title_of(const Snapshot& snapshot, const Verdict& verdict) {
  switch (verdict.level) {
    case Level::Good: return "OK " + snapshot.identity;
    case Level::Warning: return "WARNING " + snapshot.identity;
    case Level::Bad: return "DOWN " + snapshot.identity;
    case Level::Unknown: return "UNKNOWN " + snapshot.identity;
  }
  return snapshot.identity;
}

std::string freshness(const Snapshot& snapshot, const Status& status) {
  return fmt::format(
      "<p class=\"fresh{}\">State of <time datetime=\"{}\">{}</time>, {} old{}. "
      "This page renews itself.</p>\n",
      status.stale ? " old" : "", rfc3339_text(snapshot.time_ms), utc_text(snapshot.time_ms),
      duration_text(status.age_ms), status.stale ? ": do not rely on it" : "");
}

std::string waiting_page() {
  const Verdict verdict{
      Level::Unknown, "No state yet", {"The agent has not reported since this page server was started."}};
  return document({.title = "? No state yet", .lives = true}, verdict_box(verdict));
}

}  // namespace imrs::web
