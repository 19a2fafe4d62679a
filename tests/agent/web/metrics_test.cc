#include "agent/web/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <set>
#include <sstream>

#include "exhibit.h"

namespace imrs::web {
namespace {

using testing::HasSubstr;
using testing::Not;

// The counts that go with it.
void count_some(Exhibit& exhibit) {
  TrafficCounters& udp = exhibit.worker(0).traffic[0][1];  // to 2001:500:9f::42
  udp.queries = 812345670;
  exhibit.worker(1).traffic[0][1].queries = 8;
  udp.responses = 812345670;
  udp.rcodes[3] = 312345670;
  udp.rcodes[24] = 6;
  udp.types[28] = 4711;
  udp.types[kTypeOther] = 3;
  udp.attributes[static_cast<std::size_t>(QueryAttribute::DnssecOk)] = 11;
  udp.malformed[static_cast<std::size_t>(Malformed::Short)] = 8;
  udp.opcodes[5] = 2;
  udp.chaos[static_cast<std::size_t>(ChaosName::IdServer)] = 5;
  udp.truncated = 77;
  udp.limited = 7;
  udp.query_bytes = 36000000001;
  udp.query_sizes[2] = 10;
  udp.query_sizes[18] = 1;
  udp.response_bytes = 480000000001;
  exhibit.worker(1).times[0].bins[3] = 9;
  exhibit.worker(1).times[0].total_ns = 54000;
  exhibit.worker(1).tcp_connections = 6;
  exhibit.pages().names().used = 1;
}

std::string metrics_of(const Snapshot& snapshot) {
  Exhibit exhibit;
  count_some(exhibit);
  return metrics_text(exhibit.view(&snapshot));
}

TEST(Metrics, EachFigureOfASnapshotIsThere) {
  const std::string text = "\n" + metrics_of(healthy());
  for (const char* line : {
           "imrs_build_info{version=\"0.1.0\"} 1",
           "imrs_instance_info{identity=\"fra02.l.example\",appliance=\"calypso\",kind=\"single\"} 1",
           "imrs_snapshot_timestamp_seconds 1795521600",
           "imrs_agent_start_time_seconds 1795435200",
           "imrs_image_generation 7",
           "imrs_alarms 0",
           "imrs_program_up{program=\"imrs-engine\"} 1",
           "imrs_program_up{program=\"imrs-zone\"} 0",
           "imrs_program_restarts_total{program=\"imrs-zone\"} 9",
           "imrs_decision_phase{family=\"ipv4\",neighbour=\"host4\",phase=\"up\"} 1",
           "imrs_decision_phase{family=\"ipv4\",neighbour=\"host4\",phase=\"down\"} 0",
           "imrs_announce{family=\"ipv6\",neighbour=\"host6\"} 1",
           "imrs_prefix_exported{prefix=\"199.7.82.0/"
           "23\",family=\"ipv4\",role=\"covering\",neighbour=\"host4\"} 1",
           "imrs_bird_connected 1",
           "imrs_bgp_session_established{name=\"host4\",family=\"ipv4\",neighbour=\"192.0.2.1\","
           "neighbour_as=\"64500\"} 1",
           "imrs_bgp_exported_prefixes{name=\"host6\",family=\"ipv6\",neighbour=\"2001:db8:100::1\","
           "neighbour_as=\"64500\"} 3",
           "imrs_probe_results_total{service=\"199.7.83.42\",family=\"ipv4\",transport=\"tcp\","
           "worker=\"1\",result=\"right\"} 4711",
           "imrs_zone_serial{zone=\".\"} 2026112401",
           "imrs_zone_age_seconds{zone=\".\"} 90",
           "imrs_zone_loaded_timestamp_seconds{zone=\".\"} 1795521510",
           "imrs_zone_expire_seconds{zone=\".\"} 604800",
           "imrs_zone_first_signature_end_timestamp_seconds{zone=\".\"} 1796000000",
           "imrs_zone_refusals_total{zone=\".\",reason=\"dnssec\"} 7",
           "imrs_zone_refusals_total{zone=\".\",reason=\"other\"} 0",
           "imrs_zone_primary_good{zone=\".\",primary=\"192.0.2.53 port 53\"} 1",
           "imrs_zone_primary_good{zone=\".\",primary=\"192.0.2.54 port 53\"} 0",
           "imrs_zone_primary_serial{zone=\".\",primary=\"192.0.2.54 port 53\"} 2026112402",
           "imrs_zone_load_phase_seconds{phase=\"audit\"} 0.7",
           "imrs_zone_last_attempt_result{zone=\".\",result=\"unchanged\"} 1",
           "imrs_zone_last_attempt_result{zone=\".\",result=\"refused\"} 0",
           "imrs_clock_synchronised 0",
           "imrs_dns_queries_total{transport=\"udp\",family=\"ipv6\",server=\"2001:500:9f::42\"} 812345678",
           "imrs_dns_queries_total{transport=\"tcp\",family=\"ipv4\",server=\"199.7.83.42\"} 0",
           "imrs_dns_query_types_total{transport=\"udp\",family=\"ipv6\",type=\"AAAA\"} 4711",
           "imrs_dns_query_types_total{transport=\"udp\",family=\"ipv6\",type=\"other\"} 3",
           "imrs_dns_query_attributes_total{transport=\"udp\",family=\"ipv6\",attribute=\"do\"} 11",
           "imrs_dns_opcodes_total{opcode=\"UPDATE\"} 2",
           "imrs_dns_chaos_queries_total{name=\"id.server\"} 5",
           "imrs_dns_responses_total{transport=\"udp\",family=\"ipv6\",rcode=\"NXDOMAIN\"} 312345670",
           "imrs_dns_responses_total{transport=\"udp\",family=\"ipv6\",rcode=\"SERVFAIL\"} 0",
           "imrs_dns_responses_total{transport=\"udp\",family=\"ipv6\",rcode=\"other\"} 6",
           "imrs_dns_malformed_queries_total{transport=\"udp\",family=\"ipv6\",kind=\"short\"} 8",
           "imrs_dns_truncated_responses_total{transport=\"udp\",family=\"ipv6\"} 77",
           "imrs_dns_rate_limited_responses_total{transport=\"udp\",family=\"ipv6\"} 7",
           "imrs_dns_query_size_bytes_bucket{transport=\"udp\",family=\"ipv6\",le=\"31\"} 0",
           "imrs_dns_query_size_bytes_bucket{transport=\"udp\",family=\"ipv6\",le=\"47\"} 10",
           "imrs_dns_query_size_bytes_bucket{transport=\"udp\",family=\"ipv6\",le=\"+Inf\"} 11",
           "imrs_dns_query_size_bytes_sum{transport=\"udp\",family=\"ipv6\"} 36000000001",
           "imrs_dns_response_size_bytes_sum{transport=\"udp\",family=\"ipv6\"} 480000000001",
           "imrs_dns_answer_seconds_bucket{transport=\"udp\",le=\"4e-06\"} 0",
           "imrs_dns_answer_seconds_bucket{transport=\"udp\",le=\"8e-06\"} 9",
           "imrs_dns_answer_seconds_sum{transport=\"udp\"} 5.4e-05",
           "imrs_engine_tcp_connections 6",
           "imrs_rssac002_last_write_timestamp_seconds 0",
       }) {
    EXPECT_THAT(text, HasSubstr("\n" + std::string(line) + "\n"));
  }
}

// The alerts and the dashboard are checked against that list (tests/packaging/test_prometheus_rules.py).
TEST(Metrics, AreThoseOfTheList) {
  Exhibit exhibit;
  count_some(exhibit);
  HttpCounts http;
  http.replies[0][200] = 1;
  const Snapshot snapshot = healthy();
  View view{.snapshot = &snapshot,
            .telemetry = exhibit.view(&snapshot).telemetry,
            .http = http,
            .certificates = {1, 2},
            .now_ms = kNow};
  std::istringstream text(metrics_text(view));
  std::set<std::string> there, listed;
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with("# TYPE ")) there.insert(line.substr(7));
  }
  std::ifstream list(IMRS_METRICS_LIST);
  for (std::string line; std::getline(list, line);) listed.insert(line);
  EXPECT_EQ(there, listed);
}

