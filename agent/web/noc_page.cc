// Builds the NOC page from a snapshot. Called by the site. Everything a neighbour or BIRD says goes
// through escape_html().
#include "agent/web/noc_page.h"

#include <fmt/format.h>

#include "agent/web/frame.h"
#include "agent/web/status.h"
#include "agent/web/text.h"

namespace imrs::web {
namespace {

std::string row(std::string_view term, std::string_view html) {
  return fmt::format("<dt>{}</dt><dd>{}</dd>\n", term, html);
}

std::string address(std::string_view text) {
  return fmt::format("<span class=\"address\">{}</span>", escape_html(text));
}

std::string announced_list(const SessionStatus& status) {
  if (status.announced.empty()) return "nothing";
  std::string html = "<ul>";
  for (const std::string& prefix : status.announced) html += "<li>" + address(prefix) + "</li>";
  return html + "</ul>";
}

std::string why_item(std::string_view reason) {
  return fmt::format("<li class=\"why\">{}</li>", escape_html(reason));
}

// Prefixes with the same reason stand together, so that it is read once.
std::string withheld_list(const SessionStatus& status) {
  std::string html = "<ul>";
  std::string_view reason;
  for (const Withheld& withheld : status.withheld) {
    if (!reason.empty() && withheld.why != reason) html += why_item(reason);
    reason = withheld.why;
    html += "<li>" + address(withheld.prefix) + "</li>";
  }
  return html + why_item(reason) + "</ul>";
}

// RFC 8203 text is the neighbour's: shown as a quotation and isolated, so that it can neither pass for
// ours nor turn the direction of what follows.
std::string quoted_message(const SessionStatus& status) {
  return fmt::format("<blockquote><bdi>{}</bdi></blockquote>{}", escape_html(status.session->message),
                     status.established ? "<span class=\"soft\">from before the session came up</span>" : "");
}

std::string since_text(const SessionState& session, std::string_view bird_zone) {
  if (session.since.empty()) return "not known";
  const bool has_zone = session.since.back() < '0' || session.since.back() > '9';
  return escape_html(has_zone ? session.since : fmt::format("{} {}", session.since, bird_zone));
}

std::string session_card(const SessionStatus& status, std::string_view bird_zone) {
  const SessionState& session = *status.session;
  std::string rows = row("Since", since_text(session, bird_zone));
  rows += row("Announced", announced_list(status));
  if (!status.withheld.empty()) rows += row("Not announced", withheld_list(status));
  if (!status.explanation.empty()) rows += row("Meaning", escape_html(status.explanation));
  rows += row("Last error", status.last_error.empty() ? "none" : escape_html(status.last_error));
  if (!session.message.empty()) rows += row("Their message", quoted_message(status));
  return fmt::format(
      "<article class=\"card\">\n<h3><span>{} {}</span>{}</h3>\n"
      "<p class=\"sub\">AS {}, our side AS {}, in BIRD <code>{}</code></p>\n"
      "<dl>\n{}</dl>\n</article>\n",
      family_text(session.family), address(session.neighbour),
      pill(status.established ? Level::Good : Level::Bad, session.state), session.neighbour_as,
      session.local_as, escape_html(session.name), rows);
}

std::string sessions_section(const Status& status, const BgpState& bgp, std::string_view bird_zone) {
  std::string html = "<h2>BGP sessions</h2>\n";
  if (!bgp.bird_connected) {
    html += fmt::format("<p class=\"old\">BIRD cannot be asked ({}). Below is what it last said.</p>\n",
                        bgp.bird_error.empty() ? "no reason given" : escape_html(bgp.bird_error));
  }
  if (status.sessions.empty()) return html + "<p>No neighbour is configured.</p>\n";
  html += "<div class=\"cards\">\n";
  for (const SessionStatus& session : status.sessions) html += session_card(session, bird_zone);
  return html + "</div>\n";
}

std::string exported_cell(const PrefixStatus& entry) {
  if (entry.exported_to.empty()) {
    return entry.prefix->wanted ? pill(Level::Bad, "no") : "no";
  }
  std::string html = pill(entry.prefix->wanted ? Level::Good : Level::Bad, "yes") + " to";
  for (const SessionState* session : entry.exported_to) html += " " + address(session->neighbour);
  return html;
}

std::string prefix_row(const PrefixStatus& entry) {
  return fmt::format(
      "<tr><td data-label=\"Prefix\">{}</td><td data-label=\"Session\">{}</td>"
      "<td data-label=\"Role\">{}</td>"
      "<td data-label=\"Wanted\">{}</td><td data-label=\"Exported\"><span>{}</span></td></tr>\n",
      address(entry.prefix->prefix), escape_html(entry.family->neighbour), escape_html(entry.prefix->role),
      entry.prefix->wanted ? "yes" : "no", exported_cell(entry));
}

std::string prefixes_section(const Status& status) {
  std::string html =
      "<h2>Prefixes</h2>\n<div class=\"box\"><table class=\"stack\">\n<thead><tr><th>Prefix</th>"
      "<th>Session</th><th>Role</th><th>Wanted</th><th>Exported</th></tr></thead>\n<tbody>\n";
  for (const PrefixStatus& entry : status.prefixes) html += prefix_row(entry);
  return html + "</tbody></table></div>\n";
}

Level level_of(const DecisionState& family) {
  if (family.phase == "up" && family.announce) return Level::Good;
  return family.announce ? Level::Warning : Level::Bad;
}

// Phase, since when and why, one line for each neighbour.
std::string families_section(const Snapshot& snapshot) {
  std::string html =
      "<h2>Decision</h2>\n<div class=\"box\"><table class=\"stack\">\n<thead><tr><th>Family</th>"
      "<th>Session</th><th>Phase</th><th>Since</th><th>Reason</th></tr></thead>\n<tbody>\n";
  for (const DecisionState& family : snapshot.decisions) {
    html += fmt::format(
        "<tr><td data-label=\"Family\">{}</td><td data-label=\"Session\">{}</td>"
        "<td data-label=\"Phase\"><span>{}</span></td>"
        "<td data-label=\"Since\"><span>{}<br><span class=\"soft\">for {}</span></span></td>"
        "<td data-label=\"Reason\"><span>{}</span></td></tr>\n",
        family_text(family.family), escape_html(family.neighbour), pill(level_of(family), family.phase),
        utc_text(family.since_ms), duration_text(snapshot.time_ms - family.since_ms),
        escape_html(family.reason));
  }
  return html + "</tbody></table></div>\n";
}

// What was seen and done, the newest first.
std::string history_section(const Snapshot& snapshot) {
  if (snapshot.history.empty()) return {};
  std::string html =
      "<h2>History</h2>\n<div class=\"box\"><table class=\"stack\">\n<thead><tr><th>When</th>"
      "<th>What</th></tr></thead>\n<tbody>\n";
  for (auto entry = snapshot.history.rbegin(); entry != snapshot.history.rend(); ++entry) {
    html += fmt::format(
        "<tr><td data-label=\"When\">{}</td><td data-label=\"What\"><span>{}: {}</span></td></tr>\n",
        utc_text(entry->time_ms), escape_html(entry->what), escape_html(entry->text));
  }
  return html + "</tbody></table></div>\n";
}

std::string title(const Snapshot& snapshot, const Verdict& verdict) {
  switch (verdict.level) {
    case Level::Good: return "OK " + snapshot.identity;
    case Level::Warning: return "WARNING " + snapshot.identity;
    case Level::Bad: return "DOWN " + snapshot.identity;
    case Level::Unknown: return "UNKNOWN " + snapshot.identity;
  }
  return snapshot.identity;
}

}  // namespace

std::string noc_page(const Snapshot& snapshot, std::int64_t now_ms, std::string_view bird_zone) {
  const Status status = status_of(snapshot, now_ms);
  std::string body = masthead(snapshot, "DNS root server instance");
  body += "<main>\n" + verdict_box(status.verdict) + freshness(snapshot, status);
  body += sessions_section(status, snapshot.bgp, bird_zone);
  body += prefixes_section(status);
  body += families_section(snapshot);
  body += history_section(snapshot);
  body += "</main>\n<footer>\n";
  body += "<p>The same for programs: <a href=\"/api/bgp\">/api/bgp</a> (JSON)</p>\n</footer>\n";
  return document(title(snapshot, status.verdict), body);
}

}  // namespace imrs::web
