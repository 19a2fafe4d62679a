// The attack report for people and for programs. Called by `imrsctl attack-report`.
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "agent/ctl/attack_report.h"
#include "agent/web/text.h"

namespace imrs::ctl {
namespace {

using counts::percent_text;
using web::grouped;
using Json = nlohmann::ordered_json;

constexpr std::size_t kShown = 8;

std::string whole(double value) {
  return std::isfinite(value) ? grouped(static_cast<std::uint64_t>(std::llround(std::max(value, 0.0)))) : "-";
}

std::string line(std::string_view label, std::string_view text) {
  return fmt::format("  {:<12}{}\n", label, web::printable(text));
}

// "NXDOMAIN 66.7 %, NOERROR 33.3 %".
std::string shares(const std::vector<NamedRate>& all, double total) {
  std::string text;
  for (std::size_t i = 0; i < std::min(all.size(), kShown); ++i) {
    text += fmt::format("{}{} {}", i == 0 ? "" : ", ", all[i].name, percent_text(all[i].per_second, total));
  }
  return text.empty() ? "none" : text;
}

std::string verdict_lines(const AttackReport& report) {
  const std::vector<counts::Finding> found = counts::findings(report.rates);
  if (found.empty()) return line("verdict", counts::verdict_text(report.rates));
  std::string out;
  for (const counts::Finding& finding : found) out += line(out.empty() ? "verdict" : "", finding.text);
  return out;
}

std::string routes_text(const AttackReport& report) {
  std::string text = fmt::format("{} of {} prefixes announced", report.exported, report.prefixes);
  if (report.wanted != report.exported) text += fmt::format(", {} are to be", report.wanted);
  if (report.alarms == 0) return text;
  return text + fmt::format("; {}, see imrsctl status", web::count_text(report.alarms, "alarm", "alarms"));
}

std::string paths_text(const AttackReport& report) {
  std::string out = fmt::format("  {:<12}{:>14}{:>14}{:>18}{:>18}\n", "a second", "queries", "responses",
                                "in", "out");
  for (const PathRates& path : report.paths) {
    out += fmt::format(
        "  {:<12}{:>14}{:>14}{:>18}{:>18}\n",
        fmt::format("{} {}", path.transport == Transport::Udp ? "UDP" : "TCP", web::family_text(path.family)),
        whole(path.queries), whole(path.responses), counts::bit_rate_text(path.bits_in),
        counts::bit_rate_text(path.bits_out));
  }
  return out;
}

std::string link_text(const AttackReport& report) {
  const counts::Rates& rates = report.rates;
  return line("link in", counts::load_text(rates.link_in, rates.line)) +
         line("link out", counts::load_text(rates.link_out, rates.line));
}

std::string limits_text(const AttackReport& report) {
  const counts::Rates& rates = report.rates;
  return line("limited", fmt::format("{} of the responses by the rate limit, {} truncated in all",
                                     percent_text(rates.limited, rates.responses),
                                     percent_text(report.truncated, rates.responses))) +
         line("lost",
              fmt::format("a second: {} for full sockets, {} by the interface, {} responses not sent",
                          whole(rates.socket_drops), whole(report.link_drops), whole(rates.send_errors))) +
         line("TCP", fmt::format("a second: {} connections refused, {} SYN cookies", whole(rates.refused),
                                 whole(rates.syn_cookies))) +
         line("malformed", fmt::format("{} of the queries: {}", percent_text(rates.malformed, rates.queries),
                                       shares(report.malformed, rates.queries))) +
         line("unanswered", fmt::format("{}; {} a second denied, for they have killed the engine",
                                        percent_text(report.unanswered, rates.queries), whole(rates.denied)));
}

std::string sources_text(const AttackReport& report) {
  const double fresh = report.rates.new_sources;
  return line("sources", fmt::format("today about {} of IPv4, {} of IPv6 in {} networks /64",
                                     whole(report.ipv4), whole(report.ipv6), whole(report.ipv6_aggregate))) +
         line("", fmt::format("{} a second not seen before today", whole(fresh)));
}

std::string names_text(std::string_view title, const std::vector<NamedRate>& names, double total) {
  std::string out = std::string(title) + "\n";
  for (const NamedRate& name : names) {
    out += fmt::format("  {:<28}{:>12}{:>10}\n", web::printable(name.name), whole(name.per_second),
                       percent_text(name.per_second, total));
  }
  return names.empty() ? out + "  none\n" : out;
}

Json number(double value) {
  if (!std::isfinite(value)) return nullptr;
  return std::round(value * 1000) / 1000;
}

Json named_json(const std::vector<NamedRate>& all) {
  Json out = Json::object();
  for (const NamedRate& one : all) out[one.name] = number(one.per_second);
  return out;
}

Json paths_json(const AttackReport& report) {
  Json out = Json::array();
  for (const PathRates& path : report.paths) {
    out.push_back({{"transport", to_string(path.transport)},
                   {"family", to_string(path.family)},
                   {"queries", number(path.queries)},
                   {"responses", number(path.responses)},
                   {"bits_in", number(path.bits_in)},
                   {"bits_out", number(path.bits_out)}});
  }
  return out;
}

Json verdict_json(const counts::Rates& rates) {
  Json signs = Json::array();
  for (const counts::Finding& finding : counts::findings(rates)) {
    signs.push_back({{"sign", to_string(finding.sign)}, {"text", finding.text}});
  }
  return {{"text", counts::verdict_text(rates)}, {"signs", signs}};
}

Json losses_json(const AttackReport& report) {
  const counts::Rates& rates = report.rates;
  return {{"socket_drops", number(rates.socket_drops)}, {"link_drops", number(report.link_drops)},
          {"send_errors", number(rates.send_errors)},   {"tcp_refused", number(rates.refused)},
          {"syn_cookies", number(rates.syn_cookies)},   {"denied", number(rates.denied)}};
}

}  // namespace

std::string attack_report_text(const AttackReport& report) {
  const counts::Rates& rates = report.rates;
  std::string out = fmt::format("{}, {}: {:.1f} s until {}\n", web::printable(report.identity),
                                web::printable(report.appliance), rates.seconds,
                                web::utc_text(report.time_ms));
  out += verdict_lines(report) + line("routes", routes_text(report)) + paths_text(report) + link_text(report);
  out += line("responses", shares(report.rcodes, rates.responses));
  out += line("types", shares(report.types, rates.queries));
  out += limits_text(report) + sources_text(report);
  out += names_text("delegations and zones, a second", report.delegations, rates.queries);
  return out + names_text("names that do not exist, by their last label, a second at least", report.missing,
                          rates.queries);
}

std::string attack_report_json(const AttackReport& report) {
  const counts::Rates& rates = report.rates;
  Json out;
  out["identity"] = report.identity;
  out["appliance"] = report.appliance;
  out["time"] = web::rfc3339_text(report.time_ms);
  out["seconds"] = number(rates.seconds);
  out["verdict"] = verdict_json(rates);
  out["routes"] = {{"prefixes", report.prefixes}, {"wanted", report.wanted}, {"exported", report.exported}};
  out["alarms"] = report.alarms;
  out["paths"] = paths_json(report);
  out["link"] = {
      {"line", number(rates.line)}, {"in", number(rates.link_in)}, {"out", number(rates.link_out)}};
  out["rcodes"] = named_json(report.rcodes);
  out["types"] = named_json(report.types);
  out["malformed"] = named_json(report.malformed);
  out["limited"] = number(rates.limited);
  out["truncated"] = number(report.truncated);
  out["unanswered"] = number(report.unanswered);
  out["lost"] = losses_json(report);
  out["sources"] = {{"ipv4", number(std::round(report.ipv4))},
                    {"ipv6", number(std::round(report.ipv6))},
                    {"ipv6_aggregate", number(std::round(report.ipv6_aggregate))},
                    {"new", number(rates.new_sources)}};
  out["tlds"] = named_json(report.delegations);
  out["missing"] = named_json(report.missing);
  return out.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace imrs::ctl
