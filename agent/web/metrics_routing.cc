// Metrics of what is announced and of the instance itself.
#include "agent/web/metric_families.h"

namespace imrs::web {
namespace {

double seconds(std::int64_t ms) { return static_cast<double>(ms) / 1000; }

std::string name_of(Family family) { return std::string(to_string(family)); }

void add_decision(const Snapshot& snapshot, Families& out) {
  Metric phase = gauge("imrs_decision_phase",
                       "1 for the phase the decision about a neighbour is in, 0 for the others.");
  Metric since = gauge("imrs_decision_since_timestamp_seconds",
                       "Unix time at which phase or routes last changed.");
  Metric order = gauge("imrs_order", "1 if the operator has ordered that for the neighbour.");
  Metric announce = gauge("imrs_announce", "1 if anything is to be announced to the neighbour.");
  for (const DecisionState& family : snapshot.decisions) {
    const Labels labels{{"family", name_of(family.family)}, {"neighbour", family.neighbour}};
    for (const char* name : {"down", "rising", "up", "falling"}) {
      phase.add({labels[0], labels[1], {"phase", name}}, family.phase == name);
    }
    for (const char* name : {"drain", "drained", "withdraw"}) {
      order.add({labels[0], labels[1], {"order", name}}, family.overlay == name);
    }
    since.add(labels, seconds(family.since_ms));
    announce.add(labels, family.announce);
  }
  for (Metric* metric : {&phase, &since, &order, &announce}) metric->into(out);
}

void add_prefixes(const Snapshot& snapshot, Families& out) {
  Metric wanted = gauge("imrs_prefix_wanted", "1 if the prefix is to be announced.");
  Metric exported = gauge("imrs_prefix_exported", "1 if BIRD exports the prefix to the neighbour.");
  for (const DecisionState& family : snapshot.decisions) {
    for (const PrefixState& prefix : family.prefixes) {
      const Labels labels{{"prefix", prefix.prefix},
                          {"family", name_of(family.family)},
                          {"role", prefix.role},
                          {"neighbour", family.neighbour}};
      wanted.add(labels, prefix.wanted);
      exported.add(labels, prefix.exported);
    }
  }
  wanted.into(out);
  exported.into(out);
}

void add_sessions(const BgpState& bgp, Families& out) {
  Metric connected = gauge("imrs_bird_connected", "1 if BIRD answers on its control socket.");
  Metric established = gauge("imrs_bgp_session_established", "1 if the BGP session is established.");
  Metric exported = gauge("imrs_bgp_exported_prefixes", "Prefixes that BIRD exports to the neighbour.");
  connected.add({}, bgp.bird_connected);
  for (const SessionState& session : bgp.sessions) {
    const Labels labels{{"name", session.name},
                        {"family", name_of(session.family)},
                        {"neighbour", session.neighbour},
                        {"neighbour_as", std::to_string(session.neighbour_as)}};
    established.add(labels, session.state == "Established");
    exported.add(labels, static_cast<double>(session.exported.size()));
  }
  for (Metric* metric : {&connected, &established, &exported}) metric->into(out);
}

void add_programs(const Snapshot& snapshot, Families& out) {
  Metric up = gauge("imrs_program_up", "1 if the agent's child program is running.");
  Metric restarts = counter("imrs_program_restarts_total",
                            "Times the agent had to start the child program again.");
  for (const ProgramState& program : snapshot.programs) {
    const Labels labels{{"program", program.name}};
    up.add(labels, program.pid != 0);
    restarts.add(labels, program.restarts);
  }
  up.into(out);
  restarts.into(out);
}

void add_value(Families& out, Metric metric, double value) {
  metric.add({}, value);
  metric.into(out);
}

void add_links(const Snapshot& snapshot, Families& out) {
  Metric in = counter("imrs_link_receive_bytes_total", "Octets received by an interface that leads out.");
  Metric sent = counter("imrs_link_transmit_bytes_total", "Octets sent by an interface that leads out.");
  Metric drops = counter("imrs_link_receive_drops_total", "Packets dropped when received there.");
  for (const LinkState& link : snapshot.links) {
    const Labels labels{{"device", link.device}};
    in.add(labels, link.receive_bytes);
    sent.add(labels, link.transmit_bytes);
    drops.add(labels, link.receive_drops);
  }
  for (Metric* metric : {&in, &sent, &drops}) metric->into(out);
}

}  // namespace

void add_routing(const Snapshot& snapshot, Families& out) {
  add_decision(snapshot, out);
  add_prefixes(snapshot, out);
  add_sessions(snapshot.bgp, out);
}

void add_instance(const Snapshot& snapshot, Families& out) {
  Metric build = gauge("imrs_build_info", "1; the labels tell the version that runs.");
  build.add({{"version", snapshot.version}}, true);
  build.into(out);
  Metric instance = gauge("imrs_instance_info", "1; the labels tell which instance this is.");
  instance.add({{"identity", snapshot.identity}, {"appliance", snapshot.appliance}, {"kind", snapshot.kind}},
               true);
  instance.into(out);
  add_value(out, gauge("imrs_agent_start_time_seconds", "Unix time at which the agent started."),
            seconds(snapshot.started_ms));
  add_value(out,
            gauge("imrs_snapshot_timestamp_seconds",
                  "Unix time at which the agent made this state; it does so every second."),
            seconds(snapshot.time_ms));
  add_value(out, gauge("imrs_image_generation", "Generation of the answer image; counts up."),
            static_cast<double>(snapshot.image_generation));
  add_value(out,
            gauge("imrs_clock_synchronised", "1 if the kernel says that the wall clock is synchronised."),
            snapshot.clock_synchronised ? 1 : 0);
  add_links(snapshot, out);
  add_value(out, gauge("imrs_alarms", "Number of things that are wrong now."),
            static_cast<double>(snapshot.alarms.size()));
  add_programs(snapshot, out);
}

}  // namespace imrs::web