TEST(Metrics, WhatIsNotKnownIsLeftOut) {
  Snapshot snapshot = healthy();
  snapshot.zones[0].first_signature_end = 0;
  snapshot.zones[0].loaded_ms = 0;
  const std::string text = metrics_of(snapshot);
  EXPECT_THAT(text, Not(HasSubstr("imrs_zone_first_signature_end")));
  EXPECT_THAT(text, Not(HasSubstr("imrs_zone_age_seconds")));
  EXPECT_THAT(text, Not(HasSubstr("rcode=\"YXDOMAIN\"")));
}

TEST(Metrics, LabelsAreEscaped) {
  Snapshot snapshot = healthy();
  snapshot.identity = "a\"} 1\nimrs_forged 1";
  EXPECT_THAT(metrics_of(snapshot), Not(HasSubstr("\nimrs_forged")));
}

TEST(Metrics, PromtoolFindsNothingToSay) {
  if (std::system("command -v promtool >/dev/null 2>&1") != 0) {
    GTEST_SKIP() << "SKIPPED: promtool is not installed (Debian package prometheus): the format of "
                    "/metrics was NOT checked";
  }
  FILE* promtool = ::popen("promtool check metrics", "w");
  ASSERT_NE(promtool, nullptr);
  const std::string text = metrics_of(healthy());
  EXPECT_EQ(std::fwrite(text.data(), 1, text.size(), promtool), text.size());
  EXPECT_EQ(::pclose(promtool), 0) << text;
}

}  // namespace
}  // namespace imrs::web
