// Counting of answers and latencies for the load programs; prints the one JSON line that tests/bench/compare
// reads.
#include "tests/bench/statistics.h"

#include <bit>
#include <cinttypes>
#include <cstdio>

namespace imrs::bench {
namespace {

std::uint64_t lower_bound_of(std::size_t index) {
  if (index < 64) return index;
  return (64 + index % 64) << (index / 64 - 1);
}

}  // namespace

std::size_t Histogram::index(std::uint64_t ns) {
  if (ns < 64) return ns;
  const auto shift = std::size_t(std::bit_width(ns)) - 7;
  return (shift + 1) * 64 + ((ns >> shift) - 64);
}

void Histogram::merge(const Histogram& other) {
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  total_ += other.total_;
}

double Histogram::quantile_us(double q) const {
  const auto wanted = std::uint64_t(q * double(total_));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (seen > wanted) return double(lower_bound_of(i)) / 1000.0;
  }
  return 0;
}

void Statistics::answer(const std::uint8_t* header, std::uint64_t octets, std::uint64_t ns, bool before_end) {
  ++answered;
  in_time += before_end ? 1 : 0;
  octets_received += octets;
  truncated += header[2] >> 1 & 1;
  ++rcodes[header[3] & 15];
  latency.add(ns);
}

void Statistics::merge(const Statistics& other) {
  sent += other.sent;
  answered += other.answered;
  lost += other.lost;
  in_time += other.in_time;
  octets_received += other.octets_received;
  truncated += other.truncated;
  connects += other.connects;
  errors += other.errors;
  for (std::size_t i = 0; i < rcodes.size(); ++i) rcodes[i] += other.rcodes[i];
  latency.merge(other.latency);
}

void Statistics::print_json(double seconds) const {
  std::printf("{\"sent\": %" PRIu64 ", \"answered\": %" PRIu64 ", \"lost\": %" PRIu64 ", \"qps\": %.0f", sent,
              answered, lost, double(in_time) / seconds);
  std::printf(", \"p50_us\": %.1f, \"p99_us\": %.1f, \"p999_us\": %.1f", latency.quantile_us(.5),
              latency.quantile_us(.99), latency.quantile_us(.999));
  std::printf(", \"octets_received\": %" PRIu64 ", \"truncated\": %" PRIu64 ", \"connects\": %" PRIu64
              ", \"errors\": %" PRIu64 ", \"rcodes\": [",
              octets_received, truncated, connects, errors);
  for (std::size_t i = 0; i < rcodes.size(); ++i) std::printf("%s%" PRIu64, i == 0 ? "" : ", ", rcodes[i]);
  std::printf("]}\n");
}

}  // namespace imrs::bench
