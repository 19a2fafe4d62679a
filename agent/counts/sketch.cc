// Merging and estimating. Called by whoever reads counts, never by the engine.
#include "agent/counts/sketch.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace imrs::counts {
namespace {

// Ertl, algorithm 6: both series are summed until nothing changes any more.
double sigma(double x) noexcept {
  if (x >= 1) return std::numeric_limits<double>::infinity();
  double sum = x, before = -1, power = 1;
  while (sum > before) {
    x *= x;
    before = sum;
    sum += x * power;
    power += power;
  }
  return sum;
}

double tau(double x) noexcept {
  if (x <= 0 || x >= 1) return 0;
  double sum = 1 - x, before = 2, power = 1;
  while (sum < before) {
    x = std::sqrt(x);
    before = sum;
    power *= 0.5;
    sum -= (1 - x) * (1 - x) * power;
  }
  return sum / 3;
}

}  // namespace

void Sketch::merge(const LiveSketch& other) noexcept {
  for (std::size_t i = 0; i < kRegisters; ++i) {
    registers_[i] = std::max(registers_[i], other.registers[i].load(std::memory_order_relaxed));
  }
}

void Sketch::merge(const Sketch& other) noexcept {
  for (std::size_t i = 0; i < kRegisters; ++i) registers_[i] = std::max(registers_[i], other.registers_[i]);
}

double Sketch::estimate() const noexcept {
  constexpr double kSize = kRegisters;
  std::array<double, kMaxRank + 1> with_rank{};
  for (const std::uint8_t rank : registers_) ++with_rank[std::min<std::size_t>(rank, kMaxRank)];
  double sum = kSize * tau(1 - with_rank[kMaxRank] / kSize);
  for (std::size_t rank = kMaxRank - 1; rank >= 1; --rank) sum = 0.5 * (sum + with_rank[rank]);
  sum += kSize * sigma(with_rank[0] / kSize);
  return kSize / (2 * std::log(2.0)) * kSize / sum;
}

}  // namespace imrs::counts
