// tests/bench/statistics.h
// What one load run has seen, and its JSON line.
#pragma once

#include <array>
#include <cstdint>

namespace imrs::bench {

// Log-linear, 64 steps an octave: less than 1.6 % error. Nanoseconds in, microseconds out.
class Histogram {
 public:
  void add(std::uint64_t ns) {
    ++counts_[index(ns)];
    ++total_;
  }
  void merge(const Histogram& other);
  [[nodiscard]] double quantile_us(double q) const;  // 0 if nothing was added

 private:
  [[nodiscard]] static std::size_t index(std::uint64_t ns);
  std::array<std::uint64_t, 64 * 60> counts_{};
  std::uint64_t total_ = 0;
};

struct Statistics {
  std::uint64_t sent = 0, answered = 0, lost = 0;
  std::uint64_t in_time = 0;  // answered before the end of the run: what the rate is made of
  std::uint64_t octets_received = 0, truncated = 0, connects = 0, errors = 0;
  std::array<std::uint64_t, 16> rcodes{};
  Histogram latency;

  // `header`: at least the first 4 octets of the answer. `octets`: its whole size.
  void answer(const std::uint8_t* header, std::uint64_t octets, std::uint64_t ns, bool before_end);
  void merge(const Statistics& other);
  void print_json(double seconds) const;
};

}  // namespace imrs::bench
