// Builds the ops front page. Called by the site, for the ops listener only.
#include "agent/web/ops_page.h"

#include <fmt/format.h>

#include "agent/web/attack_section.h"
#include "agent/web/frame.h"
#include "agent/web/status.h"
#include "agent/web/text.h"

namespace imrs::web {
namespace {

struct Column {
  const char* title;
  bool number = false;
};

std::string table(const std::vector<Column>& columns,
                  const std::vector<std::vector<std::string>>& html_rows) {
  std::string html = "<div class=\"box\"><table class=\"stack\">\n<thead><tr>";
  const auto attribute = [](const Column& column) { return column.number ? " class=\"number\"" : ""; };
  for (const Column& column : columns) {
    html += fmt::format("<th{}>{}</th>", attribute(column), column.title);
  }
  html += "</tr></thead>\n<tbody>\n";
  for (const auto& cells : html_rows) {
    html += "<tr>";
    for (std::size_t i = 0; i < cells.size(); ++i) {
      html += fmt::format("<td{} data-label=\"{}\"><span>{}</span></td>", attribute(columns[i]),
                          columns[i].title, cells[i]);
    }
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

std::string alarms_section(const Snapshot& snapshot) {
  if (snapshot.alarms.empty()) return "<h2>Alarms</h2>\n<p>None.</p>\n";
  std::string html = "<h2>Alarms</h2>\n<ul class=\"box alarms\">\n";
  for (const std::string& alarm : snapshot.alarms) {
    html += fmt::format("<li class=\"bad\">{}</li>\n", escape_html(alarm));
  }
  return html + "</ul>\n";
}

std::string outcome_text(const std::string& outcome, const std::string& reason) {
  if (outcome.empty()) return "none yet";
  std::string html = outcome == "refused" || outcome == "unreachable" ? pill(Level::Bad, outcome)
                                                                      : escape_html(outcome);
  if (!reason.empty()) html += " " + escape_html(reason);
  return html;
}

std::uint64_t refused(const ZoneState& zone) {
  std::uint64_t sum = 0;
  for (const RefusalCount& one : zone.refusals) sum += one.count;
  return sum;
}

std::string primaries_table(const Snapshot& snapshot) {
  std::vector<std::vector<std::string>> rows;
  for (const ZoneState& zone : snapshot.zones) {
    for (const PrimaryState& primary : zone.primaries) {
      rows.push_back({escape_html(zone.origin), escape_html(primary.primary),
                      primary.serial != 0 ? std::to_string(primary.serial) : "",
                      duration_text(snapshot.time_ms - primary.asked_ms),
                      outcome_text(primary.result, primary.reason)});
    }
  }
  if (rows.empty()) return "";
  return table({{"Zone"}, {"Primary"}, {"Serial"}, {"Asked before"}, {"Outcome"}}, rows);
}

std::string load_text(const LoadState& load) {
  if (load.verify == 0 && load.audit == 0) return "";
  return fmt::format(
      "<p>The last version took {} ms to transfer, {} ms to verify, {} ms to compile, {} ms to "
      "audit and {} ms to swap.</p>\n",
      load.transfer, load.verify, load.compile, load.audit, load.swap);
}

std::string zones_section(const Snapshot& snapshot) {
  std::vector<std::vector<std::string>> rows;
  for (const ZoneState& zone : snapshot.zones) {
    const bool served = zone.loaded_ms != 0;
    rows.push_back({escape_html(zone.origin), served ? std::to_string(zone.serial) : "not served",
                    served ? duration_text(snapshot.time_ms - zone.loaded_ms) : "",
                    utc_text(zone.first_signature_end * 1000), utc_text(zone.confirmed * 1000),
                    outcome_text(zone.last_attempt, zone.last_reason),
                    duration_text(zone.next_attempt_ms - snapshot.time_ms), grouped(refused(zone))});
  }
  return "<h2>Zones</h2>\n" +
         table({{"Zone"},
                {"Serial"},
                {"Age"},
                {"Signatures end"},
                {"Confirmed"},
                {"Last attempt"},
                {"Next in"},
                {"Not taken", true}},
               rows) +
         primaries_table(snapshot) + load_text(snapshot.load);
}

std::string traffic_section(const counts::Counts& counts) {
  std::vector<std::vector<std::string>> rows;
  for (const Transport transport : kTransports) {
    for (const Family family : kFamilies) {
      const counts::Traffic traffic = counts::sum_of(counts, transport, family);
      rows.push_back({fmt::format("{} {}", transport == Transport::Udp ? "UDP" : "TCP", family_text(family)),
                      grouped(traffic.queries), grouped(traffic.responses), grouped(traffic.unanswered),
                      grouped(traffic.truncated), grouped(traffic.limited)});
    }
  }
  return "<h2>Queries since the agent started</h2>\n" + table({{"Path"},
                                                               {"Queries", true},
                                                               {"Responses", true},
                                                               {"Unanswered", true},
                                                               {"Truncated", true},
                                                               {"Limited", true}},
                                                              rows);
}

std::string probes_section(const Snapshot& snapshot) {
  std::vector<std::vector<std::string>> rows;
  for (const ProbeState& probe : snapshot.probes) {
    const Level level = probe.last == "right" ? Level::Good
                        : probe.last.empty()  ? Level::Unknown
                                              : Level::Bad;
    rows.push_back({fmt::format("<span class=\"address\">{}</span> {}, worker {}", escape_html(probe.service),
                                probe.transport == Transport::Udp ? "UDP" : "TCP", probe.worker),
                    pill(level, probe.last.empty() ? "not yet" : probe.last), grouped(probe.right),
                    grouped(probe.wrong), grouped(probe.silent), grouped(probe.crowded_out),
                    grouped(probe.could_not_ask)});
  }
  return "<h2>Probes</h2>\n" + table({{"Target"},
                                      {"Last"},
                                      {"Right", true},
                                      {"Wrong", true},
                                      {"Silent", true},
                                      {"Crowded out", true},
                                      {"Could not ask", true}},
                                     rows);
}

std::string programs_section(const Snapshot& snapshot) {
  std::vector<std::vector<std::string>> rows;
  for (const ProgramState& program : snapshot.programs) {
    rows.push_back({escape_html(program.name),
                    program.pid == 0 ? pill(Level::Bad, "not running")
                                     : pill(Level::Good, fmt::format("pid {}", program.pid)),
                    grouped(program.restarts)});
  }
  return "<h2>Programs</h2>\n" + table({{"Program"}, {"State"}, {"Restarts", true}}, rows);
}

constexpr std::string_view kScripts =
    "<link rel=\"stylesheet\" href=\"/assets/uPlot.min.css\">\n"
    "<link rel=\"stylesheet\" href=\"/assets/ops.css\">\n"
    "<script src=\"/assets/uPlot.iife.min.js\" defer></script>\n"
    "<script src=\"/assets/ops.js\" type=\"module\"></script>\n";

}  // namespace

std::string ops_page(const Snapshot& snapshot, const Telemetry& telemetry, std::int64_t now_ms,
                     const std::string& preflight_html) {
  const Status status = status_of(snapshot, now_ms);
  std::string body = masthead(snapshot, "Operations");
  body +=
      "<nav><a href=\"/metrics\">/metrics</a> for Prometheus, <a href=\"/rssac002/\">/rssac002/</a> finished "
      "days, "
      "as JSON <a href=\"/api/state\">/api/state</a>, <a href=\"/api/series\">/api/series</a>, "
      "<a href=\"/api/now\">/api/now</a></nav>\n";
  body += "<main id=\"state\">\n" + verdict_box(status.verdict) + freshness(snapshot, status);
  body += alarms_section(snapshot) + zones_section(snapshot) + traffic_section(telemetry.counts());
  body += attack_section(telemetry, now_ms) + probes_section(snapshot) + programs_section(snapshot);
  body += preflight_html;
  body += fmt::format(
      "</main>\n<section id=\"charts\" hidden></section>\n<footer>\n<p>Version {}, started {}, answer image "
      "{} <code>{}</code></p>\n</footer>\n",
      escape_html(snapshot.version), utc_text(snapshot.started_ms), snapshot.image_generation,
      escape_html(std::string_view(snapshot.image_digest).substr(0, 16)));
  return document(
      {.title = title_of(snapshot, status.verdict) + " operations", .lives = true, .links_html = kScripts},
      body);
}

}  // namespace imrs::web
