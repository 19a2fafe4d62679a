// Builds the ops front page. Called by the site, for the ops listener only.
#include "agent/web/ops_page.h"

#include <fmt/format.h>

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

std::string attempt_text(const ZoneState& zone) {
  if (zone.last_attempt.empty()) return "none yet";
  std::string html = zone.last_attempt == "refused" || zone.last_attempt == "unreachable"
                         ? pill(Level::Bad, zone.last_attempt)
                         : escape_html(zone.last_attempt);
  if (!zone.last_reason.empty()) html += " " + escape_html(zone.last_reason);
  return html;
}

std::string zones_section(const Snapshot& snapshot) {
  std::vector<std::vector<std::string>> rows;
  for (const ZoneState& zone : snapshot.zones) {
    const bool served = zone.loaded_ms != 0;
    rows.push_back({escape_html(zone.origin), served ? std::to_string(zone.serial) : "not served",
                    served ? duration_text(snapshot.time_ms - zone.loaded_ms) : "",
                    utc_text(zone.first_signature_end * 1000), attempt_text(zone), grouped(zone.refusals)});
  }
  return "<h2>Zones</h2>\n" +
         table({{"Zone"}, {"Serial"}, {"Age"}, {"Signatures end"}, {"Last attempt"}, {"Refused", true}},
               rows);
}

std::string traffic_section(const Snapshot& snapshot) {
  std::vector<std::vector<std::string>> rows;
  for (const TrafficState& traffic : snapshot.traffic) {
    rows.push_back({fmt::format("{} {}", traffic.transport == Transport::Udp ? "UDP" : "TCP",
                                family_text(traffic.family)),
                    grouped(traffic.queries), grouped(traffic.responses), grouped(traffic.malformed),
                    grouped(traffic.truncated)});
  }
  return "<h2>Queries since the agent started</h2>\n" +
         table({{"Path"}, {"Queries", true}, {"Responses", true}, {"Malformed", true}, {"Truncated", true}},
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

}  // namespace

std::string ops_page(const Snapshot& snapshot, std::int64_t now_ms) {
  const Status status = status_of(snapshot, now_ms);
  std::string body = masthead(snapshot, "Operations");
  body +=
      "<nav><a href=\"/metrics\">/metrics</a> for Prometheus, "
      "<a href=\"/api/state\">/api/state</a> all of it as JSON</nav>\n";
  body += "<main>\n" + verdict_box(status.verdict) + freshness(snapshot, status);
  body += alarms_section(snapshot) + zones_section(snapshot) + traffic_section(snapshot);
  body += probes_section(snapshot) + programs_section(snapshot);
  body += fmt::format(
      "</main>\n<footer>\n<p>Version {}, started {}, answer image {} <code>{}</code></p>\n</footer>\n",
      escape_html(snapshot.version), utc_text(snapshot.started_ms), snapshot.image_generation,
      escape_html(std::string_view(snapshot.image_digest).substr(0, 16)));
  return document("Operations " + snapshot.identity, body);
}

}  // namespace imrs::web
