// Metrics of the programs: the engine's own counts, the agent's probes, and this program's.
#include <array>
#include <string_view>
#include <utility>

#include "agent/web/metric_families.h"

namespace imrs::web {
namespace {

void add_one(Families& out, Metric metric, double value) {
  metric.add({}, value);
  metric.into(out);
}

void add_one(Families& out, Metric metric, std::uint64_t value) {
  add_one(out, std::move(metric), static_cast<double>(value));
}

}  // namespace

void add_engine(const counts::Counts& counts, Families& out) {
  add_one(out, counter("imrs_engine_probes_answered_total", "The agent's own probes that were answered."),
          counts.probes);
  add_one(out,
          counter("imrs_engine_denied_questions_total",
                  "Questions dropped because they have killed the engine before."),
          counts.denied);
  add_one(out, counter("imrs_engine_send_errors_total", "Responses that the kernel did not take."),
          counts.send_errors);
  add_one(out, gauge("imrs_engine_tcp_connections", "TCP connections of clients that are open."),
          counts.tcp_connections);
  add_one(out, counter("imrs_engine_tcp_connections_accepted_total", "TCP connections of clients taken."),
          counts.tcp_accepted);
  add_one(out,
          counter("imrs_engine_tcp_connections_rejected_total",
                  "TCP connections closed or not taken because a table was full."),
          counts.tcp_rejected);
}

void add_web(const View& view, Families& out) {
  Metric requests = counter("imrs_http_requests_total", "HTTP requests answered, by listener and status.");
  Metric rejected = counter("imrs_http_rejected_connections_total",
                            "HTTP connections closed at once because there were too many.");
  for (const Audience audience : {Audience::Noc, Audience::Ops}) {
    const auto index = static_cast<std::size_t>(audience);
    const std::string listener(to_string(audience));
    for (const auto& [status, count] : view.http.replies[index]) {
      requests.add({{"listener", listener}, {"code", std::to_string(status)}}, count);
    }
    rejected.add({{"listener", listener}}, view.http.rejected[index]);
  }
  Metric ends = gauge(
      "imrs_tls_certificate_not_after_timestamp_seconds",
      "Unix time at which the ops listener's certificate, or the first of its client CAs, ends.");
  if (view.certificates.server_not_after != 0) {
    ends.add({{"file", "server"}}, static_cast<double>(view.certificates.server_not_after));
    ends.add({{"file", "client-ca"}}, static_cast<double>(view.certificates.client_ca_not_after));
  }
  for (Metric* metric : {&requests, &rejected, &ends}) metric->into(out);
  add_one(out,
          gauge("imrs_rssac002_last_write_timestamp_seconds",
                "Unix time at which the day's counts were last written to disk; 0: not since the start."),
          static_cast<double>(view.telemetry.book().last_write()));
}

void add_probes(const Snapshot& snapshot, Families& out) {
  Metric results = counter("imrs_probe_results_total",
                           "The agent's probes of the service addresses, by result.");
  for (const ProbeState& probe : snapshot.probes) {
    const std::array<std::pair<const char*, std::uint64_t>, 5> counts{
        {{"right", probe.right},
         {"wrong", probe.wrong},
         {"silent", probe.silent},
         {"crowded-out", probe.crowded_out},
         {"could-not-ask", probe.could_not_ask}}};
    for (const auto& [result, value] : counts) {
      results.add({{"service", probe.service},
                   {"family", std::string(to_string(probe.family))},
                   {"transport", std::string(to_string(probe.transport))},
                   {"worker", std::to_string(probe.worker)},
                   {"result", result}},
                  value);
    }
  }
  results.into(out);
}

}  // namespace imrs::web
