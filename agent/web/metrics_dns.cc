// Metrics of what is asked and answered, from the engine's counts.
#include <algorithm>
#include <array>
#include <numeric>
#include <string_view>

#include "agent/web/metric_families.h"

namespace imrs::web {
namespace {

using counts::Counts;
using counts::Traffic;

// Those that are there from the start, so that a rate can be taken of the first one; others appear when they
// happen.
constexpr std::array<std::string_view, 7> kUsualRcodes{"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN",
                                                       "NOTIMP",  "REFUSED", "BADVERS"};

Labels path_labels(Transport transport, Family family) {
  return {{"transport", std::string(to_string(transport))}, {"family", std::string(to_string(family))}};
}

Labels with(Labels labels, const char* name, std::string_view value) {
  labels.push_back({name, std::string(value)});
  return labels;
}

template <typename Use>
void for_each_path(const Counts& counts, Use use) {
  for (const Transport transport : kTransports) {
    for (const Family family : kFamilies) {
      use(counts::sum_of(counts, transport, family), path_labels(transport, family));
    }
  }
}

void add_by_server(const Counts& counts, Families& out) {
  Metric queries = counter("imrs_dns_queries_total",
                           "DNS messages received, well formed or not, by the address they came to.");
  for (const counts::Path& path : counts.paths) {
    queries.add(with(path_labels(path.transport, path.service.family), "server", path.service.address),
                path.traffic.queries);
  }
  queries.into(out);
}

void add_responses(const Counts& counts, Families& out) {
  Metric responses = counter("imrs_dns_responses_total", "DNS responses sent, by RCODE.");
  for_each_path(counts, [&](const Traffic& traffic, const Labels& labels) {
    for (std::size_t i = 0; i < kRcodes; ++i) {
      const std::string_view name = counts::rcode_name(i);
      if (traffic.rcodes[i] == 0 && std::ranges::count(kUsualRcodes, name) == 0) continue;
      responses.add(with(labels, "rcode", name), traffic.rcodes[i]);
    }
  });
  responses.into(out);
}

void add_questions(const Counts& counts, Families& out) {
  Metric types = counter("imrs_dns_query_types_total", "DNS questions that could be read, by QTYPE.");
  Metric attributes = counter(
      "imrs_dns_query_attributes_total",
      "DNS queries with a flag set, an EDNS record, a cookie or an internationalized label.");
  Metric malformed = counter("imrs_dns_malformed_queries_total",
                             "DNS messages that could not be understood, by what is wrong with them.");
  for_each_path(counts, [&](const Traffic& traffic, const Labels& labels) {
    for (std::size_t i = 0; i < kCountedTypes; ++i) {
      if (traffic.types[i] != 0) types.add(with(labels, "type", counts::type_name(i)), traffic.types[i]);
    }
    for (std::size_t i = 0; i < kQueryAttributes; ++i) {
      attributes.add(with(labels, "attribute", counts::attribute_name(i)), traffic.attributes[i]);
    }
    for (std::size_t i = 1; i < kMalformed; ++i) {
      malformed.add(with(labels, "kind", counts::malformed_name(i)), traffic.malformed[i]);
    }
  });
  for (Metric* metric : {&types, &attributes, &malformed}) metric->into(out);
}

void add_rest(const Counts& counts, Families& out) {
  Metric truncated = counter("imrs_dns_truncated_responses_total", "DNS responses sent with TC set.");
  Metric limited = counter("imrs_dns_rate_limited_responses_total",
                           "DNS responses cut to TC by the rate limit; they are among the truncated ones.");
  for_each_path(counts, [&](const Traffic& traffic, const Labels& labels) {
    truncated.add(labels, traffic.truncated);
    limited.add(labels, traffic.limited);
  });
  Metric opcodes = counter("imrs_dns_opcodes_total", "DNS messages with a header, by OPCODE.");
  Metric chaos = counter("imrs_dns_chaos_queries_total", "DNS queries of class CH, by the name asked for.");
  const Traffic sum = counts::sum_of(counts);
  for (std::size_t i = 0; i < sum.opcodes.size(); ++i) {
    if (sum.opcodes[i] == 0 && i != 0) continue;
    opcodes.add({{"opcode", std::string(counts::opcode_name(i))}}, sum.opcodes[i]);
  }
  for (std::size_t i = 1; i < kChaosNames; ++i) {
    chaos.add({{"name", std::string(counts::chaos_name(i))}}, sum.chaos[i]);
  }
  for (Metric* metric : {&truncated, &limited, &opcodes, &chaos}) metric->into(out);
}

// As many as there are delegations and zones, and one: the image bounds them.
void add_names(const Counts& counts, Families& out) {
  Metric names = counter("imrs_dns_tld_queries_total",
                         "DNS questions about names that exist, by the delegation or zone they are within.");
  for (const counts::NameCount& name : counts.names) {
    names.add({{"tld", name.name.empty() ? "other" : name.name}}, name.total());
  }
  names.into(out);
}

// The counts of `bins` up to each bound, the bounds in bins; the last of all.
template <std::size_t N, std::size_t B>
std::array<std::uint64_t, B + 1> cumulated(const std::array<std::uint64_t, N>& bins,
                                           const std::array<std::size_t, B>& ends) {
  std::array<std::uint64_t, B + 1> out{};
  for (std::size_t i = 0; i < B; ++i) {
    const std::size_t end = std::min(ends[i], N);
    out[i] = std::accumulate(bins.begin(), bins.begin() + static_cast<std::ptrdiff_t>(end), std::uint64_t{0});
  }
  out[B] = std::accumulate(bins.begin(), bins.end(), std::uint64_t{0});
  return out;
}

template <std::size_t B>
std::array<double, B> octet_bounds(const std::array<std::size_t, B>& ends) {
  std::array<double, B> out{};
  for (std::size_t i = 0; i < B; ++i) out[i] = static_cast<double>(ends[i] * kSizeBin - 1);
  return out;
}

}  // namespace

void add_traffic(const Counts& counts, const SourceEstimates& sources, Families& out) {
  add_by_server(counts, out);
  add_responses(counts, out);
  add_questions(counts, out);
  add_rest(counts, out);
  add_names(counts, out);
  Metric unique = gauge("imrs_dns_unique_sources",
                        "Estimated number of different sources of queries since midnight UTC (error 0.3 %).");
  unique.add({{"family", "ipv4"}}, sources.ipv4);
  unique.add({{"family", "ipv6"}}, sources.ipv6);
  unique.add({{"family", "ipv6-aggregate"}}, sources.ipv6_aggregate);
  unique.into(out);
}

void add_sizes_and_times(const Counts& counts, Families& out) {
  static constexpr std::array<std::size_t, 6> kQueryEnds{2, 3, 4, 6, 8, 16};  // of bins of 16 octets
  static constexpr std::array<std::size_t, 8> kResponseEnds{8, 16, 32, 48, 64, 72, 96, 128};
  Metric queries = histogram("imrs_dns_query_size_bytes", "Sizes of DNS messages received.");
  Metric responses = histogram("imrs_dns_response_size_bytes", "Sizes of DNS responses sent.");
  for_each_path(counts, [&](const Traffic& traffic, const Labels& labels) {
    queries.add(labels, octet_bounds(kQueryEnds), cumulated(traffic.query_sizes, kQueryEnds),
                static_cast<double>(traffic.query_bytes));
    responses.add(labels, octet_bounds(kResponseEnds), cumulated(traffic.response_sizes, kResponseEnds),
                  static_cast<double>(traffic.response_bytes));
  });
  Metric times = histogram(
      "imrs_dns_answer_seconds",
      "From when a worker has taken queries from the kernel until their answers are handed "
      "back.");
  static constexpr std::array<std::size_t, 12> kTimeEnds{2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 17, 20};
  std::array<double, kTimeEnds.size()> bounds{};
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    bounds[i] = static_cast<double>(std::uint64_t{1} << (kTimeEnds[i] - 1)) / 1e6;
  }
  for (const Transport transport : kTransports) {
    const counts::Times& of = counts.times[static_cast<std::size_t>(transport)];
    times.add({{"transport", std::string(to_string(transport))}}, bounds, cumulated(of.bins, kTimeEnds),
              static_cast<double>(of.total_ns) / 1e9);
  }
  for (Metric* metric : {&queries, &responses, &times}) metric->into(out);
}

}  // namespace imrs::web
