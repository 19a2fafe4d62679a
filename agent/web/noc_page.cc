// Builds the NOC page from a snapshot. Called by the site. Everything a neighbour or BIRD says goes
// through escape_html().
#include "agent/web/noc_page.h"

#include <fmt/format.h>

#include <cmath>

#include "agent/web/attack_section.h"
#include "agent/web/frame.h"
#include "agent/web/router_config.h"
#include "agent/web/status.h"
#include "agent/web/text.h"

namespace imrs::web {
namespace {

constexpr std::string_view kScript = "<script src=\"/assets/noc.js\" type=\"module\"></script>\n";

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

// RFC 9003 text is the neighbour's: shown as a quotation and isolated, so that it can neither pass for
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

std::string octets_text(std::uint64_t octets) {
  const auto number = static_cast<double>(octets);
  if (number >= 1e9) return fmt::format("{:.2f} GB", number / 1e9);
  return number >= 1e6 ? fmt::format("{:.2f} MB", number / 1e6) : fmt::format("{:.1f} kB", number / 1e3);
}

std::string rate_text(double per_second) {
  return std::isfinite(per_second) ? fmt::format("{:.0f} a second", per_second) : "-";
}

std::string time_text(double microseconds) {
  return std::isfinite(microseconds) ? fmt::format("{:.0f} µs", microseconds) : "-";
}

double queries_per_second(const Telemetry& telemetry) {
  double sum = 0;
  for (const char* path : {"udp.ipv4", "udp.ipv6", "tcp.ipv4", "tcp.ipv6"}) {
    sum += telemetry.last(std::string("queries.") + path);
  }
  return sum;
}

// What goes through the cable, and what does not have to leave the host's network.
std::string traffic_section(const Snapshot& snapshot, const Telemetry& telemetry) {
  const counts::Traffic sum = counts::sum_of(telemetry.counts());
  std::string links;
  for (const LinkState& link : snapshot.links) {
    links += fmt::format("{}{}: {} in, {} out, {} dropped", links.empty() ? "" : "; ",
                         escape_html(link.device), octets_text(link.receive_bytes),
                         octets_text(link.transmit_bytes), grouped(link.receive_drops));
  }
  std::string rows = row("To this server", link_load(telemetry, "link.in"));
  rows += row("From this server", link_load(telemetry, "link.out"));
  rows += row("Queries answered here",
              fmt::format("{}; {} since the agent started", rate_text(queries_per_second(telemetry)),
                          grouped(sum.responses)));
  rows += row("Answer time here",
              fmt::format("{} in the median, {} for 99 of 100, inside the server",
                          time_text(telemetry.last("time.p50")), time_text(telemetry.last("time.p99"))));
  rows += row("Did not leave your network", fmt::format("{} of DNS messages since the agent started",
                                                        octets_text(sum.query_bytes + sum.response_bytes)));
  if (!links.empty()) rows += row("Interface", links + ", since it is there");
  return "<h2>Traffic</h2>\n<div class=\"card\"><dl>\n" + rows +
         "</dl><p class=\"soft\">Rates are of the last ten seconds. Many times the usual rate to this "
         "server, "
         "and little from it, is an attack; the appliance limits its answers by itself.</p></div>\n";
}

std::string help_section(const WebSettings& settings) {
  const std::string contact = settings.contact.empty()
                                  ? "whoever operates this instance (no contact is configured)"
                                  : settings.contact;
  return fmt::format(
      "<h2>What to do</h2>\n<div class=\"card\"><ul class=\"advice\">\n"
      "<li>Withdrawn by its own decision, sessions up: nothing. It comes back by itself.</li>\n"
      "<li>A session is down: see its meaning and last error above; the router configuration is below.</li>\n"
      "<li>It disturbs your network: you may disconnect it or shut the session down at any time; the route "
      "goes away by itself and the other instances of the root take over. Nothing has to be told to the "
      "server.</li>\n"
      "<li>Anything else, or before planned work: call <bdi>{}</bdi>, and name {}.</li>\n</ul></div>\n",
      escape_html(contact), escape_html(settings.identity));
}

std::string snippets_section(const WebSettings& settings) {
  std::string html =
      "<h2>Router configuration</h2>\n<p class=\"soft\">Made from these sessions' addresses.</p>\n";
  for (const RouterSnippet& snippet : router_snippets(settings)) {
    html += fmt::format(
        "<details class=\"card\"><summary>{}</summary><pre tabindex=\"0\">{}</pre></details>\n",
        escape_html(snippet.router), escape_lines(snippet.text));
  }
  return html;
}

}  // namespace

std::string noc_page(const Snapshot& snapshot, const Telemetry& telemetry, std::int64_t now_ms,
                     std::string_view bird_zone) {
  const Status status = status_of(snapshot, now_ms);
  std::string body = masthead(snapshot, "DNS root server instance");
  body += "<main id=\"state\">\n" + verdict_box(status.verdict) + freshness(snapshot, status);
  body += sessions_section(status, snapshot.bgp, bird_zone);
  body += prefixes_section(status);
  body += families_section(snapshot);
  body += traffic_section(snapshot, telemetry);
  body += history_section(snapshot);
  body += help_section(telemetry.settings()) + snippets_section(telemetry.settings());
  body += "</main>\n<footer>\n<p>The same for programs: <a href=\"/api/bgp\">/api/bgp</a> (JSON, ";
  body +=
      "<a href=\"/api/bgp/schema\">its schema</a>), <a href=\"/events.atom\">/events.atom</a> (what happens ";
  body += "here, for a feed reader)</p>\n</footer>\n";
  return document({.title = title_of(snapshot, status.verdict), .lives = true, .links_html = kScript}, body);
}

}  // namespace imrs::web
