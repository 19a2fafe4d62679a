// agent/counts/sketch.h
// How many different sources there were, without keeping one: HyperLogLog (Flajolet et al. 2007) with the
// estimator of Ertl (arXiv:1702.01284, section 4), which needs no tables of bias. A register remembers the
// longest run of zeros among the keyed hashes that fell to it; nothing leads from there back to an address.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace imrs::counts {

inline constexpr unsigned kSketchBits = 17;  // standard error 1.04 / sqrt(2^17) = 0.29 %
inline constexpr std::size_t kRegisters = std::size_t{1} << kSketchBits;
inline constexpr unsigned kMaxRank = 64 - kSketchBits + 1;

using SketchKey = std::array<std::uint64_t, 2>;

// The finaliser of MurmurHash3 (public domain): every bit of the input moves every bit of the output.
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t x) noexcept {
  x = (x ^ x >> 33) * 0xff51afd7ed558ccd;
  x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53;
  return x ^ x >> 33;
}

// Of an IPv4 address, or of eight octets of an IPv6 one; `more`: of what came before it.
[[nodiscard]] inline std::uint64_t source_hash(const SketchKey& key, std::span<const std::uint8_t> octets,
                                               std::uint64_t more = 0) noexcept {
  std::uint64_t number = 0;
  std::memcpy(&number, octets.data(), octets.size() < sizeof number ? octets.size() : sizeof number);
  return mix(mix(number ^ key[0] ^ more) + key[1]);
}

// The registers as a worker writes them and others read them: one writer, no lock.
struct LiveSketch {
  std::array<std::atomic<std::uint8_t>, kRegisters> registers;

  void add(std::uint64_t hash) noexcept {
    const std::size_t at = hash >> (64 - kSketchBits);
    const std::uint64_t rest = hash << kSketchBits | std::uint64_t{1} << (kSketchBits - 1);
    const auto rank = static_cast<std::uint8_t>(std::countl_zero(rest) + 1);
    if (registers[at].load(std::memory_order_relaxed) < rank) {
      registers[at].store(rank, std::memory_order_relaxed);
    }
  }
  void clear() noexcept {
    for (auto& one : registers) one.store(0, std::memory_order_relaxed);
  }
};

// The registers as a value: merged of several workers, instances or times.
class Sketch {
 public:
  Sketch() : registers_(kRegisters) {}
  // `registers`: kRegisters octets, each at most kMaxRank.
  explicit Sketch(std::vector<std::uint8_t> registers) : registers_(std::move(registers)) {}

  // The union with another one of the same key.
  void merge(const LiveSketch& other) noexcept;
  void merge(const Sketch& other) noexcept;

  // How many different hashes were added.
  [[nodiscard]] double estimate() const noexcept;

  [[nodiscard]] std::span<const std::uint8_t> registers() const noexcept { return registers_; }
  bool operator==(const Sketch&) const = default;

 private:
  std::vector<std::uint8_t> registers_;
};

}  // namespace imrs::counts
