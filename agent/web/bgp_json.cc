// The NOC page as JSON. Called by the site.
#include "agent/web/bgp_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "agent/web/status.h"
#include "agent/web/text.h"

namespace imrs::web {
namespace {

using Json = nlohmann::ordered_json;

Json session_json(const SessionStatus& status) {
  const SessionState& session = *status.session;
  Json withdrawn = Json::array();
  for (const Withheld& withheld : status.withheld) {
    withdrawn.push_back({{"prefix", withheld.prefix}, {"reason", withheld.why}});
  }
  return {{"name", session.name},
          {"family", to_string(session.family)},
          {"neighbour", session.neighbour},
          {"neighbour_as", session.neighbour_as},
          {"local_as", session.local_as},
          {"state", session.state},
          {"established", status.established},
          {"since", session.since},
          {"last_error", session.last_error},
          {"last_error_meaning", status.last_error},
          {"message", session.message},
          {"announced", status.announced},
          {"withdrawn", std::move(withdrawn)}};
}

Json prefix_json(const PrefixStatus& status) {
  Json names = Json::array();
  for (const SessionState* session : status.exported_to) names.push_back(session->name);
  return {{"prefix", status.prefix->prefix},       {"family", to_string(status.family->family)},
          {"neighbour", status.family->neighbour}, {"role", status.prefix->role},
          {"wanted", status.prefix->wanted},       {"exported", !status.exported_to.empty()},
          {"exported_to", std::move(names)}};
}

Json family_json(const DecisionState& family) {
  return {{"family", to_string(family.family)},
          {"neighbour", family.neighbour},
          {"order", family.overlay},
          {"phase", family.phase},
          {"announce", family.announce},
          {"reason", family.reason},
          {"since", rfc3339_text(family.since_ms)}};
}

Json entry_json(const HistoryEntry& entry) {
  return {{"time", rfc3339_text(entry.time_ms)}, {"what", entry.what}, {"text", entry.text}};
}

template <typename Items, typename Function>
Json array_of(const Items& items, Function one) {
  Json array = Json::array();
  for (const auto& item : items) array.push_back(one(item));
  return array;
}

Json rate_json(double value) {
  if (!std::isfinite(value)) return nullptr;
  return std::round(value);
}

Json link_json(const LinkState& link) {
  return {{"device", link.device},
          {"receive_bytes", link.receive_bytes},
          {"transmit_bytes", link.transmit_bytes},
          {"receive_drops", link.receive_drops}};
}

Json traffic_json(const Snapshot& snapshot, const Telemetry& telemetry) {
  const counts::Traffic sum = counts::sum_of(telemetry.counts());
  return {{"receive_bits_per_second", rate_json(telemetry.last("link.in"))},
          {"transmit_bits_per_second", rate_json(telemetry.last("link.out"))},
          {"queries", sum.queries},
          {"responses", sum.responses},
          {"dns_bytes", sum.query_bytes + sum.response_bytes},
          {"interfaces", array_of(snapshot.links, link_json)}};
}

}  // namespace

std::string bgp_json(const Snapshot& snapshot, const Telemetry& telemetry, std::int64_t now_ms) {
  const Status status = status_of(snapshot, now_ms);
  const Json json = {
      {"identity", snapshot.identity},
      {"appliance", snapshot.appliance},
      {"kind", snapshot.kind},
      {"time", rfc3339_text(snapshot.time_ms)},
      {"age_seconds", static_cast<double>(status.age_ms) / 1000},
      {"stale", status.stale},
      {"verdict",
       {{"level", to_string(status.verdict.level)},
        {"headline", status.verdict.headline},
        {"details", status.verdict.details}}},
      {"bird", {{"connected", snapshot.bgp.bird_connected}, {"error", snapshot.bgp.bird_error}}},
      {"families", array_of(snapshot.decisions, family_json)},
      {"sessions", array_of(status.sessions, session_json)},
      {"prefixes", array_of(status.prefixes, prefix_json)},
      {"traffic", traffic_json(snapshot, telemetry)},
      {"history", array_of(snapshot.history, entry_json)}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace imrs::web
