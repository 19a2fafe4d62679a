// Counts for people and for programs. Called by `imrsctl stats`.
#include "agent/ctl/counts_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "agent/web/text.h"

namespace imrs::ctl {
namespace {

using counts::Traffic;
using Json = nlohmann::ordered_json;

struct Share {
  std::string name;
  std::uint64_t count = 0;
};

template <std::size_t N, typename Name>
std::vector<Share> shares(const std::array<std::uint64_t, N>& counts, Name name) {
  std::vector<Share> out;
  for (std::size_t i = 0; i < N; ++i) {
    if (counts[i] > 0) out.push_back({std::string(name(i)), counts[i]});
  }
  std::ranges::stable_sort(out, std::greater{}, &Share::count);
  return out;
}

std::string shares_line(const char* label, const std::vector<Share>& all, std::uint64_t total) {
  constexpr std::size_t kShown = 8;
  std::string text;
  for (std::size_t i = 0; i < std::min(all.size(), kShown); ++i) {
    const double percent = 100 * static_cast<double>(all[i].count) /
                           static_cast<double>(std::max(total, std::uint64_t{1}));
    text += fmt::format("{}{} {:.1f} %", i == 0 ? "" : ", ", all[i].name, percent);
  }
  return fmt::format("  {:<12}{}\n", label, text.empty() ? "none" : text);
}

std::string paths_text(const counts::Counts& counts) {
  std::string out = fmt::format("  {:<12}{:>16}{:>16}{:>12}{:>12}\n", "", "queries", "responses", "truncated",
                                "limited");
  for (const Transport transport : kTransports) {
    for (const Family family : kFamilies) {
      const Traffic sum = counts::sum_of(counts, transport, family);
      out += fmt::format(
          "  {:<12}{:>16}{:>16}{:>12}{:>12}\n",
          fmt::format("{} {}", transport == Transport::Udp ? "UDP" : "TCP", web::family_text(family)),
          web::grouped(sum.queries), web::grouped(sum.responses), web::grouped(sum.truncated),
          web::grouped(sum.limited));
    }
  }
  return out;
}

counts::Times all_times(const counts::Counts& counts) {
  counts::Times sum = counts.times[0];
  sum += counts.times[1];
  return sum;
}

std::string microseconds(double value) {
  return std::isfinite(value) ? fmt::format("{:.0f} us", value) : "-";
}

std::vector<counts::NameCount> busiest(const counts::Counts& counts, std::size_t most) {
  std::vector<counts::NameCount> names;
  for (const counts::NameCount& name : counts.names) {
    if (name.total() > 0 && !name.name.empty()) names.push_back(name);
  }
  std::ranges::stable_sort(names, std::greater{}, &counts::NameCount::total);
  if (names.size() > most) names.resize(most);
  return names;
}

std::string top_text(const Statistics& statistics, std::size_t top) {
  std::string out = "delegations and zones, since the agent started\n";
  for (const counts::NameCount& name : busiest(statistics.counts, top)) {
    out += fmt::format("  {:<24}{:>16}\n", name.name, web::grouped(name.total()));
  }
  out += "names that do not exist, by their last label, since midnight UTC (too many by at most)\n";
  for (std::size_t i = 0; i < std::min(top, statistics.missing.size()); ++i) {
    const counts::MissingName& name = statistics.missing[i];
    out += fmt::format("  {:<24}{:>16} ({})\n", counts::label_text(name.label), web::grouped(name.count),
                       web::grouped(name.error));
  }
  return out;
}

template <std::size_t N, typename Name>
Json shares_json(const std::array<std::uint64_t, N>& counts, Name name) {
  Json out = Json::object();
  for (const Share& share : shares(counts, name)) out[share.name] = share.count;
  return out;
}

}  // namespace

std::string statistics_text(const Statistics& statistics, std::size_t top) {
  const Traffic sum = counts::sum_of(statistics.counts);
  std::string out = "since the agent started\n" + paths_text(statistics.counts);
  out += shares_line("types", shares(sum.types, counts::type_name), sum.queries);
  out += shares_line("rcodes", shares(sum.rcodes, counts::rcode_name), sum.responses);
  out += shares_line("attributes", shares(sum.attributes, counts::attribute_name), sum.queries);
  const counts::Times times = all_times(statistics.counts);
  out += fmt::format("  {:<12}{} in the median, {} for 99 of 100\n", "answer time",
                     microseconds(counts::quantile(times, 0.5)), microseconds(counts::quantile(times, 0.99)));
  out += fmt::format("since midnight UTC\n  {:<12}about {} of IPv4, {} of IPv6 in {} networks /64\n",
                     "sources", web::grouped(static_cast<std::uint64_t>(std::llround(statistics.ipv4))),
                     web::grouped(static_cast<std::uint64_t>(std::llround(statistics.ipv6))),
                     web::grouped(static_cast<std::uint64_t>(std::llround(statistics.ipv6_aggregate))));
  if (top > 0) out += top_text(statistics, top);
  return out;
}

std::string statistics_json(const Statistics& statistics, std::size_t top) {
  const Traffic sum = counts::sum_of(statistics.counts);
  Json out;
  for (const counts::Path& path : statistics.counts.paths) {
    out["paths"].push_back({{"transport", to_string(path.transport)},
                            {"family", to_string(path.service.family)},
                            {"server", path.service.address},
                            {"queries", path.traffic.queries},
                            {"responses", path.traffic.responses},
                            {"truncated", path.traffic.truncated},
                            {"limited", path.traffic.limited}});
  }
  out["types"] = shares_json(sum.types, counts::type_name);
  out["rcodes"] = shares_json(sum.rcodes, counts::rcode_name);
  out["attributes"] = shares_json(sum.attributes, counts::attribute_name);
  out["opcodes"] = shares_json(sum.opcodes, counts::opcode_name);
  out["malformed"] = shares_json(sum.malformed, counts::malformed_name);
  out["sources"] = {{"ipv4", std::llround(statistics.ipv4)},
                    {"ipv6", std::llround(statistics.ipv6)},
                    {"ipv6_aggregate", std::llround(statistics.ipv6_aggregate)}};
  out["tlds"] = Json::object();
  for (const counts::NameCount& name : busiest(statistics.counts, top)) out["tlds"][name.name] = name.total();
  out["missing"] = Json::array();
  for (std::size_t i = 0; i < std::min(top, statistics.missing.size()); ++i) {
    const counts::MissingName& name = statistics.missing[i];
    out["missing"].push_back(
        {{"label", counts::label_text(name.label)}, {"count", name.count}, {"error", name.error}});
  }
  return out.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace imrs::ctl
