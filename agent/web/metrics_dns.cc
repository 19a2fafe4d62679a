// Metrics of what is answered: traffic and probes.
#include <array>
#include <string_view>

#include "agent/web/metric_families.h"

namespace imrs::web {
namespace {

// By WorkerPage's index: RFC 6895, and one for all the others. Those marked are there from the start, so
// that a rate can be taken of the first one; the others appear when they happen.
struct Rcode {
  std::string_view name;
  bool always = false;
};
constexpr std::array<Rcode, kRcodes> kRcodeNames{
    {{"NOERROR", true}, {"FORMERR", true}, {"SERVFAIL", true}, {"NXDOMAIN", true}, {"NOTIMP", true},
     {"REFUSED", true}, {"YXDOMAIN"},      {"YXRRSET"},        {"NXRRSET"},        {"NOTAUTH"},
     {"NOTZONE"},       {"DSOTYPENI"},     {"RCODE12"},        {"RCODE13"},        {"RCODE14"},
     {"RCODE15"},       {"BADVERS", true}, {"BADKEY"},         {"BADTIME"},        {"BADMODE"},
     {"BADNAME"},       {"BADALG"},        {"BADTRUNC"},       {"other"}}};

Labels path_labels(const TrafficState& traffic) {
  return {{"transport", std::string(to_string(traffic.transport))},
          {"family", std::string(to_string(traffic.family))}};
}

void add_responses(const Snapshot& snapshot, Families& out) {
  Metric responses = counter("imrs_dns_responses_total", "DNS responses sent, by RCODE.");
  for (const TrafficState& traffic : snapshot.traffic) {
    for (std::size_t i = 0; i < kRcodes; ++i) {
      if (traffic.rcodes[i] == 0 && !kRcodeNames[i].always) continue;
      Labels labels = path_labels(traffic);
      labels.push_back({"rcode", std::string(kRcodeNames[i].name)});
      responses.add(std::move(labels), traffic.rcodes[i]);
    }
  }
  responses.into(out);
}

void add_one(Families& out, Metric metric, std::uint64_t value) {
  metric.add({}, value);
  metric.into(out);
}

}  // namespace

void add_engine(const Snapshot& snapshot, Families& out) {
  const EngineState& engine = snapshot.engine;
  add_one(out, counter("imrs_engine_probes_answered_total", "The agent's own probes that were answered."),
          engine.probes);
  add_one(out,
          counter("imrs_engine_denied_questions_total",
                  "Questions dropped because they have killed the engine before."),
          engine.denied);
  add_one(out, counter("imrs_engine_send_errors_total", "Responses that the kernel did not take."),
          engine.send_errors);
  add_one(out, gauge("imrs_engine_tcp_connections", "TCP connections of clients that are open."),
          engine.tcp_connections);
  add_one(out,
          counter("imrs_engine_tcp_connections_rejected_total",
                  "TCP connections closed or not taken because a table was full."),
          engine.tcp_rejected);
}

void add_traffic(const Snapshot& snapshot, Families& out) {
  Metric queries = counter("imrs_dns_queries_total", "DNS messages received, well formed or not.");
  Metric malformed = counter("imrs_dns_malformed_queries_total",
                             "DNS messages received that could not be answered at all.");
  Metric truncated = counter("imrs_dns_truncated_responses_total", "DNS responses sent with TC set.");
  Metric limited = counter("imrs_dns_rate_limited_responses_total",
                           "DNS responses cut to TC by the rate limit; they are among the truncated ones.");
  Metric in = counter("imrs_dns_query_bytes_total", "Octets of DNS messages received.");
  Metric out_bytes = counter("imrs_dns_response_bytes_total", "Octets of DNS responses sent.");
  for (const TrafficState& traffic : snapshot.traffic) {
    const Labels labels = path_labels(traffic);
    queries.add(labels, traffic.queries);
    malformed.add(labels, traffic.malformed);
    truncated.add(labels, traffic.truncated);
    limited.add(labels, traffic.limited);
    in.add(labels, traffic.query_bytes);
    out_bytes.add(labels, traffic.response_bytes);
  }
  queries.into(out);
  add_responses(snapshot, out);
  for (Metric* metric : {&malformed, &truncated, &limited, &in, &out_bytes}) metric->into(out);
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
